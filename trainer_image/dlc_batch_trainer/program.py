"""The job, top to bottom: what goes in, who watches, what comes out.

fetch     request.json, and the directory of the version of the upload that was checked
unpack    the settings, label tables and images of the project, written as they arrive; nothing
          that could be code
calibrate the cameras, where the lab has several (in_space.py)
restore   the newest whole checkpoint of an earlier attempt, where there is one
(train)   in a process of its own (worker.py), watched: prepare, train, evaluate, export
upload    the results
report    made of them, in a process of its own; once more where videos were analysed
after     videos, and DeepLabCut's export_model, where asked for: in another process, watched too;
          then what several cameras saw is put together in space
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlc_batch_core.control import Action
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.keys import own_folder
from dlc_batch_core.limits import Limits
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.after import failure
from dlc_batch_trainer.after_process import AfterProcess
from dlc_batch_trainer.after_training import AfterTraining
from dlc_batch_trainer.attempt_log import Attempt, AttemptLog
from dlc_batch_trainer.attempts import halvings_now
from dlc_batch_trainer.background import Poll
from dlc_batch_trainer.checkpoint_uploads import CheckpointUploads
from dlc_batch_trainer.container import describe_image
from dlc_batch_trainer.errors import Interrupted, OutOfMemory, Unscored, UserError
from dlc_batch_trainer.in_space import SPACE_MODULE, InSpace
from dlc_batch_trainer.ingest import Ingest
from dlc_batch_trainer.patience import STORE_ERRORS, patiently
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.report.task import Task, report_files, verdict_in
from dlc_batch_trainer.side_process import SideProcess
from dlc_batch_trainer.spot import NOTICE_SECONDS, Metadata, is_to_be_taken_away
from dlc_batch_trainer.store import RunStore, StoredUpload
from dlc_batch_trainer.supervisor import Signals, Supervisor, WorkerEnd
from dlc_batch_trainer.termination import Termination
from dlc_batch_trainer.videos import Videos
from dlc_batch_trainer.watch import Disk, Stall, seconds_until_end_of
from dlc_batch_trainer.worker_job import WorkerJob

_CONTROL_SECONDS = 10.0  # how often control.json is read
#: A report takes seconds. One that takes longer is stuck (our choice).
_REPORT_SECONDS = 300.0
#: Calibration and a recording of hours take minutes (our choice).
_SPACE_SECONDS = 3600.0


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    message: str  # a sentence for the lab
    metrics: Mapping[str, float]
    files: tuple[str, ...]  # relative to results/
    follow_up: FollowUp | None = None  # what came of what was to follow; None: not known yet
    verdict: Mapping[str, str] = field(default_factory=dict)  # of the report, where there is one


@dataclass
class TrainingProgram:
    """One attempt at one shuffle of one run, in a work folder of its own."""

    store: RunStore
    shuffle: int
    work: Path
    attempt: Attempt
    reporter: ProgressReporter
    termination: Termination
    mended: list[str] = field(default_factory=list)  # sentences for the lab
    limits: Limits = field(default_factory=Limits)  # how large a project is accepted
    place: Mapping[str, Any] = field(default_factory=dict)  # instance_type, life_cycle
    _log: AttemptLog = field(init=False)
    _verdict: Mapping[str, str] = field(default_factory=dict)  # of the last report made
    _unreported: str = ""  # why there is no report, as it is noted; a later one takes it back
    _batch_size: int | None = None  # of the last training process, as far as it had come

    def __post_init__(self) -> None:
        self._log = AttemptLog(self.store.checkpoints(), self.attempt, self.place)

    def run(self, on_trained: Callable[[Trained], None]) -> Trained:
        """Train the shuffle and leave its results in S3; then do what is to follow.

        Args:
            on_trained: told as soon as the results are safe, whatever becomes of the rest.

        Raises:
            DlcBatchError: with a sentence and a remedy, whoever must act.
            Interrupted: the host is taken away; what could be kept is kept.
        """
        self.reporter.enter("fetch")
        run = self.store.read_request()
        upload = self.store.find_upload(run)
        self._log.read()
        try:
            with self._signals() as signals:
                job = self._gather(run, upload)
                space = self._calibrate(run, signals)
                end = self._train(run, upload, job, signals)
                files = self._write_results(run)
                self._log.record(trained=True)
                with self.termination.deferred():  # what is trained is not told as cut off
                    on_trained(Trained(end.message, end.metrics, files))
                    files = (*files, *self._report(run, signals))
                trained = Trained(end.message, end.metrics, files, verdict=self._verdict)
                if run.request.analyze_videos or run.request.export_model or space:
                    after = self._follow(run, signals)
                    files = (*files, *after.files)
                    if space is not None:
                        files += self._put_together(space, after)
                    if run.request.analyze_videos:
                        with self.termination.deferred():
                            files += self._report(run, signals, after.notes, after.uncertain)
                    files = tuple(dict.fromkeys(files))  # the report is made anew
                    trained = dataclasses.replace(
                        trained, files=files, follow_up=after.follow_up, verdict=self._verdict
                    )
        except BaseException as error:
            self._log.end(_word_of(error))
            raise
        self._log.end("done")
        return trained

    @contextlib.contextmanager
    def _signals(self) -> Iterator[Signals]:
        """Listen to the host and to the lab for as long as the block lasts."""
        metadata = Metadata.from_environment()
        notice = Poll(lambda: is_to_be_taken_away(metadata) or None, NOTICE_SECONDS)
        control = Poll(self.store.read_control, _CONTROL_SECONDS)
        try:
            yield Signals(
                interrupt=lambda: self.termination.asked or bool(notice.answer),
                control=lambda: control.answer.action if control.answer else None,
            )
        finally:
            notice.stop()
            control.stop()

    def _calibrate(self, run: RunRequest, signals: Signals) -> InSpace | None:
        """Calibrate the cameras, where the lab has several: before anything that costs much.

        Raises:
            UserError: they can't be calibrated, and the lab required it.
        """
        cameras = run.request.cameras
        if cameras is None:
            return None
        self.reporter.enter("calibrate")
        space = InSpace(
            cameras=cameras,
            project=self.work / "project",
            folder=self.work / "in-space" / own_folder(self.shuffle, run.request.shuffles),
            work=self.work / "in-space-work",
            run=lambda task: self._beside(SPACE_MODULE, run, signals, _SPACE_SECONDS).run(task),
        )
        space.calibrate()
        self.mended += space.notes
        return space

    def _put_together(self, space: InSpace, after: AfterTraining) -> tuple[str, ...]:
        """Make poses in space of the videos that were analysed, and leave them in S3.

        Returns:
            their files, relative to results/.
        """
        told = len(space.notes)
        with self.termination.deferred():
            try:
                if after.request.triangulate:
                    came = space.put_together(after.analysed, self.store, after.follow_up)
                    after.follow_up = came
                files = self.store.write_results(self.work / "in-space")
                own = own_folder(self.shuffle, after.request.shuffles)
                shutil.copytree(space.made, self.work / "results" / own / space.made.name)
            except (*STORE_ERRORS, OSError) as error:
                files = ()
                space.notes.append(failure("Keeping the poses in space", error))
        after.notes += space.notes[told:]
        self.mended += space.notes[told:]
        return files

    def _train(
        self, run: RunRequest, upload: StoredUpload, job: WorkerJob, signals: Signals
    ) -> WorkerEnd:
        self.reporter.enter("restore")
        job = dataclasses.replace(job, notes=tuple(self.mended))
        job = self._restored(job)
        while True:
            try:
                return self._supervise(run, job, signals)
            except OutOfMemory as error:
                if job.halvings or self._batch_size == 1:
                    raise
                self.mended.append(error.message)
                job = dataclasses.replace(job, halvings=1)
            except Unscored as error:
                if not job.is_scored:
                    raise
                self.mended.append(f"{error.message} The network has no scores. {error.remedy}")
                job = dataclasses.replace(job, is_scored=False)
            shutil.rmtree(job.project)  # the training data set is made once in a copy
            shutil.rmtree(job.results, ignore_errors=True)
            again = self._gather(run, upload)
            again = dataclasses.replace(again, halvings=job.halvings, is_scored=job.is_scored)
            job = self._restored(again)

    def _write_results(self, run: RunRequest) -> tuple[str, ...]:
        results = self.work / "results"
        if len(run.request.shuffles) == 1:
            return self.store.write_results(results)
        trained = next(results.glob("dlc-models*/*/*")).name
        return self.store.write_results(results, trained)

    def _report(
        self,
        run: RunRequest,
        signals: Signals,
        notes: Sequence[str] = (),
        uncertain: Mapping[str, tuple[int, ...]] | None = None,
    ) -> tuple[str, ...]:
        """Make the report of the results, and leave it beside them.

        Args:
            notes: sentences for the lab on what came after the training.
            uncertain: frames of the videos that were analysed.

        Returns:
            its files, relative to results/; none where it could not be made, which is a note.
        """
        own = own_folder(self.shuffle, run.request.shuffles)
        results, project = self.work / "results", self.work / "project"
        task = Task(str(results), own, str(project), tuple(notes), uncertain or {})
        try:
            process = self._beside("dlc_batch_trainer.report", run, signals, _REPORT_SECONDS)
            why = process.run(task.to_json())
            if why is None:
                files = self.store.write_some_results(results, report_files(results, own))
                self._verdict = verdict_in(results, own)
                self.mended = [note for note in self.mended if note != self._unreported]
                return files
        except (*STORE_ERRORS, OSError) as error:
            why = str(error)
        self._unreported = failure("The report", why)
        self.mended = list(dict.fromkeys([*self.mended, self._unreported]))
        return ()

    def _beside(
        self, module: str, run: RunRequest, signals: Signals, most_seconds: float
    ) -> SideProcess:
        seconds = 3600 * run.request.time_limit_hours - self._log.seconds
        return SideProcess(module, self.work, signals.interrupt, seconds, most_seconds)

    def _gather(self, run: RunRequest, upload: StoredUpload) -> WorkerJob:
        """Bring everything that the training process needs onto the disk."""
        ingest = Ingest.begin(upload, run.intake, self.limits)
        self.reporter.enter("unpack")
        project = self.work / "project"
        project.mkdir()
        ingest.write(project, self.reporter.fetched)
        start, start_detector = self._fetch_start(run)
        return WorkerJob(
            run=run.to_json(),
            shuffle=self.shuffle,
            work=str(self.work),
            members=tuple(ingest.files),
            origin=_origin(run, upload, ingest),
            notes=tuple(self.mended),
            start=start,
            start_detector=start_detector,
        )

    def _fetch_start(self, run: RunRequest) -> tuple[str | None, str | None]:
        """Bring the snapshots of the earlier run that this one begins from."""
        if run.request.weights in ("pretrained", "random"):
            return None, None
        paths = self.store.find_snapshots(run.request.weights, self.work / "start")
        detector = [path for path in paths if "detector" in path.name]
        pose = [
            path for path in paths if path not in detector and path.suffix in (".pt", ".index")
        ]
        if len(pose) != 1:
            raise UserError(
                f"The run {run.request.weights} left {len(pose)} snapshots to begin from.",
                "Name another run after `weights` in dlc-batch.yaml.",
            )
        prefix = pose[0].with_suffix("") if pose[0].suffix == ".index" else pose[0]
        return str(prefix), str(detector[0]) if detector else None

    def _restored(self, job: WorkerJob) -> WorkerJob:
        """Put the checkpoint to go on from into the job, and record that this attempt begins."""
        log, target = self._log, self.work / "resume"
        found = patiently(lambda: log.store.restore(target))
        halvings = int(found.position.get("halvings", 0)) if found else 0
        halvings = halvings_now(log.before, found.number if found else None, halvings)
        halvings = max(halvings, job.halvings)
        if found:
            print(f"going on from checkpoint {found.number}: {found.position['position']}")
        log.begin(found, halvings)
        return dataclasses.replace(
            job,
            resume=str(target) if found else None,
            halvings=halvings,
            attempts=tuple(log.entries),
            place=self.place,
            notes=tuple(self.mended),
            timings=self.reporter.timings(),
            image=describe_image(),
            is_trained=bool(found) and any(each.get("trained") for each in log.before),
        )

    def _supervise(self, run: RunRequest, job: WorkerJob, signals: Signals) -> WorkerEnd:
        shutil.rmtree(job.checkpoints, ignore_errors=True)
        # with each checkpoint: what an attempt that vanishes took is known up to there
        uploads = CheckpointUploads(self._log.store, self._log.record_seconds)
        hours = run.request.time_limit_hours
        supervisor = Supervisor(
            job=job,
            signals=signals,
            seconds_left=lambda stage: self._seconds_until_end_of(stage, hours),
            stall=Stall(60 * run.request.stall_minutes),
            disk=Disk(lambda: shutil.disk_usage(self.work).free),
            reporter=self.reporter,
            on_checkpoint=uploads.add,
        )
        try:
            with self.termination.deferred():
                end = supervisor.run()
            if self.termination.asked:  # too late for the training to hear of it
                raise Interrupted
            return end
        finally:
            self._batch_size = supervisor.batch_size
            self.mended += [note for note in supervisor.notes if note not in self.mended]
            with self.termination.deferred():
                uploads.finish(supervisor.seconds_to_spare)

    def _follow(self, run: RunRequest, signals: Signals) -> AfterTraining:
        """Do what is to follow the training; its results are safe by now.

        Returns:
            the steps, with what came of them.

        Raises:
            Interrupted: the host is taken away; the next attempt goes on with the rest.
        """
        hours = run.request.time_limit_hours

        def reason_to_end() -> str | None:
            if signals.interrupt():
                return "the computer was taken away"
            if signals.control() is Action.STOP_NOW:
                return "the lab stopped the run"
            is_late = self._seconds_until_end_of("after", hours) <= 0
            return "the time limit was near" if is_late else None

        self.reporter.enter("after")
        process = AfterProcess(60 * run.request.stall_minutes, reason_to_end)
        after = AfterTraining(
            request=run.request,
            store=self.store,
            videos=Videos(run, self.store, self.limits, lambda: reason_to_end() is not None),
            project=self.work / "project",
            number=self.shuffle,
            work=self.work / "after",
            process=process,
            tell=self.reporter.video,
        )
        with self.termination.deferred():
            after.run()
            if after.is_cut_short and signals.interrupt():
                raise Interrupted
        self.mended += after.notes
        return after

    def _seconds_until_end_of(self, stage: str, time_limit_hours: float) -> float:
        return seconds_until_end_of(stage, time_limit_hours) - self._log.seconds


def _word_of(error: BaseException) -> str:
    return "interrupted" if isinstance(error, Interrupted) else "failed"


def _origin(run: RunRequest, upload: StoredUpload, ingest: Ingest) -> dict[str, object]:
    """Which upload, and what of it: the zip as a whole is never read, so it has no hash."""
    return {
        "key": run.key,
        "version_id": run.version_id,
        "etag": upload.etag,
        "bytes": upload.size,
        "taken": ingest.facts(),
    }
