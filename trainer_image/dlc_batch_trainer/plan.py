"""What an engine is asked to do, and how far it has come: shared by both engines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dlc_batch_trainer.errors import Interrupted

__all__ = [
    "BEST_FILE",
    "POSITION_FILE",
    "Best",
    "Interrupted",
    "Monitor",
    "Position",
    "TrainedSnapshot",
    "TrainingPlan",
    "new_checkpoint",
    "read_checkpoint",
]

#: The file of a checkpoint's folder that tells what it is; written last.
POSITION_FILE = "position.json"
#: The best snapshot so far, by RMSE on the validation frames, in a checkpoint's folder.
BEST_FILE = "best.pt"


@dataclass(frozen=True, order=True)
class Position:
    """How far a training is. Ordered: detector before pose, then by work done.

    With the TensorFlow engine `epoch` is 0 and `samples` counts iterations.
    """

    phase: int  # 0 detector, 1 pose
    epoch: int  # epochs that are done
    samples: int = 0  # frames of the epoch under way that are done


@dataclass(frozen=True)
class Best:
    """The best snapshot so far."""

    epoch: int  # after which it was taken; iterations with the TensorFlow engine
    rmse_px: float  # on the validation frames


@dataclass(frozen=True)
class TrainingPlan:
    """One training, whichever engine does it."""

    config_path: Path  # of our copy of the project
    shuffle: int
    trainset: int  # which of config.yaml's train fractions
    model_folder: Path  # the shuffle's, parent of train/ and test/
    settings: Mapping[str, Any]  # pytorch_config.yaml or pose_cfg.yaml as prepared
    seed: int
    weights: str  # pretrained, random or the id of an earlier run
    scratch: Path  # for what is no result
    checkpoints: Path  # folder: the engine writes each as a folder of its own
    checkpoint_seconds: float  # the most work that may be lost
    validation: tuple[int, ...] = ()  # rows of the merged table; neither trained nor tested on
    resume: Path | None = None  # folder of a checkpoint to go on from
    start: Path | None = None  # snapshot of an earlier run to begin from (a prefix for TensorFlow)
    start_detector: Path | None = None
    halvings: int = 0  # of the batch size, for lack of memory
    options: Mapping[str, Any] = field(default_factory=dict)  # of speed, by request key


@dataclass(frozen=True)
class TrainedSnapshot:
    """What a training leaves in the model folder: one snapshot, and what is to be said of it."""

    path: Path  # of the file (a prefix for TensorFlow)
    trained: int  # epochs (iterations) it was trained for
    total: int  # epochs (iterations) of the whole training
    unit: str  # "epochs" or "iterations"
    best: Best | None  # None: no validation frames, so the last snapshot is it
    began_from: Mapping[str, str] = field(default_factory=dict)  # name and sha256 of weights
    notes: tuple[str, ...] = ()


class Monitor(Protocol):
    """Who watches a training: hears of its steps and tells it when to stop."""

    def step(
        self, phase: str, epoch: int, epochs: int, step: int, steps: int, images: int, loss: float
    ) -> None:
        """Hear of one optimiser step. Raises NotANumber when the loss is none.

        Args:
            phase: "detector" or "pose".
            epoch, epochs: the one under way, of how many; 0 with TensorFlow.
            step, steps: within the epoch; iterations with TensorFlow.
            images: of this step.
        """

    def epoch(
        self,
        phase: str,
        epoch: int,
        epochs: int,
        losses: Mapping[str, float],
        metrics: Mapping[str, float],
        learning_rate: float,
    ) -> None:
        """Hear of an epoch that is done (TensorFlow: of a display interval)."""

    def checkpoint(self, folder: Path) -> None:
        """Hear of a checkpoint that is whole; its folder is the listener's from now on."""

    def wants_interrupt(self) -> bool:
        """Whether to make a last checkpoint now and raise Interrupted; asked after each step."""

    def wants_stop(self) -> bool:
        """Whether to end the training here and keep the best snapshot; asked after each step."""


@contextmanager
def new_checkpoint(
    plan: TrainingPlan,
    number: int,
    position: Position,
    best: Best | None,
    more: Mapping[str, Any] | None = None,
) -> Iterator[Path]:
    """Give a folder to write a checkpoint's files into; whole only once the block is left.

    Afterwards it lies at `plan.checkpoints / f"{number:06}"`.
    """
    target = plan.checkpoints / f"{number:06}"
    draft = plan.checkpoints / f"{number:06}.part"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        content = {
            "position": asdict(position),
            "best": asdict(best) if best else None,
            "seed": plan.seed,
            "halvings": plan.halvings,
            **(more or {}),
        }
        (draft / POSITION_FILE).write_text(json.dumps(content))
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Read what `new_checkpoint` wrote, with `position` and `best` as their types."""
    content: dict[str, Any] = json.loads((folder / POSITION_FILE).read_text())
    content["position"] = Position(**content["position"])
    content["best"] = Best(**content["best"]) if content["best"] else None
    return content
