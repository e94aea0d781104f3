"""Statistics of what was seen: NaN stands for what was not, and nothing seen gives NaN."""

from __future__ import annotations

import numpy as np

from dlc_batch_cameras.camera import Array


def percentile_of_seen(values: Array, percent: float, axes: tuple[int, ...]) -> Array:
    """Return a percentile along axes, of what is finite, between its neighbours linearly.

    NumPy's own calls Python once for every slice.
    """
    kept = [axis for axis in range(values.ndim) if axis not in axes]
    shape = tuple(values.shape[axis] for axis in kept)
    flat = values.transpose(*kept, *axes).reshape(*shape, -1)
    if not flat.shape[-1]:
        return np.full(shape, np.nan)
    finite = np.isfinite(flat)
    ranked = np.sort(np.where(finite, flat, np.nan), axis=-1)  # NaN at the end
    place = (np.count_nonzero(finite, axis=-1, keepdims=True) - 1) * percent / 100
    low = np.maximum(np.floor(place).astype(int), 0)
    high = np.maximum(np.ceil(place).astype(int), 0)
    below, above = (np.take_along_axis(ranked, each, axis=-1) for each in (low, high))
    found: Array = (below + (above - below) * (place - low))[..., 0]
    return found


def median_of_seen(values: Array, axes: tuple[int, ...]) -> Array:
    """Return the median along axes, of what is finite."""
    return percentile_of_seen(values, 50, axes)


def mean_of_seen(values: Array, axis: int) -> Array:
    """Return the mean along an axis, of what is finite."""
    finite = np.isfinite(values)
    count = np.count_nonzero(finite, axis=axis)
    total = np.where(finite, values, 0).sum(axis=axis)
    mean: Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean
