"""What an error is measured against: the animal's size, or else the frame's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from dlc_batch_core.labels import SINGLE
from dlc_batch_trainer.evaluation.points import ScoredFrame

#: An animal with fewer labelled points has no size to speak of.
_LEAST_POINTS = 2


@dataclass(frozen=True)
class Scale:
    """A length in the frames."""

    px: float
    is_animal: bool  # False: the diagonal of the frame

    @property
    def name(self) -> str:
        return "the animal's size" if self.is_animal else "the frame's diagonal"


def find_scale(frames: Iterable[ScoredFrame], frame_size: tuple[int, int] | None) -> Scale | None:
    """Return the animal's size: the median diagonal of the boxes around its labelled points.

    Args:
        frames: with labels.
        frame_size: width and height in pixels, taken where no animal has two labelled points.
    """
    sizes = [size for frame in frames for size in _sizes(frame)]
    if sizes:
        return Scale(median(sizes), is_animal=True)
    return Scale(math.hypot(*frame_size), is_animal=False) if frame_size else None


def _sizes(frame: ScoredFrame) -> Iterable[float]:
    animals: dict[str, list[tuple[float, float]]] = {}
    for point in frame.points:
        if point.individual != SINGLE:
            animals.setdefault(point.individual, []).append(point.label)
    for places in animals.values():
        xs, ys = zip(*places, strict=True)
        size = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
        if len(places) >= _LEAST_POINTS and size > 0:
            yield size
