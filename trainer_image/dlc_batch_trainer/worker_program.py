"""The training of one shuffle, top to bottom, on local files."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dlc_batch_core.keys import own_folder
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.words import counted
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.after import failure
from dlc_batch_trainer.capsule import (
    METHODS_FILE,
    Training,
    baked_weights,
    describe_hardware,
    installed_versions,
    labels_sha256,
    methods_text,
    run_facts,
)
from dlc_batch_trainer.channel import Channel
from dlc_batch_trainer.evaluation import Evaluation, evaluate, read_label_tables
from dlc_batch_trainer.export import export_results, write_run_file, zip_results
from dlc_batch_trainer.plan import Monitor, TrainedSnapshot, TrainingPlan
from dlc_batch_trainer.preparation import Preparation, Prepared
from dlc_batch_trainer.worker_job import WorkerJob

#: The part of `checkpoint_minutes` after which a checkpoint is begun: the rest is for its upload.
_BEGIN_SHARE = 0.8
_SPEED_OPTIONS = (
    "loader_workers",
    "image_cache",
    "mixed_precision",
    "channels_last",
    "fast_kernels",
)


@dataclass
class WorkerProgram:
    """One shuffle of one run, in a work folder of its own."""

    job: WorkerJob
    channel: Channel
    notes: list[str] = field(default_factory=list)  # sentences for the lab, from here
    _stage: str = ""
    _began: float = 0.0  # time.monotonic() of the stage
    _timings: dict[str, float] = field(default_factory=dict)  # seconds by stage

    def run(self) -> None:
        """Train the shuffle and leave its results in the work folder.

        Raises:
            DlcBatchError: with a sentence and a remedy, whoever must act.
            Interrupted: a last checkpoint was made, as asked.
        """
        run = RunRequest.from_json(self.job.run)
        self._timings |= self.job.timings
        self._enter("prepare")
        ready = self._prepare(run.request)
        self._enter("train")
        snapshot = _engine(ready.engine)(self._plan(run.request, ready), self.channel)
        self._say([*_halved(self.job.halvings), *snapshot.notes])
        evaluation = self._evaluate_safely(run.request, ready, snapshot)
        self._enter("export")
        metrics = _metrics(ready, snapshot, evaluation)
        self._export(run, ready, evaluation)
        self._write_record(self._training(run, ready, snapshot, evaluation, metrics))
        message = _sentence(ready, snapshot, metrics, evaluation is not None)
        course = course_words(snapshot, has_validation=bool(ready.split.validation))
        self.channel.done(message, metrics, course)

    def _enter(self, stage: str) -> None:
        now = time.monotonic()
        if self._stage:
            self._timings[self._stage] = round(now - self._began, 1)
        self._stage, self._began = stage, now
        self.channel.stage(stage)

    def _prepare(self, request: Request) -> Prepared:
        notes: list[str] = []
        try:
            preparation = Preparation(self.job.project, request, self.job.shuffle, notes)
            return preparation.run(self.job.members)
        finally:
            self._say(notes)

    def _plan(self, request: Request, ready: Prepared) -> TrainingPlan:
        job = self.job
        return TrainingPlan(
            config_path=ready.config_path,
            shuffle=job.shuffle,
            trainset=ready.trainset,
            model_folder=ready.model_folder,
            settings=ready.settings,
            seed=request.seed,
            weights=request.weights,
            scratch=Path(job.work),
            checkpoints=job.checkpoints,
            checkpoint_seconds=60 * request.checkpoint_minutes * _BEGIN_SHARE,
            validation=ready.split.validation,
            resume=Path(job.resume) if job.resume else None,
            start=Path(job.start) if job.start else None,
            start_detector=Path(job.start_detector) if job.start_detector else None,
            halvings=job.halvings,
            options={name: getattr(request, name) for name in _SPEED_OPTIONS},
        )

    def _evaluate_safely(
        self, request: Request, ready: Prepared, snapshot: TrainedSnapshot
    ) -> Evaluation | None:
        """Score the snapshot; what goes wrong costs the scores, and not the training."""
        if not request.evaluate or not self.job.is_scored:
            return None
        self._enter("evaluate")
        try:
            return self._evaluate(ready, snapshot)
        except Exception as error:  # whatever it is, the network is trained
            traceback.print_exception(error)
            sys.stderr.flush()
            self._say([failure("The evaluation", error)])
            return None

    def _evaluate(self, ready: Prepared, snapshot: TrainedSnapshot) -> Evaluation:
        found = evaluate(
            ready.config_path,
            self.job.shuffle,
            ready.trainset,
            snapshot,
            ready.split,
            ready.images,
            ready.engine,
        )
        self._say(found.notes)
        for name, value in found.metrics.items():
            print(f"{name}: {value:.2f}", flush=True)
        return found

    def _export(self, run: RunRequest, ready: Prepared, evaluation: Evaluation | None) -> None:
        results = self.job.results
        export_results(self.job.project, ready.model_folder, ready.home_metadata, results)
        if len(run.request.shuffles) == 1:  # else what is unpacked last would hide the others
            zip_results(results, run.run_id.rpartition("-")[0] or run.run_id)
        own = results / own_folder(self.job.shuffle, run.request.shuffles)
        own.mkdir(exist_ok=True)
        if evaluation:  # beside the zip, which is unpacked over the lab's project
            evaluation.write(own)

    def _write_record(self, training: Training) -> None:
        results = self.job.results
        own = own_folder(training.shuffle, training.run.request.shuffles)
        (results / own / METHODS_FILE).write_text(methods_text(training), encoding="utf-8")
        write_run_file(results, own, run_facts(training))

    def _say(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.notes.append(note)
            self.channel.note(note)

    def _training(
        self,
        run: RunRequest,
        ready: Prepared,
        snapshot: TrainedSnapshot,
        evaluation: Evaluation | None,
        metrics: Mapping[str, float],
    ) -> Training:
        """Everything there is to tell of it."""
        config = read_yaml_mapping(ready.config_path.read_text(), ready.config_path.name)
        tables = read_label_tables(self.job.project, str(config["scorer"]))
        export_seconds = round(time.monotonic() - self._began, 1)
        return Training(
            run=run,
            shuffle=self.job.shuffle,
            origin=self.job.origin,
            engine=ready.engine,
            settings=ready.settings,
            split=ready.split,
            images=ready.images,
            snapshot=snapshot,
            metrics=metrics,
            labels_sha256=labels_sha256(tables),
            versions=installed_versions(),
            hardware=describe_hardware(self.job.place),
            is_multi_animal=bool(config.get("multianimalproject")),
            weights_files=baked_weights(snapshot, str(ready.settings["net_type"])),
            pcutoff=evaluation.pcutoff if evaluation else None,
            halvings=self.job.halvings,
            attempts=self.job.attempts,
            image=self.job.image,
            mended=[*self.job.notes, *self.notes],
            timings={**self._timings, self._stage: export_seconds},
        )


def _engine(name: str) -> Callable[[TrainingPlan, Monitor], TrainedSnapshot]:
    """Import the one engine: each has an environment of its own."""
    if name == "tensorflow":
        from dlc_batch_trainer.tensorflow.training import train as train_tensorflow

        return train_tensorflow
    from dlc_batch_trainer.pytorch.training import train

    return train


def _metrics(
    ready: Prepared, snapshot: TrainedSnapshot, evaluation: Evaluation | None
) -> dict[str, float]:
    split = ready.split
    found: dict[str, float] = {
        "train_frames": len(split.train),
        "test_frames": len(split.test),
        "validation_frames": len(split.validation),
    }
    if snapshot.best is not None:
        found["validation_rmse_px"] = snapshot.best.rmse_px
    return found | (evaluation.metrics if evaluation else {})


def _sentence(
    ready: Prepared, snapshot: TrainedSnapshot, metrics: Mapping[str, float], was_evaluated: bool
) -> str:
    net, frames = ready.settings["net_type"], len(ready.split.train)
    length = snapshot.length(snapshot.done) if snapshot.done else "less than an epoch"
    done = f"Trained {net} for {length} on {counted(frames, 'frames')}"
    others = f"the {counted(len(ready.split.test), 'frames')} it did not train on"
    if "test_rmse_px" in metrics:
        return f"{done}; the error on {others} is {metrics['test_rmse_px']:.2f} px."
    if was_evaluated:
        return f"{done}; there is no score, for it found nothing that is labelled on {others}."
    return f"{done}."


def course_words(snapshot: TrainedSnapshot, *, has_validation: bool) -> str:
    """Say of a training that was stopped where it ended, and which snapshot was kept."""
    where = f"after {snapshot.done} of {snapshot.length(snapshot.total)}"
    if not snapshot.done:
        where = f"before its first {snapshot.unit.removesuffix('s')} was over"
    if snapshot.best is not None:
        kept = f"The best snapshot was kept: that after {snapshot.length(snapshot.trained)}."
    elif has_validation:
        kept = "The last snapshot was kept: validation had not run yet."
    else:
        kept = "The last snapshot was kept: there are no validation frames to choose by."
    return f"{where}. {kept}"


def _halved(halvings: int) -> list[str]:
    if not halvings:
        return []
    times = "half" if halvings == 1 else f"1/{2**halvings} of"
    return [
        f"For lack of memory it went on with {times} the batch size, and with learning rates"
        " scaled likewise."
    ]
