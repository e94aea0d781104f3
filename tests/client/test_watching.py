"""Looking at a run again and again: what is remembered, and when it ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dlc_batch.cloud import Cloud
from dlc_batch.runs import NoSuchRun
from dlc_batch.watching import Watch
from dlc_batch_core.errors import OutageError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status, to_item

Record = Callable[..., Run]


class Course:
    """What happens while a watch sleeps: one step after the other."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps, self.slept, self.now = list(steps), list[float](), 1000.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.steps:
            self.steps.pop(0)()

    def clock(self) -> float:
        return self.now


def tell(cloud: Cloud, run: Run, **values: Any) -> Callable[[], object]:
    """Returns what writes a progress."""
    told = Progress(**{"stage": "train", "updated_at": "", "phase": "pose", **values})
    key = RunKeys(run.lab, run.run_id).shuffle(run.shuffle).progress
    return lambda: cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=told.to_json())


def end(cloud: Cloud, run: Run) -> Callable[[], object]:
    ended = replace(run, status=Status.SUCCEEDED)
    return lambda: cloud.dynamodb.put_item(TableName=cloud.table_name, Item=to_item(ended))


def test_the_curve_is_what_was_seen_and_begins_anew_with_a_phase(
    cloud: Cloud, record: Record
) -> None:
    run = record(status=Status.RUNNING)
    tell(cloud, run, phase="detector", epoch=1, epochs=9, loss=9.0)()
    losses = {1: 4.0, 2: 3.0, 3: 2.0}
    course = Course(
        *(tell(cloud, run, epoch=n, epochs=9, loss=loss) for n, loss in losses.items()),
        tell(cloud, run, epoch=2, epochs=9, loss=2.5),  # again, from a checkpoint
        tell(cloud, run, stage="evaluate", epoch=9, epochs=9, loss=1.0),
        end(cloud, run),
    )
    watch = Watch(cloud, run.run_id, 5, course.sleep, course.clock)
    seen = list(watch)
    assert [each.losses[1] for each in seen[:4]] == [(9.0,), (4.0,), (4.0, 3.0), (4.0, 3.0, 2.0)]
    assert [each.losses[1] for each in seen[4:]] == [(4.0, 2.5, 2.0)] * 3
    assert seen[-1].status.run.status is Status.SUCCEEDED
    assert course.slept == [5] * 6


def test_a_run_that_was_just_sent_is_waited_for(cloud: Cloud, record: Record) -> None:
    run_id = "mouse-0123456789ab"
    course = Course(lambda: None, lambda: record(run_id=run_id, status=Status.REJECTED))
    assert len(list(Watch(cloud, run_id, 5, course.sleep, course.clock))) == 1
    for unknown, slept in (("mouse-ba9876543210", 5), ("no-run", 0)):
        course = Course()
        with pytest.raises(NoSuchRun):
            list(Watch(cloud, unknown, 5, course.sleep, course.clock))
        assert len(course.slept) == slept


def test_an_outage_shows_the_last_look_and_is_asked_ever_less_often(
    cloud: Cloud, record: Record, closed_port: str
) -> None:
    run = record(status=Status.RUNNING)
    broken = replace(cloud, endpoint_url=closed_port).in_a_hurry()
    course = Course()
    watch = Watch(cloud, run.run_id, 5, course.sleep, course.clock)
    looks = iter(watch)
    first = next(looks)
    watch.cloud = broken
    lost = [next(looks) for _ in range(5)]
    assert all("Could not connect" in each.trouble for each in lost)
    assert all(each.status == first.status and each.at == first.at for each in lost)
    watch.cloud = cloud
    assert next(looks).trouble == ""
    end(cloud, run)()
    assert next(looks).status.run.status is Status.SUCCEEDED
    assert course.slept == [5, 10, 20, 40, 60, 60, 5]
    with pytest.raises(OutageError):  # nothing was ever seen
        next(iter(Watch(broken, run.run_id)))
