"""Videos that did not begin together: by how many frames, and which part they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.epipolar import epipolar_errors
from dlc_batch_cameras.seen import mean_of_seen, percentile_of_seen
from dlc_batch_cameras.triangulation import PCUTOFF
from dlc_batch_core.errors import LabError

#: How far apart the videos may have begun, unless told otherwise: two seconds at 50 a second.
MOST_FRAMES = 100
#: An offset is believed if it beats every other by so many standard errors.
BELIEVED = 4.0
_BLOCKS = 20  # of time: frames beside one another are no independent witnesses, blocks nearly are
_FEWEST_BLOCKS = 5
_SAMPLE = 2000  # frames looked at
_FIFTH = 0.2533  # of a Gaussian of variance one: a fifth is nearer to zero
_TRUNCATED = 3.0  # standard deviations: a wrong prediction counts no more


@dataclass(frozen=True, eq=False)
class View:
    """What the network predicted for one camera's video."""

    pixels: Array  # (frames, points, 2)
    confidences: Array  # (frames, points)

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True)
class Offset:
    """When a camera's video began, against the first camera's."""

    camera: str
    frames: int  # frame t of the first video was taken with frame t + frames of this one
    margin: float  # standard errors by which it beats the next best
    error: float  # pixels, mean epipolar error, outliers truncated

    @property
    def is_believed(self) -> bool:
        """Whether the tracks tell it; they can't where the animal hardly moves, say."""
        return self.margin >= BELIEVED


@dataclass(frozen=True, eq=False)
class SharedPart:
    """The frames that all videos have."""

    pixels: Array  # (cameras, frames, points, 2)
    confidences: Array  # (cameras, frames, points)
    first_frames: tuple[int, ...]  # of each video: the frame that is here the first
    notes: tuple[str, ...]  # what was left out, in words


def estimate_offsets(
    group: CameraGroup,
    views: Sequence[View],
    *,
    most: int = MOST_FRAMES,
    pcutoff: float = PCUTOFF,
) -> tuple[Offset, ...]:
    """Return when each video began, whole frames, by what it and the first camera saw.

    The offset is that with the least epipolar error, outliers truncated. Its margin says by how
    much every other is worse: the difference over its standard error, from blocks of time.

    Args:
        group: the cameras.
        views: one of each camera; the frames' numbers may differ, the points are the same.
        most: how many frames at most a video may have begun before or after the first.
        pcutoff: predictions of less confidence do not count.
    """
    rays = [
        camera.rays(np.where((view.confidences >= pcutoff)[..., None], view.pixels, np.nan))
        for camera, view in zip(group, views, strict=True)
    ]
    names = group.names
    found = [Offset(names[0], 0, float("inf"), 0.0)]
    for at in range(1, len(group)):
        costs = _costs(group, at, rays[0], rays[at], most)
        found.append(_best(names[at], costs, most))
    return tuple(found)


def share(
    names: Sequence[str], views: Sequence[View], offsets: Sequence[int] | None = None
) -> SharedPart:
    """Return the part that all videos show, with the offsets taken out.

    Args:
        names: the cameras', for the notes.
        views: one of each camera.
        offsets: as `Offset.frames`, one of each camera; none says that they began together.

    Raises:
        LabError: they share no frame.
    """
    begun = [0] * len(views) if offsets is None else [each - offsets[0] for each in offsets]
    start = max(-each for each in begun)
    stop = min(len(view) - each for view, each in zip(views, begun, strict=True))
    if stop <= start:
        lengths = ", ".join(f"{n} {len(v):,}" for n, v in zip(names, views, strict=True))
        raise LabError(
            f"The videos share no frame: {lengths} frames, offsets {list(begun)}.",
            "Give videos of one recording, and the offsets between them.",
        )
    firsts = tuple(start + each for each in begun)
    count = stop - start
    return SharedPart(
        np.stack([v.pixels[f : f + count] for v, f in zip(views, firsts, strict=True)]),
        np.stack([v.confidences[f : f + count] for v, f in zip(views, firsts, strict=True)]),
        firsts,
        tuple(
            f"{name}: {len(view) - count:,} of {len(view):,} frames are left out, for another"
            f" video does not show them: {first:,} at the start,"
            f" {len(view) - count - first:,} at the end."
            for name, view, first in zip(names, views, firsts, strict=True)
            if len(view) != count
        ),
    )


def _costs(group: CameraGroup, at: int, first: Array, other: Array, most: int) -> Array:
    """Return the mean truncated errors (2 * most + 1, blocks) for each offset, pixels."""
    sampled = np.unique(np.linspace(0, len(first) - 1, min(_SAMPLE, len(first))).astype(int))
    errors = np.full((2 * most + 1, len(sampled), first.shape[1]), np.nan)
    for row, offset in enumerate(range(-most, most + 1)):
        there = (sampled + offset >= 0) & (sampled + offset < len(other))
        frames = sampled[there]
        errors[row, there] = np.abs(
            epipolar_errors(
                group.cameras[0], group.cameras[at], first[frames], other[frames + offset]
            )
        )
    # The fifth that fits best: a camera that was knocked later must not widen the limit.
    best = percentile_of_seen(errors, 20, (1, 2))
    if not np.isfinite(best).any():
        return np.full((len(errors), 1), np.nan)
    limit = _TRUNCATED * np.nanmin(best) / _FIFTH
    seen = np.where(np.isnan(errors), np.nan, np.minimum(errors, limit))
    blocks = np.array_split(seen, min(_BLOCKS, len(sampled)), axis=1)
    return np.stack([mean_of_seen(b.reshape(len(b), -1), axis=1) for b in blocks], axis=1)


def _best(name: str, costs: Array, most: int) -> Offset:
    means = mean_of_seen(costs, axis=1)
    # An offset that hardly any frame speaks for is no candidate.
    told = np.count_nonzero(np.isfinite(costs), axis=1) >= max(_FEWEST_BLOCKS, costs.shape[1] // 2)
    if not told.any():
        return Offset(name, 0, 0.0, float("nan"))
    means = np.where(told, means, np.inf)
    best = int(np.argmin(means))
    worse = costs - costs[best]
    blocks = np.count_nonzero(np.isfinite(worse), axis=1)
    mean = mean_of_seen(worse, axis=1)
    # By successive differences (von Neumann and others, 1941): what changes slowly, such as how
    # fast the animal runs, is no error.
    changes = mean_of_seen(np.diff(worse, axis=1) ** 2, axis=1)
    spread = np.sqrt(changes / (2 * np.maximum(blocks, 1)))
    others = told & (blocks >= _FEWEST_BLOCKS) & (np.arange(len(costs)) != best)
    margins = mean[others] / np.maximum(spread[others], 1e-12)
    # At the edge of what was searched, the best may lie beyond.
    inside = 0 < best < 2 * most and len(margins) > 0
    margin = float(margins.min()) if inside else 0.0
    return Offset(name, best - most, margin, float(means[best]))
