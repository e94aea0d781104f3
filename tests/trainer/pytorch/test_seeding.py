"""A batch depends on the seed, the epoch and its frames, and on nothing else."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from dlc_batch_trainer.pytorch.seeding import Lottery, SeededCollate, SeededDataset, SeededOrder

FRAMES = 10


class Augmented:
    """Frames that are changed by all three generators that augmentations draw from."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        drawn = [random.random(), float(np.random.rand()), float(torch.rand(1))]
        return {"index": index, "drawn": torch.tensor(drawn, dtype=torch.float64)}

    def __len__(self) -> int:
        return FRAMES


def batches(seed: int, epoch: int, done: int = 0, workers: int = 0) -> list[dict[str, Any]]:
    lottery = Lottery(seed, 1)
    order = SeededOrder(FRAMES, lottery)
    order.epoch, order.done = epoch, done
    loader = DataLoader(
        SeededDataset(Augmented(), lottery),  # type: ignore[arg-type]  # has what is needed of one
        batch_size=2,
        sampler=order,
        collate_fn=SeededCollate(None, lottery),
        num_workers=workers,
    )
    return list(loader)


def rows(found: list[dict[str, Any]]) -> list[list[float]]:
    return [row for batch in found for row in batch["drawn"].tolist()]


def order_of(found: list[dict[str, Any]]) -> list[int]:
    return [index for batch in found for index in batch["index"].tolist()]


def test_each_epoch_has_every_frame_in_an_order_of_its_own() -> None:
    first, second = order_of(batches(1, 1)), order_of(batches(1, 2))
    assert sorted(first) == sorted(second) == list(range(FRAMES))
    assert first != second


def test_another_seed_draws_another_training() -> None:
    assert order_of(batches(1, 1)) != order_of(batches(2, 1))


@pytest.mark.parametrize("workers", [0, 2])
def test_loader_processes_change_nothing(workers: int) -> None:
    random.seed(workers)  # whatever was drawn before
    assert rows(batches(7, 3, workers=workers)) == rows(batches(7, 3))


def test_an_epoch_goes_on_as_it_would_have() -> None:
    whole = batches(7, 3)
    rest = batches(7, 3, done=4)
    assert order_of(rest) == order_of(whole)[4:]
    assert rows(rest) == rows(whole)[4:]


def test_no_two_frames_are_augmented_alike() -> None:
    drawn = rows(batches(7, 3)) + rows(batches(7, 4))
    assert len({tuple(row) for row in drawn}) == 2 * FRAMES
