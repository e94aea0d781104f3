"""Decoded frames in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlc_batch_trainer.pytorch.image_cache import ImageCache

BYTES = 12  # of a frame of 2 x 2


class Disk:
    """Counts how often a frame is read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: str | Path, color_mode: str = "RGB") -> np.ndarray[Any, Any]:
        self.read.append(f"{path} {color_mode}")
        return np.full((2, 2, 3), len(str(path)), np.uint8)


def test_a_frame_is_read_once() -> None:
    disk = Disk()
    cache = ImageCache(disk, 100 * BYTES)
    cache.fill(["a", "bb", "a"], "RGB")
    assert disk.read == ["a RGB", "bb RGB"]
    assert (cache("bb") == 2).all()
    assert disk.read == ["a RGB", "bb RGB"]


def test_what_has_no_room_is_read_each_time() -> None:
    disk = Disk()
    cache = ImageCache(disk, BYTES)
    cache.fill(["a", "bb", "ccc"], "RGB")
    assert len(cache) == 1
    assert (cache("ccc") == 3).all()
    assert (cache("ccc") == 3).all()
    assert disk.read.count("ccc RGB") == 2


def test_augmentation_may_write_into_what_it_gets() -> None:
    cache = ImageCache(Disk(), 100 * BYTES)
    cache.fill(["a"], "RGB")
    cache("a")[:] = 99
    assert (cache("a") == 1).all()


def test_a_frame_in_other_colours_is_another() -> None:
    disk = Disk()
    cache = ImageCache(disk, 100 * BYTES)
    cache.fill(["a"], "RGB")
    cache("a", color_mode="BGR")
    assert disk.read == ["a RGB", "a BGR"]
