"""From an upload to a queued job and a mail, once however often the upload is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import IO, Protocol

from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.errors import CloudError, UploadKeyError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import RunKeys, is_folder_marker, lab_of, parse_upload_key, run_id
from dlc_batch_core.limits import Limits
from dlc_batch_core.mailing import Publish, send_pending
from dlc_batch_core.request import Request
from dlc_batch_core.run import Run, Status
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.run_table import RunTable


@dataclass(frozen=True)
class Upload:
    """One version of one object in the inbox."""

    bucket: str
    key: str  # raw, as S3 has it
    version_id: str | None
    size: int  # bytes


class Objects(Protocol):
    """What submitting needs of S3."""

    def open(self, upload: Upload) -> IO[bytes]:
        """Open that exact version, to be read by ranges."""

    def put(self, bucket: str, key: str, text: str) -> None:
        """Write a small object."""


class Queue(Protocol):
    """What submitting needs of Batch."""

    def find(self, name: str) -> str | None:
        """Return the id of the job of this name, in whatever state."""

    def submit(self, job: TrainingJob, time_limit_hours: float) -> str:
        """Submit a job and return its id."""


@dataclass(frozen=True)
class Claim:
    """One invocation: who it is, and until when it may be at work (seconds since the epoch)."""

    claimant: str  # the same when the same invocation is tried again
    until: float


@dataclass(frozen=True)
class Submission:
    """Takes uploads; every step is safe to repeat after a crash anywhere."""

    objects: Objects
    table: RunTable
    queue: Queue
    publish: Publish
    clock: Callable[[], float]
    limits: Limits = field(default_factory=Limits)  # how large a project is accepted

    def take(self, upload: Upload, claim: Claim) -> Run | None:
        """Check an upload, record it, submit its job and mail the lab.

        Returns:
            the run as it is after; None for a key that is only a folder.

        Raises:
            CloudError: another invocation is at work on the same upload; look again later.
        """
        if is_folder_marker(upload.key):
            return None
        run, is_ours, is_retry = self._begin(upload, claim)
        if is_ours:
            run = self._decide(run, upload, is_retry)
        send_pending(run, self.table, self.publish, claim.claimant, self.clock())
        return run

    def _begin(self, upload: Upload, claim: Claim) -> tuple[Run, bool, bool]:
        """Return the run, whether it is ours to submit, and whether another began it before."""
        fresh = self._fresh(upload)
        if self.table.begin(fresh, claim.claimant, claim.until):
            return fresh, True, False
        run = self._now(fresh)
        if run.status is not Status.SUBMITTING:
            return run, False, True
        if not self.table.take_over(run, claim.claimant, self.clock(), claim.until):
            raise CloudError(f"Run {run.run_id} is being submitted elsewhere.")
        return run, True, True

    def _fresh(self, upload: Upload) -> Run:
        return Run(
            lab=lab_of(upload.key),
            run_id=run_id(upload.bucket, upload.key, upload.version_id),
            status=Status.SUBMITTING,
            bucket=upload.bucket,
            key=upload.key,
            version_id=upload.version_id,
            submitted_at=self._time(),
            updated_at=self._time(),
        )

    def _decide(self, run: Run, upload: Upload, is_retry: bool) -> Run:
        check = self._check(upload)
        if not check.is_trainable or check.request is None:
            message = "The project can't be trained as it is."
            self.table.end(
                replace(
                    run,
                    status=Status.REJECTED,
                    updated_at=self._time(),
                    problems=check.problems,
                    message=message,
                )
            )
            return self._now(run)
        return self._queue(run, check, check.request, is_retry)

    def _check(self, upload: Upload) -> Check:
        try:
            parse_upload_key(upload.key)
        except UploadKeyError as error:
            return Check(error.problems)
        return check_upload(self.objects.open(upload), upload.key, self.limits)

    def _queue(self, run: Run, check: Check, request: Request, is_retry: bool) -> Run:
        (shuffle,) = request.shuffles
        job = TrainingJob(run.bucket, run.lab, run.run_id, shuffle)
        found = self.queue.find(job.name) if is_retry else None
        if found is None:
            key = RunKeys(run.lab, run.run_id).request
            self.objects.put(run.bucket, key, _asked(run, check, request))
            found = self.queue.submit(job, request.time_limit_hours)
        queued = replace(
            run,
            status=Status.QUEUED,
            updated_at=self._time(),
            job_id=found,
            shuffle=shuffle,
            problems=check.problems,
            notes=check.mended,
        )
        if not self.table.queue(queued):
            self.table.owe_acceptance(queued)  # the job's own events were faster
        return self._now(run)

    def _now(self, run: Run) -> Run:
        current = self.table.get(run.lab, run.run_id)
        if current is None:
            raise CloudError(f"The record of run {run.run_id} was deleted while it was at work.")
        return current

    def _time(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")


def _asked(run: Run, check: Check, request: Request) -> str:
    return RunRequest(
        run_id=run.run_id,
        lab=run.lab,
        bucket=run.bucket,
        key=run.key,
        version_id=run.version_id,
        root=check.root,
        request=request,
        submitted_at=run.submitted_at,
    ).to_json()
