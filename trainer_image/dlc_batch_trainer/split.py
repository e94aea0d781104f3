"""The split of the labelled frames, drawn from the request's seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dlc_batch_trainer.errors import UserError


@dataclass(frozen=True)
class Split:
    """Which labelled frames train the network, and which only score it."""

    fraction: float  # config.yaml's, by which DeepLabCut names the folders
    train: tuple[int, ...]  # rows of DeepLabCut's merged table, ascending
    test: tuple[int, ...]

    def padded(self) -> tuple[list[int], list[int]]:
        """Return both lists with -1 added until their lengths have the fraction exactly.

        DeepLabCut names folders by the fraction of the lists it is given and drops the -1.
        """
        percent = round(100 * self.fraction)
        train_part, test_part = (n // math.gcd(percent, 100) for n in (percent, 100 - percent))
        times = max(math.ceil(len(self.train) / train_part), math.ceil(len(self.test) / test_part))
        return (
            [*self.train, *[-1] * (times * train_part - len(self.train))],
            [*self.test, *[-1] * (times * test_part - len(self.test))],
        )


def draw_split(frames: int, fraction: float, seed: int, shuffle: int) -> Split:
    """Draw a split: the same for the same seed and shuffle, and neither side empty.

    Raises:
        UserError: DeepLabCut can't name a folder by this fraction.
    """
    if not 0 < fraction < 1 or abs(fraction - round(fraction, 2)) > 1e-9:
        raise UserError(
            f"The train fraction {fraction} in config.yaml is not between 0 and 1 with at most"
            " two decimals.",
            "Write, for example, `TrainingFraction: [0.95]`.",
        )
    order = np.random.default_rng([seed, shuffle]).permutation(frames)
    cut = min(max(int(fraction * frames + 1e-9), 1), frames - 1)
    return Split(
        fraction,
        tuple(sorted(int(i) for i in order[:cut])),
        tuple(sorted(int(i) for i in order[cut:])),
    )
