"""How far predictions are from labels, over frames: means, and how sure the mean is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint, video_of
from dlc_batch_trainer.stretches import Neighbours

_DRAWS = 2000  # the percentiles of more hardly differ (our choice)
_LEVEL = 0.95
#: A resample of fewer frames, or videos, is hardly another sample: of fewer frames there is no
#: interval, and of fewer videos frames are resampled.
_LEAST_RESAMPLED = 5


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
    resampled: int  # so many
    unit: str  # frames, videos, stretches or instants


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


def bootstrap(
    frames: Sequence[ScoredFrame],
    seed: int,
    draws: int = _DRAWS,
    neighbours: Neighbours | None = None,
) -> Interval | None:
    """Resample videos, or frames where they are of few videos.

    The points of a frame are no independent measurements, nor are the frames of a video: with
    both, the resample is of what is independent (cluster bootstrap; Davison and Hinkley, 1997).
    Frames for which nothing was found have no error and are not drawn.

    Args:
        neighbours: of test frames that were drawn as stretches of neighbouring ones: whole
            stretches are resampled then, or instants where there are few stretches.

    Returns:
        the interval of the mean distance over all points; None of fewer than five frames, and of
        stretches with fewer than five instants.
    """
    of_frames = {frame.image: errors for frame in frames if (errors := frame.errors_px)}
    if len(of_frames) < _LEAST_RESAMPLED:
        return None
    unit, groups = _of_neighbours(of_frames, neighbours) if neighbours else _independent(of_frames)
    if len(groups) < _LEAST_RESAMPLED:
        return None
    sums = np.array([sum(errors) for errors in groups])
    counts = np.array([len(errors) for errors in groups])
    drawn = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return Interval(float(low), float(high), _LEVEL, draws, len(sums), unit)


def _independent(of_frames: Mapping[str, list[float]]) -> tuple[str, list[list[float]]]:
    """The errors of each video where there are enough, else of each frame."""
    videos = _grouped(of_frames, {image: video_of(image) for image in of_frames})
    if len(videos) >= _LEAST_RESAMPLED:
        return "videos", videos
    return "frames", list(of_frames.values())


def _of_neighbours(
    of_frames: Mapping[str, list[float]], neighbours: Neighbours
) -> tuple[str, list[list[float]]]:
    """The errors of each stretch where there are enough, else of each instant."""
    stretches = _grouped(of_frames, neighbours.stretches)
    if len(stretches) >= _LEAST_RESAMPLED:
        return "stretches", stretches
    return "instants", _grouped(of_frames, neighbours.instants)


def _grouped(
    of_frames: Mapping[str, list[float]], name_of: Mapping[str, str]
) -> list[list[float]]:
    groups: dict[str, list[float]] = {}
    for image, errors in of_frames.items():
        groups.setdefault(name_of[image], []).extend(errors)
    return list(groups.values())


def worst_frames(frames: Iterable[ScoredFrame], most: int) -> tuple[ScoredFrame, ...]:
    """Return the frames with the largest mean distance, largest first.

    Before all others come those on which nothing was found of what is labelled.
    """
    labelled = [frame for frame in frames if frame.points]
    ranked = sorted(labelled, key=lambda frame: (-_badness(frame), frame.image))
    return tuple(ranked[:most])


def _badness(frame: ScoredFrame) -> float:
    error = frame.error_px
    return math.inf if error is None else error
