"""What a report is made of: files of results/, and the labelled frames of our copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.capsule import METHODS_FILE
from dlc_batch_trainer.evaluation.points import ScoredFrame
from dlc_batch_trainer.evaluation.points_file import POINTS_FILE, read_points
from dlc_batch_trainer.evaluation.result import EVALUATION_FILE
from dlc_batch_trainer.export import RUN_FILE
from dlc_batch_trainer.report.curve import Curve, read_curve
from dlc_batch_trainer.report.pictures import size_of
from dlc_batch_trainer.report.task import Task

_MODELS = {"pytorch": "dlc-models-pytorch", "tensorflow": "dlc-models"}


@dataclass(frozen=True)
class Material:
    """Everything that a report tells, as read."""

    run: Mapping[str, Any]  # run.json
    evaluation: Mapping[str, Any] | None  # evaluation.json; None: the network was not evaluated
    frames: tuple[ScoredFrame, ...]  # all test frames that have a label
    frame_size: tuple[int, int] | None  # width and height in pixels
    curve: Curve
    methods: str  # methods.txt
    config: Mapping[str, Any]  # config.yaml of our copy
    project: Path
    notes: tuple[str, ...]  # sentences for the lab
    folder: Path  # of the report, and of what else lies beside it
    uncertain: Mapping[str, tuple[int, ...]]  # frames of analysed videos, by `videos/...`

    @property
    def worst(self) -> tuple[ScoredFrame, ...]:
        """The test frames with the largest error, worst first."""
        by_name = {frame.image: frame for frame in self.frames}
        named = (self.evaluation or {}).get("worst_frames", ())
        return tuple(by_name[each["image"]] for each in named if each["image"] in by_name)

    @property
    def doubtful(self) -> tuple[ScoredFrame, ...]:
        """The training frames with the largest error, worst first."""
        named = (self.evaluation or {}).get("worst_training_frames", ())
        return tuple(map(ScoredFrame.from_dict, named))

    @property
    def pcutoff(self) -> float:
        return float((self.evaluation or {}).get("pcutoff", 0.0))


def gather(task: Task) -> Material:
    """Read what there is. A file that is missing, but for run.json, leaves its part out."""
    run = json.loads((task.folder / RUN_FILE).read_text(encoding="utf-8"))
    project = Path(task.project)
    frames = _points(task.folder / POINTS_FILE)
    config = read_yaml_mapping((project / CONFIG_FILE).read_text(encoding="utf-8"), CONFIG_FILE)
    return Material(
        run=run,
        evaluation=_json(task.folder / EVALUATION_FILE),
        frames=frames,
        frame_size=next((s for f in frames if (s := size_of(project / f.image))), None),
        curve=read_curve(_train_folder(task, run), run["snapshot"]),
        methods=_text(task.folder / METHODS_FILE),
        config=config,
        project=project,
        notes=tuple(dict.fromkeys([*run["mended"], *task.notes])),
        folder=task.folder,
        uncertain=task.uncertain,
    )


def _train_folder(task: Task, run: Mapping[str, Any]) -> Path | None:
    """DeepLabCut's folder of the training; results/ may hold those of other shuffles too."""
    found = Path(task.results).glob(f"{_MODELS[run['engine']]}/*/*shuffle{run['shuffle']}/train")
    return next(iter(sorted(found)), None)


def _points(path: Path) -> tuple[ScoredFrame, ...]:
    return read_points(path) if path.is_file() else ()


def _json(path: Path) -> Mapping[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
