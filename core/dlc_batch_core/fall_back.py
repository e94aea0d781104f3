"""Going on with On-Demand computers when Spot gives out: the same run, from its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from dlc_batch_core.errors import CloudError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.job_change import JobChange
from dlc_batch_core.run import Run, time_text
from dlc_batch_core.run_table import RunTable

#: Submissions of a run: Spot, then On-Demand.
SPOT, ON_DEMAND = 1, 2
#: How long an invocation may be at work on a submission: as long as the sweep, which runs longest.
_CLAIM_SECONDS = 300.0
#: AWS Batch's least, in seconds.
_LEAST_TIMEOUT = 60


class OnDemandQueue(Protocol):
    """What falling back needs of Batch."""

    def find(self, name: str) -> str | None:
        """Return the id of the job of this name, in whatever state."""

    def submit_again(self, job: TrainingJob, definition: str, timeout: int | None) -> str:
        """Submit a job with that very revision of its definition; return its id.

        Args:
            timeout: seconds that an attempt may take; None: the definition's.
        """


@dataclass(frozen=True)
class FallBack:
    """Submits a run once more, to a queue of computers that nobody takes away."""

    table: RunTable
    queue: OnDemandQueue
    clock: Callable[[], float]

    def is_due(self, run: Run, change: JobChange) -> bool:
        """Whether a change of state is the end of the run's Spot job, which is to go on, or is
        told again while it is not sure that the job which goes on was submitted."""
        if run.status.is_final or change.job.submission != SPOT or not change.spot_gave_out:
            return False
        if run.submission == SPOT:
            return run.job_id in (None, change.job_id)
        return run.job_id is None

    def resubmit(self, run: Run, change: JobChange, claimant: str) -> None:
        """Submit the run On-Demand, once however often it is tried.

        Raises:
            CloudError: another invocation is at it; look again when it may have died.
        """
        now = self.clock()
        attempts = 0 if change.never_started else change.attempt
        again = replace(
            run,
            submission=ON_DEMAND,
            earlier_attempts=attempts,
            attempt=attempts,
            updated_at=time_text(now),
        )
        job = replace(change.job, submission=ON_DEMAND)
        until = now + _CLAIM_SECONDS
        position = replace(change, job=job, attempt=0, status="RUNNING").position
        if not self.table.claim_resubmission(again, claimant, now, until, position):
            current = self.table.get(run.lab, run.run_id)
            record = current.of_shuffle(change.job.shuffle) if current else None
            if record is not None and self.is_due(record, change):
                raise CloudError(f"Run {run.run_id} is being submitted elsewhere.")
            return
        found = self.queue.find(job.name)
        if found is None:
            found = self.queue.submit_again(job, change.definition, _time_left(change))
        self.table.name_job(replace(again, job_id=found))


def _time_left(change: JobChange) -> int | None:
    """Return what the attempts before have left of the run's time, in seconds."""
    if change.timeout is None:
        return None
    return max(_LEAST_TIMEOUT, int(change.timeout - change.seconds))
