"""The error of a prediction in pixels, as the views' disagreement tells it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.stats import chi2  # type: ignore[import-untyped]  # its stubs are a package apart

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.epipolar import weighted_epipolar_errors

#: No network is more exact than that, nor a calibration: drawn data without noise get it.
LEAST_NOISE = 0.05
#: Of a body part with fewer, those of all body parts speak.
_FEWEST = 50
#: Pairs of views beyond so many standard deviations are wrong predictions and do not count.
_TRIMMED = 3.3
_ROUNDS = 10
_MOST = 20_000  # points looked at: they tell the noise to a hundredth
_MEDIAN = float(np.sqrt(chi2.median(1)))


def first_noise(group: CameraGroup, rays: Array, weights: Array) -> Array:
    """Return the noise of each body part (points,), before anything is triangulated.

    The scale of the epipolar errors of all pairs of views, from the median, wrong predictions
    trimmed: pixels, of each coordinate, at weight one. NaN where nothing is seen twice.

    Args:
        group: C cameras.
        rays: (C, frames, points, 2).
        weights: (C, frames, points), zero where not seen.
    """
    every = max(1, weights[0].size // _MOST)
    rays, weights = rays[:, ::every], weights[:, ::every]
    pairs = combinations(range(len(group)), 2)
    errors = [weighted_epipolar_errors(group, rays, weights, pair) for pair in pairs]
    sizes = np.concatenate(errors)
    return by_part(sizes, np.full(sizes.shape, _MEDIAN))


def by_part(sizes: Array, medians: Array) -> Array:
    """Return the scale (points,) of errors, robustly: that of all where a part has few.

    Args:
        sizes: (n, points), sizes of errors; NaN where there is none.
        medians: (n, points), the median that each would have, were the scale one.
    Of more than enough, some are looked at.
    """
    every = max(1, sizes.size // (_MOST * sizes.shape[1])) if sizes.size else 1
    ratios = sizes[::every] / medians[::every]
    together = _scale(ratios.ravel())
    found = [
        _scale(each) if np.count_nonzero(np.isfinite(each)) >= _FEWEST else together
        for each in ratios.T
    ]
    return np.array(found)


def _scale(ratios: Array) -> float:
    """Return the median ratio, of those that are no outliers by that very scale."""
    kept = ratios[np.isfinite(ratios)]
    if not len(kept):
        return float("nan")
    scale = float(np.median(kept))
    for _ in range(_ROUNDS):
        inside = kept[kept <= _TRIMMED / _MEDIAN * max(scale, LEAST_NOISE)]
        if not len(inside):
            break
        scale, before = float(np.median(inside)), scale
        if scale == before:
            break
    return max(scale, LEAST_NOISE)
