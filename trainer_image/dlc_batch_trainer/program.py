"""The training program, top to bottom.

fetch     request.json, and the directory of the version of the upload that was checked
unpack    the settings, label tables and images of the project, written as they arrive; nothing
          that could be code
prepare   mend a copy of config.yaml, make the data set anew, draw the split, set the network
train     with DeepLabCut: a line, and now and then a progress.json, as epochs are done
evaluate  with DeepLabCut: the last snapshot, on the frames it trained on and on the others
export    DeepLabCut's files as the lab would have them, a zip of them, and run.json
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.limits import Limits
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.export import export_results, write_run_file, zip_results
from dlc_batch_trainer.ingest import Ingest
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.store import RunStore, StoredUpload
from dlc_batch_trainer.weights import prepare_hub

if TYPE_CHECKING:
    from dlc_batch_trainer.preparation import Prepared
    from dlc_batch_trainer.training import Snapshot

_PACKAGES = ("deeplabcut", "torch", "torchvision", "timm", "numpy", "pandas", "albumentations")


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    message: str  # a sentence for the lab
    metrics: Mapping[str, float]
    files: tuple[str, ...]  # relative to results/


@dataclass(frozen=True)
class TrainingProgram:
    """One shuffle of one run, in a work folder of its own.

    DeepLabCut is imported from `prepare` on: it takes 16 s, and an upload at fault should hear
    sooner. Its hub client reads the environment then, hence prepare_hub before it.
    """

    store: RunStore
    shuffle: int
    work: Path
    reporter: ProgressReporter
    mended: list[str] = field(default_factory=list)  # sentences for the lab
    limits: Limits = field(default_factory=Limits)  # how large a project is accepted

    def run(self) -> Trained:
        """Train the shuffle and leave its results in S3.

        Raises:
            DlcBatchError: with a sentence and a remedy, whoever must act.
        """
        self.reporter.enter("fetch")
        run = self.store.read_request()
        upload = self.store.find_upload(run)
        ingest = Ingest.begin(upload, run.root, self.limits)

        self.reporter.enter("unpack")
        project = self.work / "project"
        project.mkdir()
        ingest.write(project, self.reporter.fetched)

        self.reporter.enter("prepare")
        ready = self._prepare(run, project, ingest.files)

        self.reporter.enter("train")
        snapshot = self._train(run, ready)

        metrics: dict[str, float] = {
            "train_frames": len(ready.split.train),
            "test_frames": len(ready.split.test),
        }
        if run.request.evaluate:
            self.reporter.enter("evaluate")
            metrics |= self._evaluate(ready, snapshot)

        self.reporter.enter("export")
        results = self.work / "results"
        export_results(project, ready.model_folder, ready.home_metadata, results)
        zip_results(results, run.run_id.rpartition("-")[0] or run.run_id)
        origin = _origin(run, upload, ingest)
        write_run_file(results, self._facts(run, ready, metrics, origin))
        files = self.store.write_results(results)
        message = _sentence(ready, snapshot, metrics, run.request.evaluate)
        return Trained(message, metrics, files)

    def _prepare(self, run: RunRequest, project: Path, members: tuple[str, ...]) -> Prepared:
        if run.request.weights != "random":
            prepare_hub()
        from dlc_batch_trainer.preparation import Preparation

        return Preparation(project, run.request, self.shuffle, self.mended).run(members)

    def _train(self, run: RunRequest, ready: Prepared) -> Snapshot:
        from dlc_batch_trainer.training import train_shuffle, use_all_cores

        use_all_cores()
        return train_shuffle(
            ready.config_path,
            self.shuffle,
            ready.trainset,
            run.request.weights,
            self.work,
            self.reporter.epoch,
        )

    def _evaluate(self, ready: Prepared, snapshot: Snapshot) -> dict[str, float]:
        from dlc_batch_trainer.evaluation import evaluate_shuffle

        scores = evaluate_shuffle(ready.config_path, self.shuffle, ready.trainset, snapshot)
        for name, value in scores.items():
            print(f"{name}: {value:.2f}", flush=True)
        return scores

    def _facts(
        self,
        run: RunRequest,
        ready: Prepared,
        metrics: Mapping[str, float],
        origin: Mapping[str, object],
    ) -> dict[str, object]:
        """What run.json tells: enough to repeat the training."""
        split = ready.split
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": run.run_id,
            "shuffle": self.shuffle,
            "upload": origin,
            "request": run.request.to_dict(),
            "net_type": ready.settings["net_type"],
            "train_settings": ready.settings["train_settings"],
            "split": {
                "method": split.method,
                "seed": split.seed,
                "note": split.note,
                "fraction": split.fraction,
                "train": [ready.images[i] for i in split.train],
                "test": [ready.images[i] for i in split.test],
            },
            "metrics": metrics,
            "mended": self.mended,
            "versions": {"python": platform.python_version()}
            | {name: version(name) for name in _PACKAGES},
            "timings": self.reporter.timings(),
        }


def _origin(run: RunRequest, upload: StoredUpload, ingest: Ingest) -> dict[str, object]:
    """Which upload, and what of it: the zip as a whole is never read, so it has no hash."""
    return {
        "key": run.key,
        "version_id": run.version_id,
        "etag": upload.etag,
        "bytes": upload.size,
        "taken": ingest.facts(),
    }


def _sentence(
    ready: Prepared, snapshot: Snapshot, metrics: Mapping[str, float], was_evaluated: bool
) -> str:
    net, frames = ready.settings["net_type"], len(ready.split.train)
    done = f"Trained {net} for {snapshot.epochs} epochs on {frames} frames"
    others = f"the {len(ready.split.test)} frames it did not train on"
    if "test_rmse_px" in metrics:
        return f"{done}; the error on {others} is {metrics['test_rmse_px']:.2f} px."
    if was_evaluated:
        return f"{done}; there is no score, for it found nothing that is labelled on {others}."
    return f"{done}."
