"""Decoded frames kept in memory: natively each is read and decoded again in each epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

#: The part of the memory that is free at the start (our choice: the network and its batches want
#: the rest, and a loader process copies no page of it).
_SHARE = 0.4


class ImageCache:
    """Decodes frames once, as far as its memory goes; the others are decoded as they come.

    Filled before loader processes are forked, it is shared by them without a copy.
    """

    def __init__(self, load: Callable[..., np.ndarray[Any, Any]], budget: int) -> None:
        """
        Args:
            load: DeepLabCut's load_image(path, color_mode).
            budget: bytes.
        """
        self._load = load
        self._left = budget
        self._images: dict[tuple[str, str], np.ndarray[Any, Any]] = {}

    def __len__(self) -> int:
        return len(self._images)

    def fill(self, paths: Iterable[str], color_mode: str) -> None:
        """Decode frames until the memory set apart is used up."""
        for path in paths:
            key = (path, color_mode)
            if key in self._images:
                continue
            image = self._load(path, color_mode=color_mode)
            if image.nbytes > self._left:
                return
            self._left -= image.nbytes
            image.flags.writeable = False
            self._images[key] = image

    def __call__(self, filepath: str | Path, color_mode: str = "RGB") -> np.ndarray[Any, Any]:
        """Stand in for load_image: a copy, for augmentation may write into it."""
        image = self._images.get((str(filepath), color_mode))
        return self._load(filepath, color_mode=color_mode) if image is None else image.copy()


@contextlib.contextmanager
def cached_images(is_wanted: bool) -> Iterator[ImageCache | None]:
    """Put a cache before DeepLabCut's load_image, within the block."""
    # Not at the top: it takes 16 s
    from deeplabcut.pose_estimation_pytorch.data import (  # type: ignore[import-untyped]
        dataset as dlc_dataset,
    )

    load = dlc_dataset.load_image
    if not is_wanted:
        yield None
        return
    cache = ImageCache(load, int(_SHARE * _free_memory()))
    dlc_dataset.load_image = cache
    try:
        yield cache
    finally:
        dlc_dataset.load_image = load


def _free_memory() -> int:
    """Bytes that may be had without swapping; a container's own limit counts too."""
    text = Path("/proc/meminfo").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("MemAvailable:"))
    available = int(line.split()[1]) * 1024
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{n}").read_text() for n in ("max", "current"))
        return min(available, int(limit) - int(used))
    except (OSError, ValueError):  # no limit
        return available
