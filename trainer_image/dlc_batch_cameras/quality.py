"""How far to believe a triangulation: what a report shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.seen import mean_of_seen, median_of_seen, percentile_of_seen
from dlc_batch_cameras.triangulation import Triangulation


@dataclass(frozen=True)
class ViewQuality:
    """One body part in one camera."""

    camera: str
    keypoint: str
    median_error: float  # reprojection error in pixels, of the views used; NaN without one
    high_error: float  # its 95th percentile
    left_out: float  # share of its predictions that were left out as wrong


@dataclass(frozen=True)
class KeypointQuality:
    """One body part in space."""

    keypoint: str
    triangulated: float  # share of all frames that have the point
    disagreeing: float  # share of all frames in which two cameras saw it and none agreed
    standard_error: float  # mm, the median of the frames; NaN without one
    noise: float  # pixels, standard deviation of a prediction's coordinate


@dataclass(frozen=True)
class Quality:
    """Of all body parts, and of each."""

    views: tuple[ViewQuality, ...]
    keypoints: tuple[KeypointQuality, ...]
    median_error: float  # pixels, of all views used
    high_error: float
    triangulated: float  # shares, as above
    disagreeing: float
    left_out: float
    standard_error: float  # mm


@dataclass(frozen=True)
class TrueError:
    """How far points are from a truth that is known, mm."""

    median: float
    high: float  # the 95th percentile
    relative: float  # the median as a share of the animal's length
    points: int  # how many were compared


def assess(found: Triangulation, cameras: Sequence[str], keypoints: Sequence[str]) -> Quality:
    """Return how good a triangulation is.

    Args:
        found: what was triangulated.
        cameras: the names of its cameras.
        keypoints: the names of its points, in order.
    """
    fitted = np.where(found.used, found.errors, np.nan)
    medians, highs = median_of_seen(fitted, (1,)), percentile_of_seen(fitted, 95, (1,))
    out = found.offered & ~found.used & (np.count_nonzero(found.offered, axis=0) >= 2)
    there = np.isfinite(found.points[..., 0])
    typical = median_of_seen(found.standard_errors, (0,))
    return Quality(
        views=tuple(
            ViewQuality(
                camera,
                keypoint,
                float(medians[c, p]),
                float(highs[c, p]),
                _share(out[c, :, p].sum(), found.offered[c, :, p].sum()),
            )
            for c, camera in enumerate(cameras)
            for p, keypoint in enumerate(keypoints)
        ),
        keypoints=tuple(
            KeypointQuality(
                keypoint,
                _share(there[:, p].sum(), len(there)),
                _share(found.disagreeing[:, p].sum(), len(there)),
                float(typical[p]),
                float(found.noise[p]),
            )
            for p, keypoint in enumerate(keypoints)
        ),
        median_error=float(median_of_seen(fitted, (0, 1, 2))),
        high_error=float(percentile_of_seen(fitted, 95, (0, 1, 2))),
        triangulated=_share(there.sum(), there.size),
        disagreeing=_share(found.disagreeing.sum(), there.size),
        left_out=_share(out.sum(), found.offered.sum()),
        standard_error=float(median_of_seen(found.standard_errors, (0, 1))),
    )


def extent_of(points: Array) -> float:
    """Return how large an animal is: the median distance of its body parts from their mean.

    Args:
        points: (frames, points, 3); only frames with two points or more count.

    Returns:
        in the unit of the points; NaN where no frame has two.
    """
    seen = points[np.count_nonzero(np.isfinite(points[..., 0]), axis=1) >= 2]
    centres = mean_of_seen(seen, 1)
    distances = np.linalg.norm(seen - centres[:, np.newaxis], axis=-1)
    return float(median_of_seen(distances, (0, 1)))


def compare_with_truth(points: Array, truth: Array, length: float) -> TrueError:
    """Return how far points (..., 3) are from the truth, where both are known.

    Args:
        points: mm.
        truth: in the same world.
        length: the animal's, mm.
    """
    distances = np.linalg.norm(points - truth, axis=-1).ravel()
    median = float(median_of_seen(distances, (0,)))
    return TrueError(
        median,
        float(percentile_of_seen(distances, 95, (0,))),
        median / length,
        int(np.count_nonzero(np.isfinite(distances))),
    )


def _share(some: int, of_all: int) -> float:
    """Return a share; none of nothing is no share at all, NaN."""
    return float(some) / float(of_all) if of_all else float("nan")
