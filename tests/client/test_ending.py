"""What is asked of a run that is to end before its time, and when it is refused."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dlc_batch.cloud import Cloud
from dlc_batch.ending import How, NotAsked, cancel, stop
from dlc_batch_core.control import Action, Control
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

Record = Callable[..., Run]


def asked_of(cloud: Cloud, run: Run, shuffle: int = 1) -> Action | None:
    s3, key = cloud.s3, RunKeys(run.lab, run.run_id).shuffle(shuffle).control
    try:
        return Control.from_json(s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()).action
    except s3.exceptions.NoSuchKey:
        return None


def test_the_last_word_holds_and_may_be_said_again(cloud: Cloud, record: Record) -> None:
    run = record(status=Status.RUNNING, attempt=1)
    for ask, action in [
        (stop, Action.STOP_AND_KEEP_BEST),
        (stop, Action.STOP_AND_KEEP_BEST),
        (cancel, Action.STOP_NOW),
        (cancel, Action.STOP_NOW),
    ]:
        asked = ask(cloud, run)
        assert (asked.how, asked.action) == ({1: How.TOLD}, action)
        assert asked_of(cloud, run) is action


@pytest.mark.parametrize("ask", [cancel, stop])
@pytest.mark.parametrize("status", [each for each in Status if each.is_final])
def test_a_run_that_has_ended_is_refused(
    ask: Callable[..., Any], status: Status, cloud: Cloud, record: Record
) -> None:
    run = record(status=status)
    with pytest.raises(NotAsked, match=f"ended already: it is {status}"):
        ask(cloud, run)
    assert asked_of(cloud, run) is None


@pytest.mark.parametrize("ask", [cancel, stop])
def test_one_that_is_being_checked_is_refused_for_now(
    ask: Callable[..., Any], cloud: Cloud, record: Record
) -> None:
    with pytest.raises(NotAsked, match="being checked") as refused:
        ask(cloud, record(status=Status.SUBMITTING))
    assert "again in some seconds" in refused.value.remedy


def test_what_waits_has_nothing_to_keep(cloud: Cloud, record: Record) -> None:
    run = record(status=Status.QUEUED)
    with pytest.raises(NotAsked, match="nothing to keep") as refused:
        stop(cloud, run)
    assert f"dlc-batch cancel {run.run_id}" in refused.value.remedy
    assert asked_of(cloud, run) is None
    interrupted = replace(run, attempt=2)  # it waits for its next attempt
    assert stop(cloud, interrupted).how == {1: How.TOLD}


def test_of_several_shuffles_each_is_asked_by_itself(cloud: Cloud, record: Record) -> None:
    run = record(status=Status.RUNNING)
    states = {1: Status.RUNNING, 2: Status.QUEUED, 3: Status.SUCCEEDED}
    parts = tuple(
        replace(run, shuffle=number, status=state, is_part=True)
        for number, state in states.items()
    )
    run = replace(run, parts=parts)
    assert stop(cloud, run).how == {1: How.TOLD, 2: How.LEFT}
    assert [asked_of(cloud, run, n) for n in (1, 2, 3)] == [Action.STOP_AND_KEEP_BEST, None, None]
    assert cancel(cloud, run, shuffle=2).how == {2: How.TOLD}
    assert asked_of(cloud, run, 2) is Action.STOP_NOW
    with pytest.raises(NotAsked, match="Shuffle 3 of run"):
        cancel(cloud, run, shuffle=3)
    with pytest.raises(LabError, match="no shuffle 4") as unknown:
        cancel(cloud, run, shuffle=4)
    assert unknown.value.remedy == "It has: 1, 2, 3."
