"""Reconciling the records with Batch: what no event told, and what nobody else ends.

Runs that have not ended, or owe their final mail, are looked at one by one. Whatever is done about
them goes the way of the events, which is safe to repeat.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from dlc_batch_core.admin_mails import mail_of_sweep
from dlc_batch_core.completion import Completion
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.fall_back import SPOT
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.job_change import NO_CAPACITY, TIMED_OUT, JobChange, parse_job_change
from dlc_batch_core.mailing import send_pending
from dlc_batch_core.run import MailState, Run, Status, time_text

logger = logging.getLogger(__name__)

#: An event is this late at most before it counts as lost, in seconds (our choice: Lambda tries
#: three times within some minutes).
LATE = 900.0
#: So long a submission is tried again before it has failed (our choice).
_GIVE_UP = 6 * 3600.0
#: The queues' longest time limit on waiting (template.yaml); beyond it AWS Batch should have ended
#: the job, and does not where it knows no reason, such as a quota of zero.
_LONGEST_WAIT = 86400.0


class Jobs(Protocol):
    """What sweeping needs of Batch."""

    def describe(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Return what Batch knows of jobs, by their ids."""

    def find(self, name: str) -> str | None:
        """Return the id of the job of this name, in whatever state."""

    def terminate(self, job_id: str, reason: str) -> None:
        """End a job, wherever it is."""

    def cancel(self, job_id: str, reason: str) -> None:
        """End a job if it has not started."""


@dataclass(frozen=True)
class Sweep:
    """One look at all runs that are not done."""

    completion: Completion
    jobs: Jobs
    submit_again: Callable[[Run], None]  # hands the run's upload to the submit function anew
    spot_wait: float  # seconds after which a Spot job should have gone on On-Demand
    late: float = LATE

    def run(self, claimant: str) -> list[str]:
        """Mend what can be mended; returns a sentence for each thing found."""
        found: list[str] = []
        runs = self.completion.table.open_runs()
        records = [record for run in runs for record in (*_parts_at_work(run), run)]
        known = self.jobs.describe([each.job_id for each in records if each.job_id])
        for record in records:
            try:
                found += self._look(record, known, claimant)
            except DlcBatchError as error:  # somebody else is at it: the next sweep looks again
                logger.info("left alone", extra={"run": _named(record), "reason": str(error)})
            except Exception as error:  # one run must not hide the others
                logger.exception("could not be swept")
                found.append(f"{_named(record)}: could not be looked at: {error}.")
        if found:
            self.completion.publish(mail_of_sweep(found))
        return found

    def _look(
        self, run: Run, known: Mapping[str, Mapping[str, Any]], claimant: str
    ) -> Iterator[str]:
        if run.status.is_final:
            yield from self._send(run, claimant)
        elif run.status is Status.SUBMITTING:
            yield from self._submit(run, claimant)
        elif run.parts:
            yield from self._gather(run, claimant)
        elif run.job_id is None:
            yield from self._go_on(run, claimant)
        elif (detail := known.get(run.job_id)) is None:
            yield from self._end_unknown(run, claimant)
        else:
            is_idle = not any(_is_at_work(each, detail) for each in known.values())
            yield from self._compare(run, detail, is_idle, claimant)

    def _gather(self, run: Run, claimant: str) -> Iterator[str]:
        """Move a run to where its parts are, where nobody else has."""
        if min(self._age(part) for part in run.parts) < self.late:
            return  # whoever changed the last one is at it
        now = self.completion.gather(run)
        if now.status.is_final:
            self._tell_end(now, claimant)
            yield f"{_named(run)}: its parts had ended, and it had not."

    def _send(self, run: Run, claimant: str) -> Iterator[str]:
        if run.mail is not MailState.PENDING or self._age(run) < self.late:
            return
        self._tell_end(run, claimant)
        yield f"{_named(run)}: its last mail had not gone out."

    def _submit(self, run: Run, claimant: str) -> Iterator[str]:
        if self._age(run) < self.late:
            return
        if self._age(run, run.submitted_at) < _GIVE_UP:
            self.submit_again(run)
            yield f"{_named(run)}: it was left in SUBMITTING, and is submitted anew."
            return
        for record in run.parts or (run,):
            job = TrainingJob(run.bucket, run.lab, run.run_id, record.shuffle)
            job_id = record.job_id or self.jobs.find(job.name)  # its record was never written
            if job_id is not None and not record.status.is_final:
                self.jobs.terminate(job_id, "The run was given up.")
        message = "The project could not be handed to AWS Batch in six hours."
        remedy = (
            "Ask your admin, who finds the cause in the log of the submit function; then upload"
            " again."
        )
        self._fail(run, message, remedy, claimant)
        yield f"{_named(run)}: it could not be submitted, and has failed."

    def _go_on(self, run: Run, claimant: str) -> Iterator[str]:
        """Submit On-Demand what died between the claim and the job."""
        if self._age(run) < self.late:
            return
        job = TrainingJob(run.bucket, run.lab, run.run_id, run.shuffle, SPOT)
        job_id = self.jobs.find(job.name)
        detail = self.jobs.describe([job_id]).get(job_id) if job_id else None
        if detail is None:
            yield from self._end_unknown(run, claimant)
            return
        self.completion.record(parse_job_change(detail), claimant)
        current = self.completion.table.get(run.lab, run.run_id)
        record = current.of_shuffle(run.shuffle) if current else None
        if record is None or record.job_id is None:  # the admin wants no On-Demand any more
            yield from self._end_unknown(run, claimant)
            return
        yield f"{_named(run)}: it waited to go on On-Demand, and was submitted."

    def _end_unknown(self, run: Run, claimant: str) -> Iterator[str]:
        if self._age(run) < self.late:
            return
        message = "AWS Batch no longer knows the training's job, and no end of it was told."
        remedy = "Upload the project again. Its checkpoints, if there are any, are kept."
        self._fail(run, message, remedy, claimant)
        yield f"{_named(run)}: its job is gone; it has failed."

    def _compare(
        self, run: Run, detail: Mapping[str, Any], is_idle: bool, claimant: str
    ) -> Iterator[str]:
        """Hold a run against its job; `is_idle`: none of the job's queue is at work."""
        change = parse_job_change(detail)
        if change.status in ("SUCCEEDED", "FAILED"):
            if self._since(detail.get("stoppedAt")) < self.late:
                return  # its event is on the way
            self.completion.record(change, claimant)
            yield f"{_named(run)}: its job had {change.status.lower()}, and no event said so."
        elif change.status == "RUNNING":
            self.completion.table.mark_idle(run, None)
            yield from self._look_at_time(change, detail)
            if run.status is Status.QUEUED:
                self.completion.record(change, claimant)  # late at most: no finding
        elif change.status in ("SUBMITTED", "PENDING", "RUNNABLE"):
            yield from self._look_at_waiting(run, change, is_idle)

    def _look_at_time(self, change: JobChange, detail: Mapping[str, Any]) -> Iterator[str]:
        """End a job whose attempts took longer than the run may; Batch times each alone."""
        gone = change.seconds + self._since(detail.get("startedAt"))
        if change.timeout is None or gone <= change.timeout + self.late:
            return
        reason = f"{TIMED_OUT}: {gone / 3600:.1f} hours in all attempts"
        self.jobs.terminate(change.job_id, reason)
        job = change.job
        yield f"{job.run_id}, shuffle {job.shuffle}: its job was ended: {reason}."

    def _look_at_waiting(self, run: Run, change: JobChange, is_idle: bool) -> Iterator[str]:
        """Cancel a job that waits where nothing is at work, sweep after sweep.

        To wait behind other jobs is no lack of computers, however long it takes.
        """
        if not is_idle:
            self.completion.table.mark_idle(run, None)
            return
        if run.idle_since is None:
            self.completion.table.mark_idle(run, self._now)
            return
        longest = self.spot_wait if run.submission == SPOT else _LONGEST_WAIT
        if self._now - run.idle_since > longest + self.late:
            reason = f"{NO_CAPACITY}: no computer in {longest / 3600:.1f} hours"
            self.jobs.cancel(change.job_id, reason)
            yield f"{_named(run)}: its job was cancelled: {reason}."

    def _fail(self, run: Run, message: str, remedy: str, claimant: str) -> None:
        now = time_text(self._now)
        records = [part for part in run.parts if not part.status.is_final] if run.parts else [run]
        for record in records:
            failed = replace(record, status=Status.FAILED, updated_at=now)
            self.completion.table.end(replace(failed, message=message, remedy=remedy))
        current = self.completion.table.get(run.lab, run.run_id) or run
        self._tell_end(self.completion.gather(current), claimant)

    def _tell_end(self, run: Run, claimant: str) -> None:
        self.completion.settle(run)
        self._mail(run, claimant)

    def _mail(self, run: Run, claimant: str) -> None:
        its = self.completion
        send_pending(run, its.table, its.publish, claimant, self._now)

    @property
    def _now(self) -> float:
        return self.completion.clock()

    def _age(self, run: Run, time: str = "") -> float:
        """Seconds since a run's record changed, or since a time of it."""
        return self._now - datetime.fromisoformat(time or run.updated_at).timestamp()

    def _since(self, milliseconds: Any) -> float:
        return self._now - float(milliseconds) / 1000 if milliseconds else 0.0


def _parts_at_work(run: Run) -> tuple[Run, ...]:
    """The parts whose jobs are to be looked at: not while some have none yet."""
    if run.status is Status.SUBMITTING or run.status.is_final:
        return ()
    return tuple(part for part in run.parts if not part.status.is_final)


def _named(run: Run) -> str:
    return f"{run.run_id}, shuffle {run.shuffle}" if run.is_part else run.run_id


def _is_at_work(job: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    is_same_queue = job.get("jobQueue") == other.get("jobQueue")
    return is_same_queue and job["status"] in ("STARTING", "RUNNING")
