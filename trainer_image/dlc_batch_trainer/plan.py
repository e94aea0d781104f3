"""What an engine is asked to do, and how far it has come: shared by both engines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dlc_batch_core.words import counted
from dlc_batch_trainer.errors import Interrupted, UserError

__all__ = [
    "BEST_FILE",
    "POSITION_FILE",
    "Best",
    "Interrupted",
    "Monitor",
    "Position",
    "TrainedSnapshot",
    "TrainingPlan",
    "checkpoint_folder",
    "new_checkpoint",
    "read_checkpoint",
]

#: The file of a checkpoint's folder that tells what it is; written last.
POSITION_FILE = "position.json"
#: The best snapshot so far, by RMSE on the validation frames, in a checkpoint's folder.
BEST_FILE = "best.pt"


@dataclass(frozen=True)
class Position:
    """How far a training is.

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
    trained: int  # epochs (iterations) after which it was taken
    done: int  # epochs (iterations) that were trained in all; fewer than total where it was ended
    total: int  # epochs (iterations) that were asked for
    unit: str  # "epochs" or "iterations"
    best: Best | None  # None: no validation frames, so the last snapshot is it
    began_from: Mapping[str, str] = field(default_factory=dict)  # name and sha256 of weights
    notes: tuple[str, ...] = ()
    looks: tuple[tuple[int, float], ...] = ()  # after so many, the RMSE on validation frames

    def length(self, count: int) -> str:
        """Return so many epochs or iterations in words."""
        return counted(count, self.unit)


class Monitor(Protocol):
    """Who watches a training: hears of its steps and tells it when to stop."""

    def phase(self, batch_size: int, step: int = 0, steps: int = 0) -> None:
        """Hear that a phase begins.

        Args:
            batch_size: frames a step.
            step, steps: with TensorFlow, the iteration that it goes on from, of how many.
        """

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


def require_steps(steps: int) -> None:
    """Raise where a training was ended before there was anything to keep.

    Args:
        steps: whatever was trained of the network that finds the body parts.

    Raises:
        UserError: none.
    """
    if not steps:
        raise UserError(
            "The training was ended before the network that finds the body parts had made a step:"
            " there is nothing to keep.",
            "Upload the project again. Where it ended at its time limit, ask for more"
            " `time_limit_hours` in dlc-batch.yaml, or for fewer epochs of the detector.",
        )


def checkpoint_folder(plan: TrainingPlan, number: int, position: Position) -> Path:
    """Return where a checkpoint lies: each phase counts its own, while the last is uploaded."""
    return plan.checkpoints / f"{position.phase}-{number:06}"


@contextmanager
def new_checkpoint(
    plan: TrainingPlan,
    number: int,
    position: Position,
    best: Best | None,
    more: Mapping[str, Any] | None = None,
) -> Iterator[Path]:
    """Give a folder to write a checkpoint's files into; whole only once the block is left.

    Afterwards it lies at `checkpoint_folder`.
    """
    target = checkpoint_folder(plan, number, position)
    draft = target.with_name(f"{target.name}.part")
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
