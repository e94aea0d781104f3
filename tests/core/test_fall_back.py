"""When Spot gives out, the run goes on with one On-Demand job, whatever crashes or comes twice."""

import uuid
from typing import Any

import pytest

from dlc_batch_core.completion import Completion
from dlc_batch_core.errors import CloudError
from dlc_batch_core.fall_back import FallBack
from dlc_batch_core.job import CANCEL_REASON, TrainingJob
from dlc_batch_core.job_change import parse_job_change
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.run import Run, Status

DEFINITION = "arn:aws:batch:eu-west-1:123456789012:job-definition/d:7"
EXITED = "Essential container in task exited"
LOST = "Host EC2 (instance i-0) terminated."
NO_CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"


def new_run() -> Run:
    run_id = f"mouse-{uuid.uuid4().hex[:12]}"
    return Run("miller-2", run_id, Status.QUEUED, "b", "k", submitted_at="t", job_id="spot-job")


def detail(run: Run, status: str, ended: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """Of the Spot job, unless told otherwise."""
    job = TrainingJob(run.bucket, run.lab, run.run_id, 1, values.pop("submission", 1))
    return {
        "jobName": job.name,
        "jobId": "spot-job",
        "jobDefinition": DEFINITION,
        "status": status,
        "attempts": ended,
        "parameters": job.to_parameters(),
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 7200},
        **values,
    }


def attempt(exit_code: int | None = None, seconds: int = 600, reason: str = "") -> dict[str, Any]:
    container: dict[str, Any] = {"reason": reason} if reason else {}
    if exit_code is not None:
        container["exitCode"] = exit_code
    return {"container": container, "startedAt": 1_000, "stoppedAt": 1_000 * (seconds + 1)}


def record(cloud: Any, event: dict[str, Any], claimant: str = "one") -> Run:
    fall_back = FallBack(cloud.table, cloud, cloud.clock)
    completion = Completion(cloud, cloud.table, cloud.publish, cloud.clock, fall_back)
    return completion.record(parse_job_change(event), claimant).now


GAVE_OUT = [
    pytest.param([], NO_CAPACITY, id="no capacity"),
    pytest.param([attempt()] * 3, LOST, id="host lost"),
    pytest.param([attempt(75)] * 3, EXITED, id="interrupted"),
    pytest.param([attempt(137)] * 3, EXITED, id="killed"),
]


@pytest.mark.parametrize(("ended", "reason"), GAVE_OUT)
def test_a_run_goes_on_on_demand(ended: list[dict[str, Any]], reason: str, new_cloud: Any) -> None:
    cloud, run = new_cloud(), new_run()
    cloud.records.begin(run, "submit", cloud.now)

    current = record(cloud, detail(run, "FAILED", ended, statusReason=reason))

    ((name, definition, timeout),) = cloud.asked
    assert name == f"{run.run_id}_miller-2_shuffle1_submission2"
    assert (definition, timeout) == (DEFINITION, 7200 - 600 * len(ended))
    assert (current.submission, current.job_id) == (2, "job-1")
    assert (current.earlier_attempts, current.attempt) == (len(ended), len(ended))
    assert not current.status.is_final
    assert cloud.mails == []


NOT_TRIED_AGAIN = [
    pytest.param([attempt(1)], EXITED, id="would fail again"),
    pytest.param([attempt(2)], EXITED, id="the lab's fault"),
    pytest.param([attempt(137)], EXITED, id="attempts are left, yet Batch ended it"),
    pytest.param([attempt(137)] * 3, "Job attempt duration exceeded timeout", id="timeout"),
    pytest.param([attempt(143)] * 3, "Ended by the admin", id="terminated"),
    pytest.param([attempt()] * 3, f"{CANCEL_REASON}: no more", id="cancelled"),
    pytest.param([], f"{CANCEL_REASON}: no more", id="cancelled while it waited"),
    pytest.param(
        [attempt(reason="CannotPullContainerError: none")] * 3, "Task failed to start", id="image"
    ),
    pytest.param([], "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", id="fits no computer"),
]


@pytest.mark.parametrize(("ended", "reason"), NOT_TRIED_AGAIN)
def test_what_on_demand_cannot_mend_ends(
    ended: list[dict[str, Any]], reason: str, new_cloud: Any
) -> None:
    cloud, run = new_cloud(), new_run()
    cloud.records.begin(run, "submit", cloud.now)

    assert record(cloud, detail(run, "FAILED", ended, statusReason=reason)).status.is_final

    assert cloud.asked == []
    assert len(cloud.mails) == 1


def test_events_of_both_jobs_in_any_order_and_number(new_cloud: Any) -> None:
    cloud, run = new_cloud(), new_run()
    cloud.records.begin(run, "submit", cloud.now)
    gave_out = detail(run, "FAILED", [attempt()] * 3, statusReason=LOST)
    begins = detail(run, "RUNNING", [attempt()])
    second = {"submission": 2, "jobId": "job-1"}
    runs = detail(run, "RUNNING", [], **second)
    ends = detail(run, "SUCCEEDED", [attempt(0)], **second)
    outcome = Outcome(True, "job-1", 1, "Trained.")
    cloud.objects[RunKeys(run.lab, run.run_id).shuffle(1).outcome] = outcome.to_json().encode()

    for event in (gave_out, gave_out, begins, ends, runs, gave_out, begins, ends):
        current = record(cloud, event)

    assert (current.status, current.attempt, current.job_id) == (Status.SUCCEEDED, 4, "job-1")
    assert len(cloud.asked) == 1
    assert [mail.subject.split()[1] for mail in cloud.mails] == ["SUCCEEDED:"]
    assert "resumed after 3 interruptions" in cloud.mails[0].body


def test_an_on_demand_job_that_fails_ends_the_run(new_cloud: Any) -> None:
    cloud, run = new_cloud(), new_run()
    cloud.records.begin(run, "submit", cloud.now)
    record(cloud, detail(run, "FAILED", [], statusReason=NO_CAPACITY))
    second = {"submission": 2, "jobId": "job-1", "statusReason": NO_CAPACITY}

    ended = record(cloud, detail(run, "FAILED", [], **second))

    assert (ended.status, ended.attempt) == (Status.FAILED, 0)
    assert "no free computer" in cloud.mails[0].body
    assert len(cloud.asked) == 1


def test_the_events_of_the_second_job_may_be_faster_than_its_record(new_cloud: Any) -> None:
    cloud, run = new_cloud(), new_run()
    cloud.records.begin(run, "submit", cloud.now)
    gave_out = detail(run, "FAILED", [attempt()] * 3, statusReason=LOST)

    def submit_and_be_overtaken(job: TrainingJob, definition: str, timeout: int | None) -> str:
        job_id = type(cloud).submit_again(cloud, job, definition, timeout)
        record(cloud, detail(run, "RUNNING", [], submission=2, jobId=job_id), "other")
        return job_id

    cloud.submit_again = submit_and_be_overtaken
    current = record(cloud, gave_out)

    assert (current.status, current.job_id, current.attempt) == (Status.RUNNING, "job-1", 4)


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
def test_a_crash_anywhere_submits_once(
    is_done_first: bool, new_cloud: Any, crashing_steps: Any, crash: type[Exception]
) -> None:
    """Given a crash before or after any one step, when the event comes again, then there is one
    job more, and the run counts on it."""
    crash_at, names = 0, []
    while crash_at <= len(names):
        run = new_run()
        cloud = new_cloud(steps=crashing_steps(crash_at, is_done_first))
        cloud.records.begin(run, "submit", cloud.now)
        event = detail(run, "FAILED", [attempt()] * 3, statusReason=LOST)
        try:
            record(cloud, event)
            break  # no more steps to crash at
        except crash:
            names = list(cloud.steps.names)
        current = record(cloud, event)
        assert (current.submission, current.job_id) == (2, "job-1"), names
        assert len(cloud.jobs) == 1, names
        crash_at += 1
    assert crash_at == len(names) >= 5


def test_a_submission_under_way_elsewhere_is_looked_at_again(
    new_cloud: Any, crashing_steps: Any, crash: type[Exception]
) -> None:
    run = new_run()
    steps = crashing_steps(0, False)
    cloud = new_cloud(steps=steps)
    cloud.records.begin(run, "submit", cloud.now)
    event = detail(run, "FAILED", [attempt()] * 3, statusReason=LOST)
    steps.crash_at = 3  # the record, the outcome, the claim, find
    with pytest.raises(crash):
        record(cloud, event, "one")

    with pytest.raises(CloudError, match="being submitted elsewhere"):
        record(cloud, event, "two")
    cloud.now += 360
    assert record(cloud, event, "two").job_id == "job-1"
