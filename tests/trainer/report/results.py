"""Results as a training leaves them, made by the trainer's own code of made-up predictions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.capsule import Training, methods_text, run_facts
from dlc_batch_trainer.evaluation import summarize, with_training_frames
from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.evaluation.poses import Layout
from dlc_batch_trainer.export import write_run_file
from dlc_batch_trainer.plan import Best, TrainedSnapshot
from dlc_batch_trainer.report.task import Task
from dlc_batch_trainer.split import Split
from dlc_batch_trainer.yaml_writer import write_yaml

_SIZE = (160, 128)
_SETTINGS: dict[str, dict[str, Any]] = {
    "pytorch": {
        "net_type": "resnet_50",
        "train_settings": {"epochs": 40, "batch_size": 8},
        "runner": {"optimizer": {"type": "AdamW", "params": {"lr": 1e-4}}},
    },
    "tensorflow": {
        "net_type": "resnet_50",
        "all_joints_names": ["nose"],
        "batch_size": 1,
        "multi_step": [[0.005, 40]],
        "dataset_type": "imgaug",
    },
}
_MODELS = {"pytorch": "dlc-models-pytorch", "tensorflow": "dlc-models"}


@dataclass
class MadeUp:
    """A training that never was."""

    engine: str = "pytorch"
    videos: tuple[str, ...] = ("walk-1", "walk-2")
    individuals: tuple[str, ...] = ("",)
    body_parts: tuple[str, ...] = ("snout", "leftear", "rightear", "tailbase")
    train_frames: int = 40
    frames: int = 24  # of the test side
    error: float = 2.0  # px, of a point in the mean
    missed: float = 0.0  # share of points that were not found
    is_evaluated: bool = True
    is_chosen: bool = True  # by validation frames
    method: str = "videos"
    notes: tuple[str, ...] = ("video2 holds no labels and was left out.",)
    warnings: tuple[str, ...] = ()  # of the check
    weights: str = "pretrained"
    own: str = ""
    place: dict[str, Any] = field(
        default_factory=lambda: {"instance_type": "g5.xlarge", "life_cycle": "spot"}
    )

    def write(self, folder: Path) -> Task:
        """Write results/ and our copy of the project; returns what to make a report of."""
        project, results = folder / "project", folder / "results"
        (results / self.own).mkdir(parents=True, exist_ok=True)
        images = self._write_project(project)
        self._write_curve(results)
        metrics = {"train_frames": 40.0, "test_frames": float(self.frames), "validation_frames": 5}
        snapshot = self._snapshot()
        pcutoff = None
        if self.is_evaluated:
            layout = self._layout()
            frames = self._frames(images[-self.frames :] if self.frames else [])
            scores = {"train_rmse_px": self.error * 0.8}
            found = summarize(frames, scores, 0.6, snapshot, 1, self.engine, layout)
            if found.test.mean_px is not None:
                scores["test_rmse_px"] = found.test.mean_px
            found = with_training_frames(found, self._frames(images[: self.train_frames]))
            for side, errors in (("test", found.test), ("train", found.train)):
                if errors and errors.mean_pcutoff_px is not None:  # as DeepLabCut has it
                    scores[f"{side}_rmse_pcutoff_px"] = errors.mean_pcutoff_px
            found.write(results / self.own)
            metrics |= found.metrics
            pcutoff = found.pcutoff
        training = self._training(images, snapshot, metrics, pcutoff)
        (results / self.own / "methods.txt").write_text(methods_text(training), encoding="utf-8")
        write_run_file(results, self.own, run_facts(training))
        return Task(str(results), self.own, str(project))

    def _layout(self) -> Layout:
        is_multi = self.individuals != ("",)
        return Layout(self.individuals, self.body_parts, is_multi_animal=is_multi)

    def _write_project(self, project: Path) -> list[str]:
        dice = np.random.default_rng(3)
        names = []
        count = 45 + self.frames
        for number in range(count):
            video = self.videos[number * len(self.videos) // count]
            name = f"labeled-data/{video}/img{20 * number:04d}.png"
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = dice.integers(90, 160, (_SIZE[1], _SIZE[0]), dtype=np.uint8)
            Image.fromarray(noise).save(path)
            names.append(name)
        config = {
            "TrainingFraction": [0.95, 0.8],
            "numframes2pick": 20,
            "video_sets": {f"C:\\data\\{video}.avi": {"crop": "0"} for video in self.videos},
        }
        write_yaml(project / "config.yaml", config)
        return names

    def _frames(self, images: list[str]) -> list[ScoredFrame]:
        dice = random.Random(5)
        return [ScoredFrame(image, tuple(self._points(dice))) for image in images]

    def _points(self, dice: random.Random) -> list[ScoredPoint]:
        points = []
        for n, individual in enumerate(self.individuals):
            for m, part in enumerate(self.body_parts):
                x, y = 30.0 + 20 * m, 40.0 + 30 * n + 8 * (m % 2)
                error = dice.expovariate(1 / max(self.error, 1e-6)) if self.error else 0.0
                found = None if dice.random() < self.missed else (x + error, y)
                confidence = max(0.05, 1 - error / 30) if found else None
                points.append(ScoredPoint(individual, part, (x, y), found, confidence))
        return points

    def _write_curve(self, results: Path) -> None:
        name = f"{_MODELS[self.engine]}/iteration-0/walkJan1-trainset80shuffle1/train"
        (results / name).mkdir(parents=True)
        if self.engine == "pytorch":
            head = "step,losses/train.bodypart_heatmap,losses/train.total_loss,validation_rmse_px"
            rows = [
                f"{n},1,{1 / n:.5f},{'' if n % 10 else abs(n - 30) / 5 + 2}" for n in range(1, 41)
            ]
        else:
            head, *rows = (f"{n}, {1 / n:.5f}, 0.005" for n in range(1, 41))
        (results / name / "learning_stats.csv").write_text("\n".join([head, *rows, ""]))

    def _snapshot(self) -> TrainedSnapshot:
        unit = "epochs" if self.engine == "pytorch" else "iterations"
        best = Best(30, 2.0) if self.is_chosen else None
        looks = () if self.engine == "pytorch" else ((10, 6.0), (20, 3.0), (30, 2.0), (40, 2.5))
        path = Path("snapshot-030.pt")
        began = {"pose_weights": self.weights, "pose_sha256": "abc"}
        return TrainedSnapshot(path, 30, 40, 40, unit, best, began, looks=looks)

    def _training(
        self,
        images: list[str],
        snapshot: TrainedSnapshot,
        metrics: dict[str, float],
        pcutoff: float | None,
    ) -> Training:
        split = Split(
            0.8,
            tuple(range(40)),
            tuple(range(45, 45 + self.frames)),
            self.method,
            3,
            "Split: whole videos were drawn to score the network.",
            tuple(range(40, 45)) if self.is_chosen else (),
        )
        run = RunRequest(
            "walk-0123456789ab", "lab", "b", "uploads/lab/walk.zip", "v1", "", Request(), "2026"
        )
        run = replace(run, warnings=self.warnings)
        return Training(
            run=run,
            shuffle=1,
            origin={"key": "uploads/lab/walk.zip", "version_id": "v1"},
            engine=self.engine,
            settings=_SETTINGS[self.engine],
            split=split,
            images=images,
            snapshot=snapshot,
            metrics=metrics,
            labels_sha256="def",
            versions={"deeplabcut": "3.0.2", "python": "3.11.7"},
            hardware={
                **self.place,
                "cpu": "EPYC",
                "cores": 4,
                "gpu": {"name": "NVIDIA A10G", "memory_bytes": 23 << 30},
            },
            pcutoff=pcutoff,
            attempts=[{"seconds": 1800, **self.place}, {"seconds": None, **self.place}],
            mended=list(self.notes),
            timings={"fetch": 2.0, "train": 3600.0, "evaluate": 30.0, "export": 1.0},
        )
