"""From a Batch job's change of state to the run's record and the final mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dlc_batch_core.costs import PLAIN_RATES, Cost, Rates
from dlc_batch_core.errors import CloudError
from dlc_batch_core.fall_back import SPOT, FallBack
from dlc_batch_core.job import ExitCode
from dlc_batch_core.job_change import JobChange
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.mailing import Publish, send_pending
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.outcomes import Outcomes, find_outcome
from dlc_batch_core.parts import gather
from dlc_batch_core.run import Run, Status, time_text
from dlc_batch_core.run_table import RunTable
from dlc_batch_core.surmise import surmise


@dataclass(frozen=True)
class Recorded:
    """A run's record before a change of state, and after it."""

    before: Run
    now: Run


@dataclass(frozen=True)
class Completion:
    """Records what becomes of jobs; late and repeated events change nothing."""

    outcomes: Outcomes
    table: RunTable
    publish: Publish
    clock: Callable[[], float]
    fall_back: FallBack | None = None  # None: a training ends when Spot gives out
    rates: Rates = PLAIN_RATES
    ledger: Ledger | None = None  # None: no budgets

    def record(self, change: JobChange, claimant: str) -> Recorded:
        """Move a run's record on, and send the mail that it then owes.

        Raises:
            CloudError: there is no record yet, or another invocation has the mail, or the job
                that goes on, under way.
        """
        run = self.table.get(change.job.lab, change.job.run_id)
        record = run.of_shuffle(change.job.shuffle) if run else None
        if run is None or record is None:
            raise CloudError(f"There is no record of run {change.job.run_id}.")
        if not run.status.is_final:  # else a part that goes on was given up with it
            self._take(record, change, claimant)
        current = self.gather(self.table.get(run.lab, run.run_id) or run)
        self.settle(current)
        send_pending(current, self.table, self.publish, claimant, self.clock())
        return Recorded(run, current)

    def _take(self, record: Run, change: JobChange, claimant: str) -> None:
        if self.fall_back is not None and self.fall_back.is_due(record, change):
            charged = self._charged(record, change, self._outcome(change))
            self.fall_back.resubmit(charged, change, claimant)
        elif change.job.submission == record.submission and record.job_id in (None, change.job_id):
            self._move(record, change)  # else of a job that the run no longer counts on

    def gather(self, run: Run) -> Run:
        """Move a run of several shuffles to where its parts are; return it as it is then."""
        return gather(run, self.table, self.outcomes, self.clock())

    def settle(self, run: Run) -> None:
        """Put what a run that has ended came to into its lab's month."""
        if self.ledger is not None and run.status.is_final:
            self.ledger.settle(run, Cost.from_dict(run.cost).cents)

    def _move(self, run: Run, change: JobChange) -> None:
        if change.status == "RUNNING":
            self._run(run, change)
        elif not run.status.is_final:
            outcome = self._outcome(change)
            ended = self._ended(self._charged(run, change, outcome), change, outcome)
            self.table.end(ended, change.position)

    def _run(self, run: Run, change: JobChange) -> None:
        running = replace(
            run,
            status=Status.RUNNING,
            job_id=change.job_id,
            shuffle=change.job.shuffle,
            attempt=run.earlier_attempts + change.attempt,
            updated_at=self._time(),
        )
        self.table.advance(running, change.position)

    def _ended(self, run: Run, change: JobChange, outcome: Outcome | None) -> Run:
        run = replace(
            run,
            job_id=change.job_id,
            shuffle=change.job.shuffle,
            attempt=run.earlier_attempts + (0 if change.never_started else change.attempt),
            updated_at=self._time(),
        )
        if change.is_cancelled:
            return replace(run, status=Status.CANCELLED, message=change.reason)
        if outcome is not None and not _was_cut_short(change, outcome):
            return _told(run, outcome)
        message, remedy = surmise(change)
        ended = replace(run, status=Status.FAILED, message=message, remedy=remedy)
        if outcome is None:
            return ended
        return replace(ended, notes=_noted(run, outcome), timings=outcome.timings)

    def _charged(self, run: Run, change: JobChange, outcome: Outcome | None) -> Run:
        """Add what the job's computers cost to what the run came to before."""
        if run.submission != change.job.submission:
            return run  # that job is in it already
        instance = outcome.instance_type if outcome else None
        speed = outcome.images_per_second if outcome else None
        if instance is None and not change.was_placed:
            # none of EC2's: the local cloud, which costs nothing, or no computer at all
            return replace(run, images_per_second=speed or run.images_per_second)
        life_cycle = "spot" if change.job.submission == SPOT else "on-demand"
        cost = self.rates.cost_of(change.seconds, instance, life_cycle)
        total = Cost.from_dict(run.cost) + cost if cost else Cost.from_dict(run.cost)
        return replace(run, cost=total.to_dict(), instance_type=instance, images_per_second=speed)

    def _outcome(self, change: JobChange) -> Outcome | None:
        return find_outcome(self.outcomes, change.job, change.job_id, change.attempt)

    def _time(self) -> str:
        return time_text(self.clock())


def _told(run: Run, outcome: Outcome) -> Run:
    return replace(
        run,
        status=_status_of(outcome),
        message=outcome.message,
        remedy=outcome.remedy,
        metrics=outcome.metrics,
        timings=outcome.timings,
        files=outcome.files,
        follow_up=outcome.follow_up,
        verdict=outcome.verdict,
        notes=_noted(run, outcome),
    )


def _status_of(outcome: Outcome) -> Status:
    if outcome.cancelled:
        return Status.CANCELLED
    return Status.SUCCEEDED if outcome.succeeded else Status.FAILED


def _noted(run: Run, outcome: Outcome) -> tuple[str, ...]:
    """The notes of the check and of the trainer, which mends its own copy likewise, each once."""
    return tuple(dict.fromkeys(run.notes + outcome.notes))


def _was_cut_short(change: JobChange, outcome: Outcome) -> bool:
    """Whether the trainer says only that it was interrupted, and Batch knows why."""
    interrupted = change.exit_code == ExitCode.INTERRUPTED or change.is_timed_out
    return interrupted and not outcome.succeeded and not outcome.cancelled
