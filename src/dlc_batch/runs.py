"""How runs are: from the table, and from the progress that a training writes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.wording import doing
from dlc_batch_core.errors import CloudError, LabError, StateError
from dlc_batch_core.keys import RunKeys, is_run_id
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status, from_item
from dlc_batch_core.words import listed

#: Of runs that may be meant: how many are named, and how alike they are, from 0 to 1. Runs of one
#: project, which differ in twelve digits, are less so (our choice).
_MOST_NEAR, _LIKENESS = 3, 0.85
#: A run that was just sent has its record within this time, in seconds (our choice).
_APPEARS = 20.0


class NoSuchRun(LabError):
    """There is no run of this id, or none yet."""


@dataclass(frozen=True)
class RunStatus:
    """A run and how far it is."""

    run: Run
    progress: Progress | None
    parts: tuple[RunStatus, ...] = ()  # of a run of several shuffles

    @property
    def ended_badly(self) -> bool:
        """Whether it has ended, and not as it should."""
        return self.run.status.is_final and self.run.status is not Status.SUCCEEDED

    @classmethod
    def from_record(cls, run: Run) -> RunStatus:
        """Return what the table alone says."""
        return cls(run, None, tuple(cls(part, None) for part in run.parts))

    def to_dict(self) -> dict[str, object]:
        """Return the answer of `status --json`."""
        run = self.run
        return {
            "run_id": run.run_id,
            "lab": run.lab,
            "status": str(run.status),
            "progress": self.progress.to_dict() if self.progress else None,
            "metrics": dict(run.metrics) or None,
            "follow_up": dict(run.follow_up) or None,
            "verdict": dict(run.verdict) or None,
            "key": run.key,
            "submitted_at": run.submitted_at,
            "updated_at": run.updated_at,
            "attempt": run.attempt,
            "doing": doing(run, self.progress),
            "message": run.message,
            "remedy": run.remedy,
            "problems": [each.to_dict() for each in run.problems],
            "notes": list(run.notes),
            "files": list(run.files),
            "quote": dict(run.quote) or None,
            "cost": dict(run.cost) or None,
            "shuffles": [self._part_to_dict(each) for each in self.parts],
        }

    @staticmethod
    def _part_to_dict(part: RunStatus) -> dict[str, object]:
        names = ("status", "progress", "metrics", "follow_up", "verdict", "updated_at", "attempt")
        told = part.to_dict()
        named = {name: told[name] for name in (*names, "doing", "message", "remedy")}
        return {"shuffle": part.run.shuffle, **named}


def find_run(cloud: Cloud, run_id: str) -> Run:
    """Return the run of this id: of the user's lab, where that is set, else of any.

    Raises:
        NoSuchRun: there is none.
    """
    if not is_run_id(run_id):  # the labs' months and settings lie in the table too
        raise _no_such(cloud, run_id)
    with aws_errors_as_ours(cloud):
        own = cloud.table.get(cloud.lab, run_id) if cloud.lab else None
        if own is not None:
            return own
        items = _items_of_any_lab(cloud, run_id)
    if not items:
        raise _no_such(cloud, run_id)
    return from_item(items[0])


def _no_such(cloud: Cloud, run_id: str) -> NoSuchRun:
    """Return the error, with the runs that may have been meant."""
    near = listed(_near(cloud, run_id), _MOST_NEAR)
    guess = f"Did you mean {near}? " if near else ""
    remedy = "See `dlc-batch list`. A project that was just sent appears after some seconds."
    return NoSuchRun(f"There is no run {run_id}.", guess + remedy)


def _near(cloud: Cloud, text: str) -> list[str]:
    """Return runs whose id begins so, or is almost this one, the newest first."""
    try:
        known = [run.run_id for run in list_runs(cloud, cloud.lab)]
    except CloudError:
        return []  # who may see no runs is told of none
    begun = [each for each in known if text and each.startswith(text)]
    return begun or difflib.get_close_matches(text, known, n=_MOST_NEAR, cutoff=_LIKENESS)


def _items_of_any_lab(cloud: Cloud, run_id: str) -> list[dict[str, Any]]:
    try:
        answer = cloud.dynamodb.query(
            TableName=cloud.table_name,
            IndexName="by-run",
            KeyConditionExpression="run_id = :run_id",
            ExpressionAttributeValues={":run_id": {"S": run_id}},
        )
    except botocore.exceptions.ClientError as error:
        # a scientist may see one lab's records, and this index has those of all
        if cloud.lab and error.response["Error"]["Code"] == "AccessDeniedException":
            return []
        raise
    return list(answer["Items"])


def may_appear(run_id: str, waited: float) -> bool:
    """Whether a run that is not there may have been sent just before, so many seconds ago."""
    return is_run_id(run_id) and waited <= _APPEARS


def read_object(cloud: Cloud, key: str) -> bytes | None:
    """Return a small object of a run, or None when there is none."""
    with aws_errors_as_ours(cloud):
        try:
            return cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        except botocore.exceptions.ClientError as error:
            # a user without s3:ListBucket is told AccessDenied for what is not there
            if error.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
                return None
            raise


def records_of(run: Run, shuffle: int | None) -> tuple[Run, ...]:
    """Return the records of a run's trainings, or that of one shuffle.

    Raises:
        LabError: the run has no such shuffle.
    """
    records = run.parts or (run,)
    found = tuple(each for each in records if shuffle in (None, each.shuffle))
    if not found:
        numbers = listed((each.shuffle for each in records), len(records))
        raise LabError(f"Run {run.run_id} has no shuffle {shuffle}.", f"It has: {numbers}.")
    return found


def read_status(cloud: Cloud, run_id: str) -> RunStatus:
    """Return how a run is.

    Raises:
        LabError: there is no such run.
    """
    return status_of(cloud, find_run(cloud, run_id))


def status_of(cloud: Cloud, run: Run) -> RunStatus:
    """Return how a run is whose record was just read."""
    parts = tuple(RunStatus(part, _progress(cloud, part)) for part in run.parts)
    return RunStatus(run, None if parts else _progress(cloud, run), parts)


def list_runs(cloud: Cloud, lab: str | None = None) -> tuple[Run, ...]:
    """Return all runs, or those of a lab, newest first."""
    with aws_errors_as_ours(cloud):
        items = list(_items_of_lab(cloud, lab) if lab else _all_items(cloud))
    return tuple(
        sorted((from_item(each) for each in items), key=lambda run: run.submitted_at, reverse=True)
    )


def _items_of_lab(cloud: Cloud, lab: str) -> Iterator[dict[str, Any]]:
    pages = cloud.dynamodb.get_paginator("query").paginate(
        TableName=cloud.table_name,
        IndexName="by-time",
        KeyConditionExpression="lab = :lab",
        ExpressionAttributeValues={":lab": {"S": lab}},
        ScanIndexForward=False,
    )
    return (item for page in pages for item in page["Items"])


def _all_items(cloud: Cloud) -> Iterator[dict[str, Any]]:
    pages = cloud.dynamodb.get_paginator("scan").paginate(
        TableName=cloud.table_name,
        FilterExpression="attribute_exists(submitted_at)",  # the labs' months lie there too
    )
    return (item for page in pages for item in page["Items"])


def _progress(cloud: Cloud, run: Run) -> Progress | None:
    if run.status in (Status.SUBMITTING, Status.QUEUED, Status.REJECTED):
        return None
    key = RunKeys(run.lab, run.run_id).shuffle(run.shuffle).progress
    content = read_object(cloud, key)
    try:
        return None if content is None else Progress.from_json(content)
    except StateError:
        return None  # another version wrote it
