"""From what the cameras' networks predict to points in space, each with its error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2  # type: ignore[import-untyped]  # its stubs are a package apart

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.consensus import Agreement, fit_agreeing, fit_all
from dlc_batch_cameras.fitting import bounds
from dlc_batch_cameras.noise import by_part, first_noise

#: DeepLabCut's own, in its config.yaml.
PCUTOFF = 0.6
#: Points fitted together: rows of them stay in the processor's cache.
_CHUNK = 10_000

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Triangulation:
    """Points in space, and how far to believe them; C cameras, F frames, P points a frame."""

    points: Array  # (F, P, 3), mm; NaN where seen by fewer than two cameras, or where none agree
    covariances: Array  # (F, P, 3, 3), square mm
    errors: Array  # (C, F, P), reprojection error in pixels of every view with a prediction
    offered: Flags  # (C, F, P): the camera has a prediction above the cutoff
    used: Flags  # (C, F, P): it counts; what was offered and is not used was left out as wrong
    noise: Array  # (P,), standard deviation of a pixel's coordinate at a confidence of one

    @property
    def standard_errors(self) -> Array:
        """The standard error of each point's position (F, P), mm: root of the summed variances."""
        errors: Array = np.sqrt(np.trace(self.covariances, axis1=-2, axis2=-1))
        return errors

    @property
    def disagreeing(self) -> Flags:
        """The points (F, P) that two cameras or more saw, and on which no two agree."""
        seen: Flags = np.count_nonzero(self.offered, axis=0) >= 2
        return seen & np.isnan(self.points[..., 0])


def triangulate(
    group: CameraGroup,
    pixels: Array,
    confidences: Array,
    *,
    pcutoff: float = PCUTOFF,
    noise: float | None = None,
    robust: bool = True,
) -> Triangulation:
    """Return the points of maximum likelihood, of the views that agree.

    The coordinates of a pixel are taken to have independent Gaussian errors of the variance
    noise ** 2 / confidence. With three views and more, wrong ones are found and left out (see
    `fit_agreeing`); two views that disagree give no point. Of two views, a prediction that is
    wrong along the epipolar line goes unseen: nothing tells it.

    Args:
        group: C calibrated cameras.
        pixels: (C, frames, points, 2), as predicted: with distortion; NaN where there is none.
        confidences: (C, frames, points); below the cutoff, zero and NaN are not used.
        pcutoff: the least confidence used.
        noise: standard deviation of a prediction in pixels, where known; else estimated, body part
            by body part, from how the views disagree (so the calibration's error is in it too).
        robust: whether views may be left out as wrong.
    """
    pixels, confidences = np.asarray(pixels, float), np.asarray(confidences, float)
    if pixels.shape != (*confidences.shape, 2) or len(pixels) != len(group):
        raise ValueError(f"{len(group)} cameras, {pixels.shape} pixels, {confidences.shape}")
    offered = np.isfinite(pixels).all(axis=-1) & (confidences >= max(pcutoff, 1e-9))
    weights = np.where(offered, confidences, 0)
    rays = group.rays(np.where(offered[..., None], pixels, np.nan))
    before = first_noise(group, rays, weights) if noise is None else _same(noise, offered)
    found = _in_chunks(group, pixels, rays, weights, before if robust else None)
    after = _noise_left(found, weights) if noise is None else before
    shape = offered.shape
    used = found.used.reshape(shape)
    points = np.where(used.any(axis=0).ravel(), found.points, np.nan)
    covariances = _covariances(group, np.where(used, weights, 0), points, after)
    return Triangulation(
        points=points.T.reshape(*shape[1:], 3),
        covariances=covariances.reshape(*shape[1:], 3, 3),
        errors=found.errors.reshape(shape),
        offered=offered,
        used=used,
        noise=after,
    )


def _same(noise: float, offered: Flags) -> Array:
    return np.full(offered.shape[-1], float(noise))


def _in_chunks(
    group: CameraGroup, pixels: Array, rays: Array, weights: Array, noise: Array | None
) -> Agreement:
    """Fit all points (cameras, frames, points, ...), flat; robustly where the noise is told."""
    cameras, frames, parts = weights.shape
    count = frames * parts
    flat_pixels, flat_rays = (each.reshape(cameras, count, 2) for each in (pixels, rays))
    flat_weights = weights.reshape(cameras, count)
    found = Agreement(
        np.empty((3, count)), np.empty((cameras, count), bool), np.empty((cameras, count))
    )
    for part in _chunks(count):
        given = (
            group,
            np.ascontiguousarray(flat_pixels[:, part].transpose(0, 2, 1)),
            np.ascontiguousarray(flat_rays[:, part].transpose(0, 2, 1)),
            flat_weights[:, part],
        )
        if noise is None:
            these = fit_all(*given)
        else:
            these = fit_agreeing(*given, np.resize(np.roll(noise, -part.start), _length(part)))
        found.points[:, part] = these.points
        found.used[:, part] = these.used
        found.errors[:, part] = these.errors
    return found


def _noise_left(found: Agreement, weights: Array) -> Array:
    """Return the noise (points,) by the errors of the views used."""
    parts = weights.shape[-1]
    flat = weights.reshape(found.used.shape)
    squares = np.where(found.used, found.errors, 0) ** 2 * flat
    freedom = 2 * np.count_nonzero(found.used, axis=0) - 3  # two pixels a view, less the point
    medians = np.sqrt(chi2.median(np.arange(1, 2 * len(flat))))[np.maximum(freedom, 1) - 1]
    sizes = np.where(freedom > 0, np.sqrt(squares.sum(axis=0)), np.nan)
    return by_part(sizes.reshape(-1, parts), medians.reshape(-1, parts))


def _covariances(group: CameraGroup, weights: Array, points: Array, noise: Array) -> Array:
    """Return the covariances (n, 3, 3): the inverse of the Fisher information."""
    flat = weights.reshape(len(group), -1)
    variances = np.tile(noise**2, flat.shape[1] // max(len(noise), 1))
    covariances = np.full((flat.shape[1], 3, 3), np.nan)
    for part in _chunks(flat.shape[1]):
        there = part.start + np.flatnonzero(np.isfinite(points[0, part]))
        least = bounds(group, flat[:, there], points[:, there])
        covariances[there] = least * variances[there, None, None]
    return covariances


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK))


def _length(part: slice) -> int:
    return int(part.stop - part.start)
