"""The course of a training, iteration by iteration, from any of them on."""

from __future__ import annotations

import logging
import math
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from dlc_batch_trainer.errors import Interrupted
from dlc_batch_trainer.plan import (
    Best,
    Monitor,
    Position,
    TrainingPlan,
    checkpoint_folder,
    new_checkpoint,
)
from dlc_batch_trainer.tensorflow.batches import Batches
from dlc_batch_trainer.tensorflow.network import Network
from dlc_batch_trainer.tensorflow.schedule import Schedule
from dlc_batch_trainer.tensorflow.validation import Examiner

LOG_FILE = "learning_stats.csv"  # DeepLabCut's
_PHASE, _PHASE_NUMBER = "pose", 1
#: A snapshot is looked at this often in a training, or as often as save_iters says where that is
#: more (our choice: each look costs a pass over the validation frames).
_LOOKS = 20
_FILES = (".index", ".data-00000-of-00001")  # of a prefix


@dataclass
class Course:
    """Trains a network, and keeps the best of it."""

    plan: TrainingPlan
    monitor: Monitor
    network: Network
    batches: Batches
    examiner: Examiner
    schedule: Schedule
    settings: Mapping[str, Any]
    began_from: Mapping[str, str]
    iteration: int = 0  # done
    best: Best | None = None
    looks: list[tuple[int, float]] = field(default_factory=list)  # iteration, RMSE in px
    _settled: int = 0  # the iteration after which all was done that is to be done after it
    _looked: int = 0  # the iteration that was last measured
    _losses: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _saved: float = 0.0  # time.monotonic() of the last checkpoint
    _checkpoints: int = 0
    _is_safe: bool = False  # whether a checkpoint has what is trained so far

    @property
    def _log(self) -> Path:
        return self.plan.model_folder / "train" / LOG_FILE

    def restore(self, folder: Path, content: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.network.load_state(folder / "state")
        self.iteration = content["position"].samples
        self._settled, self._looked = content["settled"], content["looked"]
        self._losses.update(content["losses"])
        self.best = content["best"]
        self.looks = [(number, error) for number, error in content.get("looks", ())]
        if self.best:
            _link(folder / "best", self._best_prefix(self.best.epoch))
        if (folder / LOG_FILE).exists():
            shutil.copyfile(folder / LOG_FILE, self._log)
        self._is_safe = True

    def run(self) -> None:
        """Train to the last iteration, or until told to stop.

        Raises:
            Interrupted: after a last checkpoint.
            NotANumber, InfrastructureError, UserError: it can't go on.
        """
        self._saved = time.monotonic()
        while True:
            self._settle()
            if self.iteration >= self.schedule.iterations or self.monitor.wants_stop():
                break
            self._step()
            if self.monitor.wants_interrupt():
                self._interrupt()
            if time.monotonic() - self._saved >= self.plan.checkpoint_seconds:
                self._save()
        if self.iteration > self._looked and self.examiner.frames:
            self._tell(self._look())
        if self.iteration and not self._is_safe:
            self._save()

    def _step(self) -> None:
        number = self.iteration + 1
        losses = self.network.step(number, self.batches.take(number), self.schedule.rate(number))
        self.iteration, self._is_safe = number, False
        for name, value in losses.items():
            self._losses[name].append(value)
        self.monitor.step(
            _PHASE,
            0,
            0,
            number,
            self.schedule.iterations,
            int(self.settings["batch_size"]),
            losses["total_loss"],
        )

    def _settle(self) -> None:
        """Do what is to be done after some iterations; once for each, also over a resume."""
        number = self.iteration
        if number == self._settled:
            return
        is_last = number == self.schedule.iterations
        metrics = self._look() if self._is_look_due(number, is_last) else {}
        if metrics or is_last or number % max(int(self.settings["display_iters"]), 1) == 0:
            self._tell(metrics)
        self._settled = number
        if self.best and self.best.epoch == number:
            self._save()

    def _is_look_due(self, number: int, is_last: bool) -> bool:
        share = math.ceil(self.schedule.iterations / _LOOKS)
        often = max(min(int(self.settings["save_iters"]), share), 1)
        return bool(self.examiner.frames) and (is_last or number % often == 0)

    def _look(self) -> Mapping[str, float]:
        """Look whether this is the best snapshot so far."""
        prefix = self._best_prefix(self.iteration)
        self.network.save_snapshot(prefix)
        error = self.examiner.measure(prefix, self.monitor.wants_interrupt)
        if error is None:
            self._interrupt()
        self._looked = self.iteration
        self.looks.append((self.iteration, error))
        before = self.best
        if before is None or error < before.rmse_px:
            self.best = Best(self.iteration, error)
        worse = before if self.best is not before else Best(self.iteration, error)
        if worse is not None:
            _remove(self._best_prefix(worse.epoch))
        return {"validation_rmse_px": error}

    def _tell(self, metrics: Mapping[str, float]) -> None:
        """Tell the mean losses since they were last told, here and in DeepLabCut's own file."""
        rate = self.schedule.rate(max(self.iteration, 1))
        means = {name: sum(each) / len(each) for name, each in self._losses.items() if each}
        self._losses.clear()
        if means:
            ordered = {"total_loss": means.pop("total_loss"), **means}
            line = f"{self.iteration}, {ordered['total_loss']:.5f}, {rate}\n"
            with self._log.open("a", encoding="utf-8") as file:
                file.write(line)
            logging.info("iteration, loss, learning rate: %s", line.strip())
            means = ordered
        self.monitor.epoch(_PHASE, 0, 0, means, metrics, rate)

    def _interrupt(self) -> NoReturn:
        if not self._is_safe:
            self._save()
        raise Interrupted

    def _save(self) -> None:
        """Make a checkpoint and tell of it."""
        position = Position(_PHASE_NUMBER, 0, self.iteration)
        more = {
            "began_from": dict(self.began_from),
            "settled": self._settled,
            "looked": self._looked,
            "looks": self.looks,
            "losses": dict(self._losses),
        }
        with new_checkpoint(self.plan, self._checkpoints, position, self.best, more) as folder:
            self.network.save_state(folder / "state")
            if self.best:
                _link(self._best_prefix(self.best.epoch), folder / "best")
            if self._log.exists():
                shutil.copyfile(self._log, folder / LOG_FILE)
        target = checkpoint_folder(self.plan, self._checkpoints, position)
        self._checkpoints += 1
        self._saved, self._is_safe = time.monotonic(), True
        self.monitor.checkpoint(target)

    def _best_prefix(self, iteration: int) -> Path:
        return self.plan.scratch / f"best-{iteration}"

    def write_snapshot(self, folder: Path) -> Path:
        """Leave the network where DeepLabCut looks for it: the best, else the last.

        Returns:
            the prefix of its files.
        """
        if self.best:
            self.network.load_snapshot(self._best_prefix(self.best.epoch))
        path = folder / f"snapshot-{self.best.epoch if self.best else self.iteration}"
        self.network.save_snapshot(path, has_graph=True)
        return path


def _link(prefix: Path, target: Path) -> None:
    """Give the files of a snapshot another name; each is written once and never changed."""
    for ending in _FILES:
        _with(target, ending).unlink(missing_ok=True)
        os.link(_with(prefix, ending), _with(target, ending))


def _remove(prefix: Path) -> None:
    for ending in _FILES:
        _with(prefix, ending).unlink()


def _with(prefix: Path, ending: str) -> Path:
    return prefix.with_name(prefix.name + ending)
