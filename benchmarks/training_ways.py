"""The two ways to train a project, each run in a process of its own by training.py.

ours      the product from its watching process on: the watcher, the training process that it
          starts, and the checkpoints, each hashed and stored while training goes on
native    deeplabcut.train_network and deeplabcut.evaluate_network, called by hand
scores    what ours found beside what DeepLabCut finds by hand, for the same snapshot
weights   fetches the pretrained weights, for both ways
prepare   makes the project ready to train, and no more
computer  tells what this computer is
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from child import answer_parent
from folder_bucket import FolderBucket
from training_scores import compare_scores, evaluate_by_hand, read_scores_of_ours
from training_table import Taken

from dlc_batch_core.progress import Progress
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.checkpoint_store import CheckpointStore
from dlc_batch_trainer.checkpoint_uploads import CheckpointUploads
from dlc_batch_trainer.progress import ProgressReporter
from dlc_batch_trainer.supervisor import Signals, Supervisor
from dlc_batch_trainer.watch import Disk, Stall
from dlc_batch_trainer.worker_job import WorkerJob

_SHUFFLE = 1


@dataclass(frozen=True)
class Asked:
    """One training, by either way."""

    folder: str  # of its own, with a copy of the project in project/
    net: str  # one without a detector
    epochs: int
    batch: int
    weights: str  # pretrained or random
    seed: int = 1
    checkpoint_minutes: float = Request().checkpoint_minutes
    options: Mapping[str, object] = field(default_factory=dict)  # levers, as the request has them

    @property
    def project(self) -> Path:
        return Path(self.folder) / "project"

    @property
    def members(self) -> list[str]:
        files = (path for path in self.project.rglob("*") if path.is_file())
        return [path.relative_to(self.project).as_posix() for path in files]

    def request(self) -> Request:
        """Return what both ways are prepared by: split, settings and seed are the same."""
        return Request(
            engine="pytorch",
            net_type=self.net,
            epochs=self.epochs,
            batch_size=self.batch,
            weights=self.weights,
            seed=self.seed,
            validation=False,
            checkpoint_minutes=self.checkpoint_minutes,
            # By hand, DeepLabCut would look at the test frames now and then, and pay for it
            overrides={"runner.eval_interval": self.epochs + 1},
            **self.options,  # type: ignore[arg-type]  # the request's own
        )


class StageClock(ProgressReporter):
    """Keeps when each stage began; the reporter's own timings are rounded to a tenth."""

    def __init__(self, write: Callable[[Progress], None]) -> None:
        super().__init__(write, attempt=1)
        self._began_at: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        self._began_at[stage] = time.perf_counter()
        super().enter(stage)

    def between(self, stage: str, next_stage: str) -> float:
        """Return the seconds from when one began to when the other did."""
        return self._began_at[next_stage] - self._began_at[stage]


def train_ours(asked: Asked) -> dict[str, Any]:
    """Train as the container does; S3 is a folder, and no order comes from outside."""
    bucket = FolderBucket(Path(asked.folder) / "bucket")
    clock = StageClock(lambda now: bucket.put_object("progress.json", now.to_json().encode()))
    uploads = CheckpointUploads(CheckpointStore(bucket, "bucket", "checkpoints/"))  # type: ignore[arg-type]  # what it needs
    supervisor = Supervisor(
        job=_job(asked),
        signals=Signals(interrupt=lambda: False, control=lambda: None),
        seconds_left=lambda *_: math.inf,
        stall=Stall(60 * Request().stall_minutes),
        disk=Disk(lambda: shutil.disk_usage(asked.folder).free),
        reporter=clock,
        on_checkpoint=uploads.add,
    )
    frames = int(supervisor.run().metrics["train_frames"])
    if not uploads.finish(supervisor.seconds_to_spare):
        raise TimeoutError("the last checkpoint was not stored")
    seconds = clock.between("train", "evaluate")
    return _taken(asked, seconds, frames, read_scores_of_ours(Path(asked.folder)))


def _job(asked: Asked) -> WorkerJob:
    run = RunRequest(
        run_id="benchmark-1",
        lab="benchmark",
        bucket="bucket",
        key="uploads/benchmark/project.zip",
        version_id=None,
        root="",
        request=asked.request(),
        submitted_at="",
    )
    return WorkerJob(run.to_json(), _SHUFFLE, asked.folder, tuple(asked.members), origin={})


def train_native(asked: Asked) -> dict[str, Any]:
    """Call DeepLabCut by hand, with its defaults, on the project as ours prepares it."""
    ready = _prepare(asked)
    import deeplabcut  # type: ignore[import-untyped]  # has no types

    start = {"snapshot_path": _random_snapshot(asked, ready)} if asked.weights == "random" else {}
    config = str(ready.config_path)
    began = time.perf_counter()
    deeplabcut.train_network(config, shuffle=_SHUFFLE, trainingsetindex=ready.trainset, **start)
    seconds = time.perf_counter() - began
    snapshot = _last_snapshot(ready.model_folder / "train", asked.epochs)
    scores = evaluate_by_hand(ready.config_path, ready.trainset, snapshot)
    return _taken(asked, seconds, len(ready.split.train), scores)


def _random_snapshot(asked: Asked, ready: Any) -> str:
    """Save the network that ours begins from: by default DeepLabCut takes pretrained weights."""
    import torch
    from deeplabcut.pose_estimation_pytorch.models import (  # type: ignore[import-untyped]
        PoseModel,
    )

    torch.manual_seed(asked.seed)
    model = PoseModel.build(ready.settings["model"], pretrained_backbone=False)
    path = Path(asked.folder) / "random.pt"
    torch.save({"model": model.state_dict(), "metadata": {"epoch": 0}}, path)
    return str(path)


def _last_snapshot(folder: Path, epochs: int) -> Path:
    """Find the last epoch's: DeepLabCut writes it once, under `best` where it is that too."""
    names = (f"snapshot-{epochs:03}.pt", f"snapshot-best-{epochs:03}.pt")
    return next(path for name in names if (path := folder / name).is_file())


def _taken(
    asked: Asked, seconds: float, frames: int, scores: Mapping[str, float]
) -> dict[str, Any]:
    images = frames * asked.epochs
    return asdict(Taken(asked.seed, seconds, images, scores.get("test_rmse_px")))


def fetch_weights(asked: Asked) -> None:
    """Bring the pretrained weights to where each way looks for them."""
    from dlc_batch_trainer.weights import prepare_hub

    prepare_hub()  # before DeepLabCut is imported
    settings = _prepare(asked).settings
    from dlc_batch_trainer.weights import fetch_pretrained, redirect_backbones

    for each in (settings, redirect_backbones(settings)):
        fetch_pretrained(each)


def prepare(asked: Asked) -> dict[str, Any]:
    """Make the project ready to train."""
    ready = _prepare(asked)
    return {"config": str(ready.config_path), "trainset": ready.trainset}


def _prepare(asked: Asked) -> Any:
    """Mend the project, make its data set and draw the split; returns a `Prepared`."""
    from dlc_batch_trainer.preparation import Preparation  # imports DeepLabCut, which takes 16 s

    return Preparation(asked.project, asked.request(), _SHUFFLE).run(asked.members)


def describe_computer(_: Asked) -> str:
    """Return a line on what the figures were measured with."""
    from dlc_batch_trainer.capsule import describe_hardware, installed_versions

    hardware, versions = describe_hardware({}), installed_versions()
    gpu = hardware["gpu"]["name"] if hardware["gpu"] else "no GPU"
    return (
        f"{gpu}, {hardware['cores']} cores of {hardware['cpu']},"
        f" torch {versions['torch']}, DeepLabCut {versions['deeplabcut']}"
    )


WAYS: dict[str, Callable[[Asked], Any]] = {
    "ours": train_ours,
    "native": train_native,
    "scores": lambda asked: compare_scores(Path(asked.folder)),
    "weights": fetch_weights,
    "prepare": prepare,
    "computer": describe_computer,
}

if __name__ == "__main__":
    answer_parent(lambda what, asked: WAYS[what](Asked(**asked)))
