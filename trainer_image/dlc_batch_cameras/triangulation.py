"""From what the cameras' networks predict to points in space, each with its error."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2  # type: ignore[import-untyped]  # its stubs are a package apart

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.consensus import Agreement, Sightings, agree, fit_agreeing, fit_all
from dlc_batch_cameras.fitting import Fit
from dlc_batch_cameras.noise import by_part, first_noise

#: DeepLabCut's own, in its config.yaml.
PCUTOFF = 0.6
#: Points fitted together: rows of them stay in the processor's cache.
_CHUNK = 10_000
_MOST_THREADS = 4  # more wait for one another

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
    count = confidences[0].size
    seen = Sightings(
        pixels.reshape(len(group), count, 2).transpose(0, 2, 1),
        rays.reshape(len(group), count, 2).transpose(0, 2, 1),
        weights.reshape(len(group), count),
        np.tile(before, len(confidences[0])),
    )
    found = _fit(group, seen, robust)
    after = _noise_left(found, weights) if noise is None else before
    shape = offered.shape
    used = found.used.reshape(shape)
    covariances = _covariances(found.fit, after)
    # Where nothing is told of it, all cameras stand on one line with the point.
    there = used.any(axis=0).ravel() & np.isfinite(covariances[:, 0, 0])
    points = np.where(there, found.fit.points, np.nan)
    covariances[~there] = np.nan
    used = used & there.reshape(shape[1:])
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


def _fit(group: CameraGroup, seen: Sightings, robust: bool) -> Agreement:
    """Fit all points; where their views disagree, robustly."""
    found = _in_chunks(fit_all, group, seen)
    if not robust:
        return found
    doubtful = np.flatnonzero(~agree(found, seen))
    found.used[:, doubtful] = False
    several = doubtful[np.count_nonzero(seen.weights[:, doubtful], axis=0) > 2]
    better = _in_chunks(fit_agreeing, group, seen.of(several))
    # Where still none agree, the misfit of all views is what is shown.
    agreed = np.flatnonzero(better.used.any(axis=0))
    found.put(better.of(agreed), several[agreed])
    return found


def _in_chunks(
    fit: Callable[[CameraGroup, Sightings], Agreement], group: CameraGroup, seen: Sightings
) -> Agreement:
    """Fit all points (n,), some at a time, on as many cores as there are."""
    found = Agreement.empty(*seen.weights.shape)
    _for_each(lambda part: found.put(fit(group, seen.of(part)), part), len(seen.noise))
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


def _covariances(fit: Fit, noise: Array) -> Array:
    """Return the covariances (n, 3, 3), for a noise (points,) of each body part."""
    variances = np.tile(noise**2, fit.points.shape[1] // max(len(noise), 1))
    return fit.covariances() * variances[:, None, None]


def _for_each(do: Callable[[slice], None], count: int) -> None:
    """Do it for chunks of so many points; NumPy lets several cores work at once."""
    chunks = (slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
        list(pool.map(do, chunks))  # raises what one of them raised
