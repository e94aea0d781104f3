"""How far predictions are from labels, over frames: means, and how sure the mean is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint

_DRAWS = 2000  # the percentiles of more hardly differ (our choice)
_LEVEL = 0.95
#: With fewer frames the interval is too narrow: a resample of few is hardly another sample.
_FEW_FRAMES = 5


@dataclass(frozen=True)
class Errors:
    """Mean distances over a set of labelled points."""

    mean_px: float | None  # None: nothing to take the mean of
    points: int  # labelled, and something was found
    mean_pcutoff_px: float | None  # over the points predicted with at least that confidence
    points_pcutoff: int
    missed: int  # labelled, and nothing was found


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval of the mean distance (Efron, 1979; percentiles)."""

    low_px: float
    high_px: float
    level: float
    draws: int
    frames: int  # that were resampled
    note: str = ""  # a sentence for the lab


def mean_errors(points: Iterable[ScoredPoint], pcutoff: float) -> Errors:
    """Take the means over points."""
    points = list(points)
    errors = [error for point in points if (error := point.error_px) is not None]
    sure = [
        error
        for point in points
        if (error := point.error_px) is not None and point.is_sure(pcutoff)
    ]
    missed = len(points) - len(errors)
    return Errors(_mean(errors), len(errors), _mean(sure), len(sure), missed)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def bootstrap(frames: Sequence[ScoredFrame], seed: int, draws: int = _DRAWS) -> Interval | None:
    """Resample frames: the points of one frame are no independent measurements.

    Frames for which nothing was found have no error and are not drawn.

    Returns:
        the interval of the mean distance over all points; None without any.
    """
    of_frames = [errors for frame in frames if (errors := frame.errors_px)]
    if not of_frames:
        return None
    sums = np.array([sum(errors) for errors in of_frames])
    counts = np.array([len(errors) for errors in of_frames])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    note = ""
    if len(sums) < _FEW_FRAMES:
        note = f"The interval is of {len(sums)} test frames only: too few to rely on it."
    return Interval(float(low), float(high), _LEVEL, draws, len(sums), note)


def worst_frames(frames: Iterable[ScoredFrame], most: int) -> tuple[ScoredFrame, ...]:
    """Return the frames with the largest mean distance, largest first."""
    scored = [(error, frame) for frame in frames if (error := frame.error_px) is not None]
    ranked = sorted(scored, key=lambda each: (-each[0], each[1].image))
    return tuple(frame for _, frame in ranked[:most])
