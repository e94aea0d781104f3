"""Training by dlc-batch against DeepLabCut called by hand: time, scores, what each lever brings.

    python benchmarks/training.py [--project FOLDER] [--net resnet_50] [--epochs 3] [--batch 4]
                                  [--weights random] [--pairs 5] [--levers] [--folder /tmp]

Both ways train the same project from the same split, settings and initial weights, without
validation frames, each in a process of its own, in turns. "By hand" is deeplabcut.train_network
with its defaults; ours trains in the process that the container has, with its checkpoints, and
its events are read as its watcher reads them. Time is that of training alone: neither imports
nor the making of the data set count.

Then DeepLabCut by hand and ours evaluate the same snapshot, and the figures must be the same.
With --levers ours trains once more with each lever of speed switched off, one at a time, and the
test errors of all stand beside that of DeepLabCut by hand: for a computer with a GPU, with the
openfield project (from DeepLabCut's examples), --epochs 200 --batch 8 and --weights pretrained.
Without --project the demo's project is drawn.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LEVERS: dict[str, object] = {
    "loader_workers": 0,
    "image_cache": False,
    "mixed_precision": False,
    "channels_last": False,
    "fast_kernels": False,
}
ALL_OFF = "all levers off"


@dataclass(frozen=True)
class Asked:
    """One training, by either way."""

    project: str  # a copy of its own
    net: str
    epochs: int
    batch: int
    weights: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """What a training took."""

    seconds: float
    images: int
    snapshot: str
    test_rmse_px: float | None = None

    @property
    def speed(self) -> float:
        """Images a second."""
        return self.images / self.seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a labelled project (default: the demo's)")
    parser.add_argument("--net", default="resnet_50")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--weights", choices=("pretrained", "random"), default="random")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--levers", action="store_true", help="train with each lever off, too")
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        bench = Bench(Path(work), asked)
        ours, native = bench.pairs(asked.pairs)
        bench.compare_scores()
        if asked.levers:
            bench.levers(ours, native)


class Bench:
    """Trainings of copies of one project."""

    def __init__(self, work: Path, asked: argparse.Namespace) -> None:
        self._work = work
        self._asked = asked
        self._source = asked.project or _draw(work / "demo-project")

    def pairs(self, count: int) -> tuple[Taken, Taken]:
        """Train in turns, and print the median of the ratios."""
        ratios, all_ours, all_native = [], [], []
        for number in range(1, count + 1):
            ours, native = self._run("ours"), self._run("native")
            ratios.append(ours.seconds / native.seconds)
            all_ours.append(ours)
            all_native.append(native)
            print(
                f"pair {number}: ours {ours.seconds:.1f} s, by hand {native.seconds:.1f} s,"
                f" ours / by hand {ratios[-1]:.3f}",
                flush=True,
            )
        print(f"median of {count} ratios of time, ours / by hand: {statistics.median(ratios):.3f}")
        speed = [statistics.median(t.speed for t in each) for each in (all_ours, all_native)]
        print(
            f"images a second: ours {speed[0]:.1f}, by hand {speed[1]:.1f},"
            f" ours / by hand {speed[0] / speed[1]:.2f}"
        )
        return all_ours[-1], all_native[-1]

    def compare_scores(self) -> None:
        """Evaluate one snapshot both ways: ours with its means, DeepLabCut with its table."""
        found = _child("scores", asdict(self._request("ours", {})), self._fresh("scores"))
        print("\nthe same snapshot evaluated:")
        for name, (ours, native) in found["figures"].items():
            print(f"  {name:<24} ours {ours:>10}   by hand {native:>10}")
            assert ours == native, f"{name} differs"

    def levers(self, ours: Taken, native: Taken) -> None:
        """Train with each lever off, and print a table."""
        rows = [("DeepLabCut by hand", native), ("ours", ours)]
        for name, value in LEVERS.items():
            rows.append((f"ours, {name}: {value}".lower(), self._run("ours", {name: value})))
        rows.append((f"ours, {ALL_OFF}", self._run("ours", LEVERS)))
        print(f"\n{'':<34}{'images/s':>10}{'/ by hand':>11}{'test error (px)':>17}")
        for name, taken in rows:
            ratio = taken.speed / native.speed
            print(f"{name:<34}{taken.speed:>10.1f}{ratio:>11.2f}{taken.test_rmse_px or 0:>17.2f}")

    def _run(self, way: str, options: Mapping[str, object] | None = None) -> Taken:
        folder = self._fresh(way)
        request = asdict(self._request(way, options or {}))
        found = _child(way, {**request, "is_scored": self._asked.levers}, folder)
        shutil.rmtree(folder)
        return Taken(**found)

    def _fresh(self, name: str) -> Path:
        folder = self._work / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._source, folder / "project")
        return folder

    def _request(self, way: str, options: Mapping[str, object]) -> Asked:
        asked = self._asked
        project = str(self._work / way / "project")
        return Asked(project, asked.net, asked.epochs, asked.batch, asked.weights, options)


def _draw(folder: Path) -> Path:
    from dlc_batch.demo.project import make_demo_project

    return make_demo_project(folder)


def _child(way: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    request = {**request, "project": str(folder / "project")}
    command = [sys.executable, __file__, "child", way, json.dumps(request)]
    with (folder / "log.txt").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit((folder / "log.txt").read_text()[-3000:])
    found: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return found


# ---- In a process of its own ----------------------------------------------------------------


def child(way: str, text: str) -> None:
    """Prepare a copy of the project, train it one way, and leave what it took."""
    request = json.loads(text)
    is_scored = request.pop("is_scored", False)
    asked = Asked(**request)
    ready = _prepare(asked)
    folder = Path(asked.project).parent
    if way == "scores":
        taken = _train_ours(asked, ready)
        answer: dict[str, Any] = {"figures": _figures(ready, Path(taken.snapshot))}
    else:
        taken = _train_ours(asked, ready) if way == "ours" else _train_native(asked, ready)
        answer = asdict(taken)
        if is_scored:
            _evaluate_native(ready, Path(taken.snapshot))
            answer["test_rmse_px"] = _native_scores(ready)["test_rmse_px"]
    (folder / "answer.json").write_text(json.dumps(answer))


def _prepare(asked: Asked) -> Any:
    from dlc_batch_core.request import Request
    from dlc_batch_trainer.preparation import Preparation

    project = Path(asked.project)
    request = Request(
        net_type=asked.net,
        epochs=asked.epochs,
        batch_size=asked.batch,
        weights=asked.weights,
        validation=False,
        seed=1,
    )
    members = [path.relative_to(project).as_posix() for path in project.rglob("*")]
    return Preparation(project, request, 1).run([m for m in members if (project / m).is_file()])


def _train_ours(asked: Asked, ready: Any) -> Taken:
    from dlc_batch_core.request import Request
    from dlc_batch_trainer.channel import Channel
    from dlc_batch_trainer.plan import TrainingPlan
    from dlc_batch_trainer.pytorch.training import train
    from dlc_batch_trainer.worker_program import _BEGIN_SHARE

    work = Path(asked.project).parent
    reading, writing = os.pipe()
    heard = threading.Thread(target=lambda: os.fdopen(reading).read(), daemon=True)
    heard.start()
    command, _ = os.pipe()
    channel = Channel(os.fdopen(writing, "w"), os.fdopen(command))
    plan = TrainingPlan(
        config_path=ready.config_path,
        shuffle=1,
        trainset=ready.trainset,
        model_folder=ready.model_folder,
        settings=ready.settings,
        seed=1,
        weights=asked.weights,
        scratch=work,
        checkpoints=work / "checkpoints",
        checkpoint_seconds=60 * Request().checkpoint_minutes * _BEGIN_SHARE,
        options=asked.options,
    )
    began = time.perf_counter()
    snapshot = train(plan, channel)
    seconds = time.perf_counter() - began
    return Taken(seconds, len(ready.split.train) * asked.epochs, str(snapshot.path))


def _train_native(asked: Asked, ready: Any) -> Taken:
    import deeplabcut  # type: ignore[import-untyped]

    start = {}
    if asked.weights == "random":  # DeepLabCut would fetch pretrained ones
        start = {"snapshot_path": str(_save_random(ready))}
    began = time.perf_counter()
    deeplabcut.train_network(str(ready.config_path), shuffle=1, **start)
    seconds = time.perf_counter() - began
    (snapshot,) = (ready.model_folder / "train").glob(f"snapshot-{asked.epochs:03}.pt")
    return Taken(seconds, len(ready.split.train) * asked.epochs, str(snapshot))


def _save_random(ready: Any) -> Path:
    """Save the network that ours begins from, as a snapshot of no epoch."""
    import torch
    from deeplabcut.pose_estimation_pytorch.models import (  # type: ignore[import-untyped]
        PoseModel,
    )

    torch.manual_seed(1)
    model = PoseModel.build(ready.settings["model"], pretrained_backbone=False)
    path = ready.config_path.parent.parent / "random.pt"
    torch.save({"model": model.state_dict(), "metadata": {"epoch": 0}}, path)
    return path


def _figures(ready: Any, snapshot: Path) -> dict[str, tuple[str, str]]:
    """Evaluate both ways."""
    from dlc_batch_trainer.evaluation import evaluate
    from dlc_batch_trainer.plan import TrainedSnapshot

    trained = TrainedSnapshot(snapshot, 1, 1, "epochs", None)
    ours = evaluate(ready.config_path, 1, ready.trainset, trained, ready.split, ready.images)
    shutil.rmtree(ready.config_path.parent / "evaluation-results-pytorch")
    _evaluate_native(ready, snapshot)
    native = _native_scores(ready)
    figures = {f"{name} (DLC's own)": (ours.deeplabcut[name], native[name]) for name in native}
    figures["test_rmse_px (from points)"] = (ours.test.mean_px or 0.0, native["test_rmse_px"])
    return {name: (f"{a:.2f}", f"{b:.2f}") for name, (a, b) in figures.items()}


def _evaluate_native(ready: Any, snapshot: Path) -> None:
    import deeplabcut

    # Ours leaves one snapshot; by hand there may be several
    deeplabcut.evaluate_network(
        str(ready.config_path),
        shuffles=[1],
        trainingsetindex=ready.trainset,
        snapshots_to_evaluate=[snapshot.stem],
    )


def _native_scores(ready: Any) -> dict[str, float]:
    from dlc_batch_trainer.evaluation.deeplabcut_files import find_scores, read_scores

    return read_scores(find_scores(ready.config_path.parent, "pytorch"), is_multi_animal=False)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["child", way, text]:
            child(way, text)
        case _:
            main()
