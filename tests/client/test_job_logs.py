"""Logs of a run's attempts, read on through what Batch and the network make of them."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.client.spoiled_aws import SpoiledAws

from dlc_batch.cloud import Cloud
from dlc_batch.console.log_tails import LogTails
from dlc_batch.job_logs import Reader, attempts_of
from dlc_batch.runs import NoSuchRun
from dlc_batch_core.fall_back import ON_DEMAND
from dlc_batch_core.run import Run, Status

GROUP = "/dlc-batch/test"
Record = Callable[..., Run]


@pytest.fixture
def seen(cloud: Cloud, spoiled: SpoiledAws) -> Cloud:
    """The cloud through the door."""
    door = replace(cloud, session=spoiled.session, endpoint_url=spoiled.endpoint_url)
    return door.in_a_hurry()


def write(spoiled: SpoiledAws, stream: str, *lines: str) -> None:
    logs = spoiled.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    now = int(time.time() * 1000)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def job(status: str, newest: str, *ended: str) -> dict[str, Any]:
    options = {"awslogs-group": GROUP}
    container = {"logStreamName": newest, "logConfiguration": {"options": options}}
    attempts = [{"container": {"logStreamName": stream}} for stream in ended]
    job = {"jobId": "j1", "jobName": "j", "jobQueue": "q", "jobDefinition": "d", "startedAt": 0}
    return {"jobs": [{**job, "status": status, "attempts": attempts, "container": container}]}


def test_a_job_that_starts_again_may_still_name_the_log_before(
    seen: Cloud, spoiled: SpoiledAws, record: Record
) -> None:
    run = record(status=Status.RUNNING, job_id="j1")
    for newest, found in (("one", [(1, "one")]), ("two", [(1, "one"), (2, "two")])):
        spoiled.answer("batch", "describejobs", job("STARTING", newest, "one"))
        assert [(each.number, each.stream) for each in attempts_of(seen, run)] == found
        spoiled.mend("batch", "describejobs")


def test_the_last_lines_come_also_where_the_last_look_is_broken(
    seen: Cloud, spoiled: SpoiledAws, record: Record
) -> None:
    stream = f"last-{time.time_ns()}"
    write(spoiled, stream, "bye")
    run = record(status=Status.SUCCEEDED, job_id="j1")
    spoiled.answer("batch", "describejobs", job("SUCCEEDED", stream, stream))
    spoiled.answer("logs", "GetLogEvents", "{}", 503)
    slept, told = list[float](), list[str]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:  # later than the looks that a log gets after the end
            spoiled.mend("logs", "GetLogEvents")

    reader = Reader(seen, run.run_id, tell=told.append, sleep=sleep)
    assert [line.text for line in reader.follow()] == ["bye"]
    assert len(told) == 1


def test_the_tail_of_several_logs_is_whole_after_an_outage(
    seen: Cloud, spoiled: SpoiledAws, record: Record
) -> None:
    one, two = (f"{name}-{time.time_ns()}" for name in ("one", "two"))
    write(spoiled, one, "a", "b")
    write(spoiled, two, "c")
    run = record(status=Status.SUCCEEDED, job_id="j1")
    spoiled.answer("batch", "describejobs", job("SUCCEEDED", two, one, two))
    spoiled.answer("logs", f"GetLogEvents.*{one}", "{}", 503)
    reader = Reader(seen, run.run_id, sleep=lambda _: spoiled.mend("logs", f"GetLogEvents.*{one}"))
    assert [line.text for line in reader.follow(tail=2)] == ["b", "c"]


def test_a_run_that_was_just_sent_is_waited_for(cloud: Cloud, record: Record) -> None:
    run_id = "mouse-0123456789ab"
    reader = Reader(cloud, run_id, sleep=lambda _: record(run_id=run_id, status=Status.REJECTED))
    assert list(reader.follow()) == []
    slept = list[float]()
    with pytest.raises(NoSuchRun):
        list(Reader(cloud, "mouse-ba9876543210", sleep=slept.append).follow(every=5))
    assert len(slept) == 5
    with pytest.raises(NoSuchRun):
        list(Reader(cloud, "no-run", sleep=slept.append).follow(every=5))
    assert len(slept) == 5


def test_a_scientist_without_a_list_of_attempts_sees_the_newest_job(
    scientist: Cloud, spoiled: SpoiledAws, record: Record
) -> None:
    run = record(status=Status.RUNNING, job_id="j1", submission=ON_DEMAND)
    spoiled.answer("batch", "describejobs", job("RUNNING", "new"))
    with spoiled.denied("s3", "attempts"), spoiled.denied("batch", "listjobs"):
        assert [each.stream for each in attempts_of(scientist, run)] == ["new"]


def test_lines_of_metrics_are_cloudwatchs_own(
    seen: Cloud, spoiled: SpoiledAws, record: Record
) -> None:
    stream, metrics = f"metrics-{time.time_ns()}", '{"_aws": {"Timestamp": 1}, "Loss": 0.5}'
    write(spoiled, stream, "epoch 1", metrics, "epoch 2", *[metrics] * 5)
    run = record(status=Status.SUCCEEDED, job_id="j1")
    spoiled.answer("batch", "describejobs", job("SUCCEEDED", stream, stream))
    for tail, lines in ((None, ["epoch 1", "epoch 2"]), (1, ["epoch 2"]), (0, [])):
        assert [line.text for line in Reader(seen, run.run_id).read(tail)] == lines
    assert LogTails().read(seen, run.run_id, None).lines[1:] == ("epoch 1", "epoch 2")
