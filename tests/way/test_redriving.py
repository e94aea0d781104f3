"""`dlc-batch redrive`: what the functions could not deal with is told them again."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .test_faults import settings_of

ZipProject = Callable[..., bytes]


@pytest.fixture(autouse=True)
def empty_queue(way: Any) -> None:
    way.client("sqs").purge_queue(QueueUrl=way.resource("Undelivered"))


def _waiting(way: Any) -> int:
    asked = {"QueueUrl": way.resource("Undelivered"), "AttributeNames": ["All"]}
    told = way.client("sqs").get_queue_attributes(**asked)["Attributes"]
    return int(told["ApproximateNumberOfMessages"])


def test_an_upload_that_left_no_record_is_taken_once_the_cause_is_mended(
    way: Any, zip_project: ZipProject
) -> None:
    with settings_of(way, "SubmitFunction", RUNS_TABLE="no-such-table"):
        run = way.put(zip_project(), "uploads/miller/lost.zip")
        way.wait_for(lambda: _waiting(way), "the event in the queue")
    assert way.run(run) is None  # nothing by which the sweep could know of it

    done = way.command("redrive")
    assert done.returncode == 0, done.stderr
    event, why = done.stdout.splitlines()
    assert event == "uploads/miller/lost.zip: told again"
    assert why.startswith("  it had failed: An error occurred")
    assert way.ended(run).status == "SUCCEEDED"
    assert _waiting(way) == 0


def test_what_eventbridge_could_not_hand_over_goes_to_the_function_that_it_was_for(
    way: Any, zip_project: ZipProject
) -> None:
    run = way.put(zip_project(), "uploads/miller/handed.zip")
    way.ended(run)
    (job,) = way.jobs(run)
    (detail,) = way.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    way.forget_end(run)
    name = way.resource("CompleteFunction")
    arn = way.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    for body, target in (
        ({"detail-type": "Batch Job State Change", "detail": detail}, arn),
        ({"detail-type": "Batch Job Queue Blocked"}, way.cloud.outputs["TopicArn"]),
        ({}, "nothing"),
    ):
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        told = {"TARGET_ARN": target, "ERROR_MESSAGE": "no permission"}
        way.client("sqs").send_message(
            QueueUrl=way.resource("Undelivered"),
            MessageBody=json.dumps(body, default=str),
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value} for key, value in told.items()
            },
        )

    answers = json.loads(way.command("redrive", "--json").stdout)["events"]
    assert [each["about"] for each in answers] == [
        job["jobName"],
        "Batch Job Queue Blocked",
        "an event of a kind that is not known",
    ]
    assert [each["fate"].partition(":")[0] for each in answers] == [
        "told again",
        "taken out",
        "left in the queue",
    ]
    assert {each["why"] for each in answers} == {"no permission"}
    assert way.ended(run).status == "SUCCEEDED"


def test_an_empty_queue(way: Any) -> None:
    assert way.command("redrive").stdout == "Nothing waits in the queue.\n"
    assert json.loads(way.command("redrive", "--json").stdout) == {"events": []}
