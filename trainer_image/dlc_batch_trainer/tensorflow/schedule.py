"""The learning rate of each iteration, as DeepLabCut's TensorFlow engine has it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Step = Sequence[float]  # a rate, and the last iteration that has it


@dataclass(frozen=True)
class Schedule:
    """How fast to learn, by the number of the iteration; the first is 1.

    DeepLabCut counts its first iteration 0, and so makes one more than its schedule says.
    """

    settings: Mapping[str, Any]  # pose_cfg.yaml

    @property
    def iterations(self) -> int:
        return int(self.settings["multi_step"][-1][1])

    def rate(self, iteration: int) -> float:
        if is_efficientnet(self.settings["net_type"]):
            return self._cosine(iteration)
        steps: Iterable[Step] = self.settings["multi_step"]
        return next(float(rate) for rate, last in steps if iteration <= last)

    def _cosine(self, iteration: int) -> float:
        """tf.train.cosine_decay, as DeepLabCut calls it for these networks (core/train.py)."""
        start, length = float(self.settings["lr_init"]), float(self.settings["decay_steps"])
        share = min(iteration, length) / length
        least = float(self.settings["alpha_r"])
        return start * ((1 - least) * 0.5 * (1 + math.cos(math.pi * share)) + least)


def is_efficientnet(net_type: str) -> bool:
    """Whether DeepLabCut trains the network with Adam and a cosine for a schedule."""
    return "efficientnet" in net_type


def fit_steps(steps: Sequence[Step], iterations: int) -> list[list[float]]:
    """End a schedule at a number of iterations.

    As with DeepLabCut's `maxiters` the steps stay where they are, and those that would begin later
    fall away; unlike there, the last one goes on where the number is larger than the schedule's.
    """
    begun = [steps[0]] + [
        step for step, before in zip(steps[1:], steps, strict=False) if before[1] < iterations
    ]
    kept = [[float(rate), int(last)] for rate, last in begun]
    kept[-1][1] = iterations
    return kept


def scaled(settings: Mapping[str, Any], halvings: int) -> dict[str, Any]:
    """Return the settings for a batch halved so often, its learning rates scaled with it."""
    batch_size = max(int(settings["batch_size"]) >> halvings, 1)
    factor = batch_size / int(settings["batch_size"])  # a batch of one can't be halved
    changed = {
        "batch_size": batch_size,
        "multi_step": [[rate * factor, last] for rate, last in settings["multi_step"]],
    }
    if "lr_init" in settings:
        changed["lr_init"] = settings["lr_init"] * factor
    return {**settings, **changed}
