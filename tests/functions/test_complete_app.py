"""The complete function, fed with events as AWS Batch sends them through EventBridge."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from dlc_batch_core.errors import CloudError
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.run import Run, Status
from dlc_batch_core.run_table import RunTable

Load = Callable[[str], ModuleType]
JOB_ID = "4c7599ae-0a82-49aa-ba5a-4727fcce14a8"
LAB, RUN_ID = "miller", "mouse-0123456789ab"


def event(bucket: str, status: str, **values: Any) -> dict[str, Any]:
    """As in AWS Batch's user guide, "Job state change events"."""
    attempt = {
        "container": {
            "containerInstanceArn": "arn:aws:ecs:eu-west-1:123456789012:container-instance/c",
            "taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/t",
            "exitCode": 0,
            "logStreamName": "trainer/default/5e7f",
            "networkInterfaces": [],
        },
        "startedAt": 1_767_323_045_000,
        "stoppedAt": 1_767_323_945_000,
        "statusReason": "Essential container in task exited",
    }
    return {
        "version": "0",
        "id": "c8f9c4b5-76e5-d76a-f980-7011e206042b",
        "detail-type": "Batch Job State Change",
        "source": "aws.batch",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:batch:eu-west-1:123456789012:job/{JOB_ID}"],
        "detail": {
            "jobArn": f"arn:aws:batch:eu-west-1:123456789012:job/{JOB_ID}",
            "jobName": f"{RUN_ID}_{LAB}_shuffle1",
            "jobId": JOB_ID,
            "jobQueue": "arn:aws:batch:eu-west-1:123456789012:job-queue/q",
            "status": status,
            "attempts": [] if status == "RUNNING" else [attempt],
            "createdAt": 1_767_323_040_000,
            "retryStrategy": {"attempts": 6, "evaluateOnExit": []},
            "dependsOn": [],
            "jobDefinition": "arn:aws:batch:eu-west-1:123456789012:job-definition/d:1",
            "parameters": {"bucket": bucket, "lab": LAB, "run_id": RUN_ID, "shuffle": "1"},
            "container": {"image": "image", "exitCode": 0},
            **values,
        },
    }


@pytest.fixture
def table(around: Any) -> RunTable:
    table = RunTable(around.aws.client("dynamodb"), around.table)
    run = Run(LAB, RUN_ID, Status.QUEUED, around.bucket, "key", submitted_at="t", job_id=JOB_ID)
    table.begin(run, "submit", 0)
    return table


def test_a_job_is_followed_to_its_mail(
    around: Any, table: RunTable, load: Load, context: Any
) -> None:
    app = load("complete")
    app.handler(event(around.bucket, "RUNNING"), context)
    running = table.get(LAB, RUN_ID)
    assert running is not None
    assert (running.status, running.attempt) == (Status.RUNNING, 1)
    around.aws.client("s3").put_object(
        Bucket=around.bucket,
        Key=f"runs/{LAB}/{RUN_ID}/shuffle1/outcome.json",
        Body=Outcome(True, JOB_ID, 1, "Trained.").to_json(),
    )
    app.handler(event(around.bucket, "SUCCEEDED"), context)
    ended = table.get(LAB, RUN_ID)
    assert ended is not None
    assert (ended.status, ended.message, ended.mail) == (Status.SUCCEEDED, "Trained.", "sent")
    assert [mail["Subject"] for mail in around.mails()] == [f"[dlc-batch] SUCCEEDED: {RUN_ID}"]


@pytest.mark.parametrize(
    ("parameters", "who"),
    [
        ({"lab": LAB, "run_id": RUN_ID, "shuffle": "2"}, f"Run {RUN_ID} of lab {LAB} (shuffle 2)"),
        ({}, "The job somebody-elses, which is none of dlc-batch's,"),
    ],
)
def test_that_a_queue_is_blocked_is_the_admins_to_hear(
    parameters: dict[str, str], who: str, around: Any, load: Load, context: Any
) -> None:
    """As in AWS Batch's user guide, "Job queue blocked events": the job, and why it waits."""
    reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - Job resource requirement (GPU) too high"
    given = parameters and {"bucket": around.bucket, **parameters}
    told = event(around.bucket, "RUNNABLE", parameters=given, statusReason=reason)
    name = f"{RUN_ID}_{LAB}_shuffle2" if parameters else "somebody-elses"
    told["detail"]["jobName"] = name
    load("complete").handler({**told, "detail-type": "Batch Job Queue Blocked"}, context)
    (mail,) = around.mails()
    assert mail["Subject"] == f"[dlc-batch] BLOCKED: {RUN_ID if parameters else name}"
    assert mail["MessageAttributes"]["lab"]["Value"] == "ADMIN"
    words = " ".join(mail["Message"].split())
    assert words.startswith(f"{who} can't start")
    assert f"AWS Batch says: {reason} What to do: run `dlc-batch doctor`." in words


def counted(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The names of the metrics that were told since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line["_aws"]["CloudWatchMetrics"][0]["Metrics"] for line in lines if "_aws" in line]
    return [each["Name"] for metrics in told for each in metrics]


@pytest.mark.usefixtures("table")
def test_an_event_counts_once_however_often_it_is_told(
    around: Any, load: Load, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app = load("complete")
    running, failed = event(around.bucket, "RUNNING"), event(around.bucket, "FAILED")
    for told, names in (
        (running, ["RunRunning"]),
        (failed, ["RunFailed", "Dollars"]),
        (running, []),
    ):
        for again in (False, True):
            app.handler(told, context)
            assert counted(capsys) == ([] if again else names)


@pytest.mark.usefixtures("table")
def test_another_attempt_is_no_other_run(
    around: Any, load: Load, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app = load("complete")
    app.handler(event(around.bucket, "RUNNING"), context)
    assert counted(capsys) == ["RunRunning"]
    attempts = event(around.bucket, "FAILED")["detail"]["attempts"]
    app.handler(event(around.bucket, "RUNNING", attempts=attempts), context)
    assert counted(capsys) == []


@pytest.mark.usefixtures("table")
def test_an_event_that_only_sends_the_mail_counts_no_end(
    around: Any, load: Load, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    app = load("complete")
    app.handler(event(around.bucket, "FAILED"), context)
    around.aws.client("dynamodb").update_item(
        TableName=around.table,
        Key={"lab": {"S": LAB}, "run_id": {"S": RUN_ID}},
        UpdateExpression="SET mail = :pending REMOVE mail_claimed_until",
        ExpressionAttributeValues={":pending": {"S": "pending"}},
    )
    counted(capsys)
    app.handler(event(around.bucket, "FAILED"), context)
    assert len(around.mails()) == 2
    assert counted(capsys) == []


def test_an_outcome_that_is_missing_is_told(
    around: Any, table: RunTable, load: Load, context: Any
) -> None:
    load("complete").handler(event(around.bucket, "FAILED", statusReason="Host EC2 x"), context)
    ended = table.get(LAB, RUN_ID)
    assert ended is not None
    assert ended.status is Status.FAILED
    assert len(around.mails()) == 1


def test_an_event_before_the_record_is_tried_again(around: Any, load: Load, context: Any) -> None:
    with pytest.raises(CloudError):
        load("complete").handler(event(around.bucket, "RUNNING"), context)


def test_the_job_of_somebody_else_is_ignored(
    around: Any, table: RunTable, load: Load, context: Any
) -> None:
    before = table.get(LAB, RUN_ID)
    load("complete").handler(event(around.bucket, "SUCCEEDED", parameters={}), context)
    assert table.get(LAB, RUN_ID) == before
    assert around.mails() == []
