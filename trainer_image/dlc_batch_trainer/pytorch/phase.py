"""One phase of a training: the detector, or the network that finds the body parts."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from dlc_batch_trainer.errors import InfrastructureError, Interrupted, NotANumber
from dlc_batch_trainer.plan import (
    BEST_FILE,
    Best,
    Monitor,
    Position,
    TrainingPlan,
    checkpoint_folder,
    new_checkpoint,
)
from dlc_batch_trainer.pytorch.memory import place_of_lack
from dlc_batch_trainer.pytorch.seeding import Lottery, SeededOrder
from dlc_batch_trainer.pytorch.speed import Speed
from dlc_batch_trainer.pytorch.validation import describe, measure

STATE_FILE = "state.pt"
DETECTOR_FILE = "detector.pt"
NAMES = ("detector", "pose")


@dataclass
class Phase:
    """Trains with DeepLabCut's runner, step by step, from any place in any epoch."""

    plan: TrainingPlan
    monitor: Monitor
    number: int  # 0 detector, 1 pose
    runner: Any  # DeepLabCut's TrainingRunner
    frames: DataLoader[Any]  # over a SeededDataset
    order: SeededOrder
    lottery: Lottery
    speed: Speed
    epochs: int
    settings: Mapping[str, Any]  # of the phase: pytorch_config.yaml, or its detector
    validation: DataLoader[Any] | None = None
    detector: Path | None = None  # the finished detector's snapshot, in the pose phase
    batch_size: int = 1
    began_from: Mapping[str, str] = field(default_factory=dict)
    best: Best | None = None
    _epoch: int = 0  # epochs done
    _samples: int = 0  # frames of the epoch under way that are done
    _losses: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _saved: float = 0.0  # time.monotonic() of the last checkpoint
    _checkpoints: int = 0
    _is_safe: bool = False  # whether a checkpoint has what is trained so far

    @property
    def log_file(self) -> Path:
        return Path(self.runner.csv_logger.log_file)

    @property
    def best_path(self) -> Path:
        return self.plan.scratch / f"best-{NAMES[self.number]}.pt"

    @property
    def done(self) -> int:
        """Epochs that were trained in all."""
        return self._epoch

    @property
    def steps(self) -> int:
        """Whatever was trained: not 0 after the first step."""
        return self._epoch or self._samples

    def restore(self, folder: Path, content: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of this phase, with the rates of its batch size."""
        position: Position = content["position"]
        device = self.runner.device
        state = torch.load(folder / STATE_FILE, map_location=device, weights_only=True)
        self.runner.model.load_state_dict(state["model"])
        self.runner.optimizer.load_state_dict(state["optimizer"])
        if self.runner.scheduler is not None:
            self.runner.scheduler.load_state_dict(state["scheduler"])
        self._epoch, self._samples = position.epoch, position.samples
        self._losses.update({name: list(each) for name, each in state["losses"].items()})
        self.best = content["best"]
        if self.best is not None:
            shutil.copyfile(folder / BEST_FILE, self.best_path)
        self._is_safe = True

    def train(self) -> None:
        """Train to the last epoch, or until told to stop.

        Raises:
            Interrupted: after a last checkpoint.
            NotANumber, InfrastructureError: it can't go on; so does lack of memory, as it comes.
        """
        self.runner.model.train()
        self._saved = time.monotonic()
        while self._epoch < self.epochs and not self.monitor.wants_stop():
            self._train_epoch()
        if self.steps and not self._is_safe:
            self._save()

    def _train_epoch(self) -> None:
        self.order.epoch, self.order.done = self._epoch + 1, self._samples
        self.runner.current_epoch = self._epoch + 1
        steps = math.ceil(len(self.frames.dataset) / self.batch_size)  # type: ignore[arg-type]  # sized
        for batch in self._batches():
            images = len(batch["image"])
            self._step(batch, images, steps)
            if self.monitor.wants_interrupt():
                self._save()
                raise Interrupted
            if self.monitor.wants_stop():
                return
            if time.monotonic() - self._saved >= self.plan.checkpoint_seconds:
                self._save()
        self._end_epoch()

    def _batches(self) -> Any:
        """The batches left of the epoch; what goes wrong in loading one is told as such."""
        batches = iter(self.frames)
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                return
            except Exception as error:
                if place_of_lack(error) is not None:
                    raise
                raise InfrastructureError(
                    f"A frame could not be loaded: {str(error).strip().splitlines()[-1][:300]}",
                    "Look at the log for the frame's name. If a loader process was killed, ask for"
                    " `loader_workers: 0` in dlc-batch.yaml, or for a computer with more memory.",
                ) from error
            yield batch

    def _step(self, batch: dict[str, Any], images: int, steps: int) -> None:
        epoch = self._epoch + 1
        self.lottery.seed_step(epoch, self._samples)
        with self.speed.precision():
            losses = self.runner.step(batch, "train")
        loss = float(losses["total_loss"])
        if not math.isfinite(loss):
            raise self._not_a_number(epoch)
        for name, value in losses.items():
            self._losses[name].append(float(value))
        self._samples += images
        self._is_safe = False
        step = math.ceil(self._samples / self.batch_size)
        self.monitor.step(NAMES[self.number], epoch, self.epochs, step, steps, images, loss)

    def _not_a_number(self, epoch: int) -> NotANumber:
        rate = self.runner.optimizer.param_groups[0]["lr"]
        of, path = ("", "") if self.number else ("the detector's ", "detector.")
        return NotANumber(
            f"The loss is not a number any more (NaN or infinite) in {of}epoch {epoch} of"
            f" {self.epochs}, at a learning rate of {rate:g}.",
            f"Ask for a lower learning rate (`overrides: {{{path}runner.optimizer.params.lr:"
            " ...}`), or look for labels far outside their frames.",
        )

    def _end_epoch(self) -> None:
        epoch = self._epoch + 1
        losses = {name: float(np.mean(values)) for name, values in self._losses.items()}
        self.runner._metadata |= {"epoch": epoch}
        self.runner._metadata["losses"] = {f"train.{n}": v for n, v in losses.items()}
        metrics, is_better = self._validate(epoch)
        self._epoch, self._samples = epoch, 0
        self._losses.clear()
        rate = float(self.runner.optimizer.param_groups[0]["lr"])
        if self.runner.scheduler:
            self.runner.scheduler.step()
        logged = {f"losses/train.{name}": value for name, value in losses.items()}
        self.runner.csv_logger.log({**logged, **metrics}, step=self._epoch)
        ordered = {"total_loss": losses["total_loss"], **losses}
        name = NAMES[self.number]
        self.monitor.epoch(name, self._epoch, self.epochs, ordered, metrics, rate)
        every = self.settings["runner"]["snapshots"]["save_epochs"]
        if is_better or self._epoch % every == 0 or self._epoch == self.epochs:
            self._save()

    def _validate(self, epoch: int) -> tuple[Mapping[str, float], bool]:
        """Look whether this is the best snapshot so far, when it is time to.

        Before anything tells that the epoch is over: interrupted, it is looked at again.
        """
        every = self.settings["runner"]["eval_interval"]
        is_due = epoch % every == 0 or epoch == self.epochs
        if self.validation is None or not is_due:
            return {}, False
        error = measure(self.runner, self.validation, self.monitor.wants_interrupt)
        if error is None:
            self._save()
            raise Interrupted
        is_better = self.best is None or error < self.best.rmse_px
        if is_better:
            self.best = Best(epoch, error)
            _save(self.snapshot(describe(error)), self.best_path)
        return describe(error), is_better

    def snapshot(self, metrics: Mapping[str, float]) -> dict[str, Any]:
        """Return what DeepLabCut keeps of a network."""
        self.runner._metadata["metrics"] = dict(metrics)
        state: dict[str, Any] = self.runner.state_dict()
        return {name: value for name, value in state.items() if name != "optimizer"}

    def _save(self) -> None:
        """Make a checkpoint and tell of it."""
        state = self.runner.state_dict() | {"losses": dict(self._losses)}
        position = Position(self.number, self._epoch, self._samples)
        more = {"began_from": dict(self.began_from)}
        with new_checkpoint(self.plan, self._checkpoints, position, self.best, more) as folder:
            torch.save(state, folder / STATE_FILE)
            self._add(folder)
        target = checkpoint_folder(self.plan, self._checkpoints, position)
        self._checkpoints += 1
        self._saved, self._is_safe = time.monotonic(), True
        self.monitor.checkpoint(target)

    def _add(self, folder: Path) -> None:
        for log in self.log_file.parent.glob("learning_stats*.csv"):
            shutil.copyfile(log, folder / log.name)
        if self.best is not None:
            os.link(self.best_path, folder / BEST_FILE)
        if self.detector is not None:
            os.link(self.detector, folder / DETECTOR_FILE)

    def write_snapshot(self, folder: Path, prefix: str) -> tuple[Path, int]:
        """Leave the network: the best by the validation frames, else the last.

        Returns:
            its path, and the epochs it was trained for.
        """
        epoch = self.best.epoch if self.best else self._epoch
        path = folder / f"{prefix}-{epoch:03}.pt"
        if self.best:
            shutil.copyfile(self.best_path, path)
        else:
            _save(self.snapshot({}), path)
        return path, epoch


def _save(state: Mapping[str, Any], path: Path) -> None:
    """Write a snapshot whole or not at all; a link to the one before keeps its content."""
    draft = path.with_suffix(".part")
    torch.save(state, draft)
    draft.replace(path)
