"""Randomness from seed, phase, epoch and frame alone: a resumed training draws what it would have.

Nothing depends on what was drawn before, so neither the number of loader processes nor the place
where a training was ended changes a batch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler, default_collate

Key = tuple[int, int]  # epoch, index of the frame
_LIMIT = 2**32  # NumPy's legacy seeds end there
_ORDER, _FRAME, _BATCH, _STEP = range(4)  # what is drawn; each has randomness of its own


@dataclass(frozen=True)
class Lottery:
    """The randomness of one phase of one training."""

    seed: int
    phase: int

    def order(self, epoch: int, frames: int) -> list[int]:
        """The order of an epoch's frames."""
        return [
            int(n) for n in np.random.default_rng(self._key(_ORDER, epoch)).permutation(frames)
        ]

    def seed_frame(self, epoch: int, index: int) -> None:
        """Seed what augments a frame."""
        self._seed(self._key(_FRAME, epoch, index))

    def seed_batch(self, epoch: int, first: int) -> int:
        """Seed what puts frames together to a batch; returns a seed for generators of its own."""
        return self._seed(self._key(_BATCH, epoch, first))

    def seed_step(self, epoch: int, samples: int) -> None:
        """Seed what the network draws in a step, such as dropout."""
        number = self._seed(self._key(_STEP, epoch, samples))
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(number)

    def _key(self, *what: int) -> list[int]:
        return [self.seed, self.phase, *what]

    @staticmethod
    def _seed(key: list[int]) -> int:
        number = int(np.random.SeedSequence(key).generate_state(1)[0]) % _LIMIT
        random.seed(number)
        np.random.seed(number)
        torch.default_generator.manual_seed(number)
        return number


class SeededDataset(Dataset[tuple[Key, dict[str, Any]]]):
    """DeepLabCut's data set, each of whose frames is drawn under a seed of its own."""

    def __init__(self, frames: Sequence[dict[str, Any]], lottery: Lottery) -> None:
        self._frames = frames
        self._lottery = lottery

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, key: Key) -> tuple[Key, dict[str, Any]]:
        self._lottery.seed_frame(*key)
        return key, self._frames[key[1]]


class SeededOrder(Sampler[Key]):
    """The frames of one epoch, from any place in it."""

    def __init__(self, frames: int, lottery: Lottery) -> None:
        self._frames = frames
        self._lottery = lottery
        self.epoch = 1
        self.done = 0  # frames of the epoch that were trained on already

    def __len__(self) -> int:
        return self._frames - self.done

    def __iter__(self) -> Iterator[Key]:
        order = self._lottery.order(self.epoch, self._frames)
        return ((self.epoch, index) for index in order[self.done :])


class SeededCollate:
    """Puts frames together to a batch, with DeepLabCut's own function where one is set."""

    def __init__(self, collate: Callable[[Any], Any] | None, lottery: Lottery) -> None:
        self._collate = collate or default_collate
        self._lottery = lottery

    def __call__(self, items: Sequence[tuple[Key, dict[str, Any]]]) -> Any:
        number = self._lottery.seed_batch(*items[0][0])
        if hasattr(self._collate, "generator"):  # DeepLabCut's ResizeCollate has one
            self._collate.generator = np.random.default_rng(number)
        return self._collate([item for _, item in items])
