"""Where the trainer leaves its outcomes, and whose they are."""

from __future__ import annotations

from typing import Protocol

from dlc_batch_core.errors import StateError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome


class Outcomes(Protocol):
    """What reading them needs of S3."""

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return a small object, or None when there is none."""


def find_outcome(
    outcomes: Outcomes, job: TrainingJob, job_id: str | None, attempt: int
) -> Outcome | None:
    """Return what an attempt of a job told, or None where it told nothing.

    Args:
        job_id, attempt: of Batch; another attempt's outcome says nothing about this one.
    """
    keys = RunKeys(job.lab, job.run_id).shuffle(job.shuffle)
    text = outcomes.get(job.bucket, keys.outcome)
    try:
        outcome = Outcome.from_json(text) if text is not None else None
    except StateError:
        return None  # half a file is no outcome
    is_its = outcome is not None and (outcome.job_id, outcome.attempt) == (job_id, attempt)
    return outcome if is_its else None
