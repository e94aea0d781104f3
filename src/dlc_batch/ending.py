"""Ending a run before its time: at once, or with the best network that there is so far.

What a lab wants is written beside the checkpoints (control.json), where it holds for whatever
attempt comes next, also On-Demand; a job that only waits is cancelled, so that it never starts.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.runs import records_of
from dlc_batch_core.aws import BatchQueue
from dlc_batch_core.control import Action, Control
from dlc_batch_core.errors import LabError
from dlc_batch_core.job import CANCEL_REASON
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

#: Of Batch's states: those in which a job waits, and can be cancelled.
_WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
_ENDED = ("SUCCEEDED", "FAILED")


class NotAsked(LabError):
    """The run, or the shuffle, is not in a state in which it could be ended so."""


class How(enum.StrEnum):
    """What was done about a shuffle's training."""

    CANCELLED = "cancelled"  # its job waited, and never starts
    TOLD = "told"  # it runs, and reads within seconds what is asked of it
    KILLED = "killed"  # its process is ended, whatever it does
    LEFT = "left"  # it has not begun, and there is nothing of it to keep
    OVER = "over"  # it has ended; its record says so in a moment


@dataclass(frozen=True)
class Asked:
    """What was asked of a run, and what was done about each of its shuffles."""

    run: Run
    action: Action
    how: Mapping[int, How]  # by shuffle

    def to_dict(self) -> dict[str, object]:
        """Return the answer of `cancel --json` and `stop --json`."""
        shuffles = [{"shuffle": number, "how": str(how)} for number, how in self.how.items()]
        values = {"run_id": self.run.run_id, "lab": self.run.lab, "action": str(self.action)}
        return {**values, "shuffles": shuffles}


def cancel(cloud: Cloud, run: Run, shuffle: int | None = None, by_force: bool = False) -> Asked:
    """End a run, and keep nothing of what it trained; safe to repeat.

    Args:
        shuffle: only this one's training; None: all.
        by_force: end the processes too, which then need not even answer.

    Raises:
        NotAsked: it has ended already, or is not queued yet.
        LabError: it has no such shuffle.
    """
    how: dict[int, How] = {}
    records = _open_records(run, shuffle)
    jobs = _jobs(cloud, records)
    for record in records:
        how[record.shuffle] = _cancel(cloud, record, jobs.get(record.job_id or ""), by_force)
    return Asked(run, Action.STOP_NOW, how)


def stop(cloud: Cloud, run: Run, shuffle: int | None = None) -> Asked:
    """End a run's training now; its best network so far is scored and sent. Safe to repeat.

    A shuffle that has not begun is left alone: there is nothing of it to keep.

    Raises:
        NotAsked: it has ended already, or no training of it has begun.
        LabError: it has no such shuffle.
    """
    records = _open_records(run, shuffle)
    how = {each.shuffle: How.TOLD if _has_begun(each) else How.LEFT for each in records}
    if How.TOLD not in how.values():
        raise NotAsked(
            f"{_named(run, shuffle)} has not begun to train: there is nothing to keep.",
            f"To end it with nothing: dlc-batch cancel {run.run_id}",
        )
    for record in records:
        if how[record.shuffle] is How.TOLD:
            _ask(cloud, record, Action.STOP_AND_KEEP_BEST)
    return Asked(run, Action.STOP_AND_KEEP_BEST, how)


def _cancel(cloud: Cloud, record: Run, job: Mapping[str, Any] | None, by_force: bool) -> How:
    _ask(cloud, record, Action.STOP_NOW)  # first: whatever starts meanwhile finds it
    if job is None:
        return How.TOLD
    if job["status"] in _ENDED:
        return How.OVER
    batch, reason = BatchQueue(cloud.client("batch"), cloud.job_queue), f"{CANCEL_REASON}."
    with aws_errors_as_ours(cloud):
        if job["status"] in _WAITING:
            batch.cancel(job["jobId"], reason)  # one that starts at this moment is left alone
            return How.CANCELLED
        if by_force:
            batch.terminate(job["jobId"], reason)
            return How.KILLED
    return How.TOLD


def _ask(cloud: Cloud, record: Run, action: Action) -> None:
    key = RunKeys(record.lab, record.run_id).shuffle(record.shuffle).control
    with aws_errors_as_ours(cloud):
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=Control(action).to_json().encode())


def _jobs(cloud: Cloud, records: Sequence[Run]) -> dict[str, Mapping[str, Any]]:
    ids = [each.job_id for each in records if each.job_id]
    with aws_errors_as_ours(cloud):
        return BatchQueue(cloud.client("batch"), cloud.job_queue).describe(ids) if ids else {}


def _open_records(run: Run, shuffle: int | None) -> list[Run]:
    """Return the records of the trainings that are meant and have not ended."""
    records = records_of(run, shuffle)
    if run.status is Status.SUBMITTING:
        raise NotAsked(
            f"Run {run.run_id} is being checked still.", "Say it again in some seconds."
        )
    found = [each for each in records if not (run.status.is_final or each.status.is_final)]
    if not found:
        state = run.status if run.status.is_final else records[0].status
        raise NotAsked(
            f"{_named(run, shuffle)} has ended already: it is {state}.",
            f"What became of it: dlc-batch status {run.run_id}",
        )
    return found


def _has_begun(record: Run) -> bool:
    return record.status is Status.RUNNING or record.attempt > 0


def _named(run: Run, shuffle: int | None) -> str:
    return f"Run {run.run_id}" if shuffle is None else f"Shuffle {shuffle} of run {run.run_id}"
