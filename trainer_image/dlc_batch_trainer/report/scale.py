"""What an error is measured against: the span of an animal's labelled points, or the frame.

The span stands for the animal's size as long as the labelled points are the animal's: corners of
an arena among the body parts make it larger, a head alone smaller. `of_frame` tells such cases.
"""

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
    of_frame: float | None = None  # as a share of the frame's diagonal; None: not known

    @property
    def name(self) -> str:
        return "the span of an animal's labels" if self.is_animal else "the frame's diagonal"


def find_scale(frames: Iterable[ScoredFrame], frame_size: tuple[int, int] | None) -> Scale | None:
    """Return the span: the median diagonal of the boxes around an animal's labelled points.

    Args:
        frames: with labels.
        frame_size: width and height in pixels; the measure where no animal has two labelled
            points.
    """
    diagonal = math.hypot(*frame_size) if frame_size else None
    if sizes := [size for frame in frames for size in _sizes(frame)]:
        span = median(sizes)
        return Scale(span, is_animal=True, of_frame=span / diagonal if diagonal else None)
    return Scale(diagonal, is_animal=False, of_frame=1.0) if diagonal else None


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
