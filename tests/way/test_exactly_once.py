"""Events come at least once and in any order: one record, one job, one mail of each kind."""

import random
from collections.abc import Callable
from typing import Any

from tests.mail_words import words_of


def test_an_upload_told_five_times_is_one_run(way: Any, zip_project: Callable[..., bytes]) -> None:
    key = "uploads/once/project.zip"
    run = way.put(zip_project(), key)
    event = way.event_of(key)

    way.deliver("SubmitFunction", *[event] * 5)  # those that come while one is at work say so
    assert way.ended(run).status == "SUCCEEDED"
    assert way.deliver("SubmitFunction", *[event] * 5) == []

    assert len(way.items(run)) == 1
    assert len(way.jobs(run)) == 1
    assert len(way.mails(run, "ACCEPTED")) <= 1
    assert len(way.mails(run, "SUCCEEDED")) == 1


def test_a_broken_upload_told_five_times_is_one_mail(way: Any) -> None:
    key = "uploads/once/broken.zip"
    run = way.put(b"broken", key)
    event = way.event_of(key)

    way.deliver("SubmitFunction", *[event] * 5)
    way.ended(run)
    assert way.deliver("SubmitFunction", *[event] * 5) == []

    assert len(way.mails(run)) == 1
    assert way.jobs(run) == []


def test_the_same_project_uploaded_again_is_a_new_run(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    first = way.put(zip_project(), "uploads/once/again.zip")
    second = way.put(zip_project(), "uploads/once/again.zip")

    assert first != second
    for run in (first, second):
        assert way.ended(run).status == "SUCCEEDED"
        assert len(way.jobs(run)) == 1


def test_completion_events_in_any_order_and_number_change_nothing_more(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    run = way.put(zip_project(), "uploads/once/order.zip")
    ended = way.ended(run)
    (job,) = way.jobs(run)
    (detail,) = way.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    running = {**detail, "status": "RUNNING", "attempts": []}
    failed = {**detail, "status": "FAILED", "statusReason": "Host EC2 (instance i-1) terminated."}
    late = [_as_event(each) for each in (running, detail, failed)] * 5
    random.Random(7).shuffle(late)

    assert way.deliver("CompleteFunction", *late) == []

    assert way.run(run) == ended
    assert len(way.mails(run, "SUCCEEDED")) == 1
    assert len(way.mails(run)) <= 2


def test_a_run_is_seen_running_before_it_ends(way: Any, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project(), "uploads/slow/running.zip")

    def running() -> Any:
        found = way.run(run)
        return found if found and found.status == "RUNNING" else None

    seen = way.wait_for(running, "RUNNING")
    assert seen.attempt == 1
    assert way.ended(run).status == "SUCCEEDED"
    assert [mail.subject.split()[1] for mail in way.mails(run)] == ["ACCEPTED:", "SUCCEEDED:"]


def test_a_host_that_is_lost_every_time_ends_failed(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    run = way.put(zip_project(), "uploads/lost/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.attempt) == ("FAILED", 6)
    (mail,) = way.mails(run, "FAILED")
    assert "killed" in words_of(mail)
    assert "What to do:" in words_of(mail)


def test_a_training_that_is_interrupted_every_time_ends_failed_with_one_mail(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    run = way.put(zip_project(), "uploads/interrupted/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.attempt) == ("FAILED", 6)
    (mail,) = way.mails(run, "FAILED")
    assert "interrupted too often" in words_of(mail)


def test_completion_events_of_a_queued_run_may_come_in_any_order(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    run = way.put(zip_project(), "uploads/once/shuffled.zip")
    way.ended(run)
    (job,) = way.jobs(run)
    (detail,) = way.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    way.forget_end(run)  # back to QUEUED, as if no event had come yet
    running = {**detail, "status": "RUNNING", "attempts": []}
    events = [_as_event(each) for each in (detail, running)] * 5

    for event in events:  # the end first, then what came before it
        assert way.deliver("CompleteFunction", event) == []

    assert way.run(run).status == "SUCCEEDED"
    assert len(way.mails(run, "SUCCEEDED")) == 2  # of both ends: the forgotten one and this


def test_a_job_of_somebody_else_in_the_queue_is_ignored(way: Any) -> None:
    event = _as_event({"jobId": "x", "jobName": "x", "status": "FAILED", "parameters": {}})

    assert way.deliver("CompleteFunction", event) == []


def test_an_event_of_a_run_without_a_record_is_not_swallowed(way: Any) -> None:
    parameters = {"bucket": way.bucket, "lab": "once", "run_id": "no-such-run", "shuffle": "1"}
    event = _as_event({"jobId": "x", "status": "FAILED", "parameters": parameters})

    (error,) = way.deliver("CompleteFunction", event)

    assert "There is no record of run no-such-run" in error


def _as_event(detail: dict[str, Any]) -> dict[str, Any]:
    keep = ("jobId", "jobName", "jobQueue", "status", "statusReason", "attempts", "parameters")
    kept = {name: detail[name] for name in keep if name in detail}
    return {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": kept}
