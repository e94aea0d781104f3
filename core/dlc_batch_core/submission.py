"""From an upload to a queued job and a mail, once however often the upload is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Protocol

from dlc_batch_core.budget import Budget
from dlc_batch_core.catalogue import problem
from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.checks.engine import engine_of
from dlc_batch_core.checks.videos import find_key_problems
from dlc_batch_core.checks.weights import (
    Wanted,
    earlier_run_of,
    find_network_problems,
    find_weights_problems,
)
from dlc_batch_core.errors import CloudError, StateError, UploadKeyError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import RunKeys, is_folder_marker, lab_of, parse_upload_key, run_id
from dlc_batch_core.limits import Limits
from dlc_batch_core.mailing import Publish, send_pending
from dlc_batch_core.parts import advance, part_of
from dlc_batch_core.problems import Problem, in_stable_order
from dlc_batch_core.project import Project
from dlc_batch_core.request import Request
from dlc_batch_core.run import Run, Status, time_text
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.run_table import RunTable
from dlc_batch_core.trainings import sentences_of
from dlc_batch_core.videos import is_video_key
from dlc_batch_core.warned import handed_on
from dlc_batch_core.work import work_of


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

    def get(self, bucket: str, key: str) -> bytes | None:
        """Return a small object, or None when there is none."""

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
    queues: Mapping[str, Queue]  # by engine
    publish: Publish
    clock: Callable[[], float]
    limits: Limits = field(default_factory=Limits)  # how large a project is accepted
    budget: Budget | None = None  # None: no caps, and no quotes

    def take(self, upload: Upload, claim: Claim) -> Run | None:
        """Check an upload, record it, submit its job and mail the lab.

        Returns:
            the run as it is after; None for a key that is only a folder, or a video that waits
            for a request to name it.

        Raises:
            CloudError: another invocation is at work on the same upload; look again later.
        """
        if is_folder_marker(upload.key) or is_video_key(upload.key):
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
        check = self._afford(self._check(upload, run), run)
        if not check.is_trainable or check.request is None or check.project is None:
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
        return self._queue(run, check, check.project, check.request, is_retry)

    def _check(self, upload: Upload, run: Run) -> Check:
        try:
            parse_upload_key(upload.key)
        except UploadKeyError as error:
            return Check(error.problems)
        check = check_upload(self.objects.open(upload), upload.key, self.limits)
        if check.request is None:
            return check
        found = find_key_problems(check.request, upload.bucket, run.lab)
        if check.is_trainable and check.project is not None:
            found += self._find_engine_problems(engine_of(check.project, check.request), run)
        if check.is_trainable and check.project is not None:
            found += self._find_earlier_problems(check.project, check.request, run)
        return replace(check, problems=in_stable_order([*check.problems, *found]))

    def _find_engine_problems(self, engine: str, run: Run) -> list[Problem]:
        if engine in self.queues:
            return []
        what = f"This stack has no image of the trainer for DeepLabCut's {engine} engine."
        return [problem("engine-image", run.key, what)]

    def _afford(self, check: Check, run: Run) -> Check:
        """Hold a project that can be trained to the admin's caps."""
        if self.budget is None or check.request is None or not check.is_trainable:
            return check
        request, notes = self.budget.shorten(check.request)
        found = [*check.problems, *self.budget.find_problems(run, request)]
        mended = (*check.mended, *notes)
        return replace(check, request=request, mended=mended, problems=in_stable_order(found))

    def _find_earlier_problems(
        self, project: Project, request: Request, run: Run
    ) -> Sequence[Problem]:
        """Check the earlier runs that the training is to begin from, or to have views seen by."""
        wanted = Wanted(engine_of(project, request), request.shuffles, _body_parts(project))
        found: list[Problem] = []
        if (start := earlier_run_of(request)) is not None:
            found += find_weights_problems(start, *self._earlier(run, start), wanted)
        networks = request.cameras.networks if request.cameras else {}
        for asked in dict.fromkeys(networks.values()):
            found += find_network_problems(asked, *self._earlier(run, asked), wanted)
        return found

    def _earlier(self, run: Run, run_id: str) -> tuple[Run | None, tuple[str, ...]]:
        """Return the record of a run of the same lab, and what body parts it was trained for."""
        return self.table.get(run.lab, run_id), self._body_parts_of(run, run_id)

    def _body_parts_of(self, run: Run, earlier: str) -> tuple[str, ...]:
        text = self.objects.get(run.bucket, RunKeys(run.lab, earlier).request)
        try:
            return RunRequest.from_json(text).body_parts if text is not None else ()
        except StateError:
            return ()

    def _queue(
        self, run: Run, check: Check, project: Project, request: Request, is_retry: bool
    ) -> Run:
        queue, shuffles = self.queues[engine_of(project, request)], request.shuffles
        jobs = [TrainingJob(run.bucket, run.lab, run.run_id, shuffle) for shuffle in shuffles]
        found = [queue.find(job.name) if is_retry else None for job in jobs]
        if None in found:
            key = RunKeys(run.lab, run.run_id).request
            self.objects.put(run.bucket, key, _asked(run, check, project, request))
        parts = [part_of(run, shuffle) for shuffle in shuffles] if len(shuffles) > 1 else []
        if parts:  # they are there before the jobs, whose events look for them
            self.table.begin_parts(run, parts)
        job_id = None
        for number, job in enumerate(jobs):
            job_id = found[number] or queue.submit(job, request.time_limit_hours)
            if parts:
                self.table.name_job(replace(parts[number], job_id=job_id))
        work = work_of(check, project, request)
        quote = self.budget.quote(run.lab, work, request) if self.budget else None
        queued = replace(
            run,
            network=work.network,
            quote=quote.to_dict() if quote else {},
            checkpoint_minutes=request.checkpoint_minutes,
            status=Status.QUEUED,
            updated_at=self._time(),
            job_id=None if parts else job_id,
            shuffle=shuffles[0],
            problems=check.problems,
            notes=(*check.mended, *sentences_of(check)),
        )
        if not self.table.queue(queued):
            self.table.owe_acceptance(queued)  # the job's own events were faster
        return advance(self._now(run), self.table, self.clock())

    def _now(self, run: Run) -> Run:
        current = self.table.get(run.lab, run.run_id)
        if current is None:
            raise CloudError(f"The record of run {run.run_id} was deleted while it was at work.")
        return current

    def _time(self) -> str:
        return time_text(self.clock())


def _body_parts(project: Project) -> tuple[str, ...]:
    return (*project.body_parts, *project.unique_parts)


def _asked(run: Run, check: Check, project: Project, request: Request) -> str:
    return RunRequest(
        run_id=run.run_id,
        lab=run.lab,
        bucket=run.bucket,
        key=run.key,
        version_id=run.version_id,
        root=check.root,
        request=request,
        submitted_at=run.submitted_at,
        body_parts=_body_parts(project),
        images_3d=check.images_3d,
        warnings=handed_on(check.problems),
    ).to_json()
