"""Limbs keep their length: points moved, within their errors, so that they do.

Off unless asked for: it lowers the error where it is true, and hides what it excludes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.camera import Array

_ROUNDS = 5  # of Gauss-Newton: a length is not linear in the points
#: A limb's length is told no better than that, relative: labels slide over the skin.
_LEAST_SPREAD = 0.01
_GAUSSIAN = 1.4826  # times the median distance from the median is the standard deviation
_UNSEEN = 1e6  # mm, standard deviation of what nothing tells
_CHUNK = 2000  # frames at once

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Limb:
    """Two points whose distance hardly changes."""

    first: int
    second: int
    length: float  # mm
    spread: float  # mm, its standard deviation


def measure_limb(points: Array, covariances: Array, first: int, second: int) -> Limb | None:
    """Return the length of a limb, and how much it varies beyond the errors; none if never seen.

    Args:
        points: (frames, points, 3), mm.
        covariances: (frames, points, 3, 3), of them.
        first: one end.
        second: the other.
    """
    apart = points[:, first] - points[:, second]
    lengths = np.linalg.norm(apart, axis=-1)
    seen = lengths > 0
    if not seen.any():
        return None
    apart, lengths = apart[seen], lengths[seen]
    along = apart / lengths[:, None]
    both = (covariances[:, first] + covariances[:, second])[seen]
    variances = np.einsum("ni,nij,nj->n", along, both, along)
    across = np.trace(both, axis1=1, axis2=2) - variances
    # Errors across a limb make it seem longer, by half their variance over its length.
    length = float(np.median(lengths - across / (2 * lengths)))
    spread = _GAUSSIAN * float(np.median(np.abs(lengths - np.median(lengths))))
    beyond = max(spread**2 - float(np.median(variances)), 0.0) ** 0.5
    return Limb(first, second, length, max(beyond, _LEAST_SPREAD * length))


def keep_lengths(
    points: Array, covariances: Array, pairs: Sequence[tuple[int, int]]
) -> tuple[Array, Array]:
    """Return points and covariances with limbs as long as they are in most frames.

    Frame by frame, the least squares of how far points are from where they were triangulated, over
    their covariances, and limbs from their lengths, over how much those vary in this animal. So no
    strength is set by hand. What is missing stays so.

    Args:
        points: (frames, points, 3), mm; NaN where missing.
        covariances: (frames, points, 3, 3).
        pairs: the points whose distance hardly changes.
    """
    limbs = [limb for pair in pairs if (limb := measure_limb(points, covariances, *pair))]
    moved, sharper = points.copy(), covariances.copy()
    for start in range(0, len(points) if limbs else 0, _CHUNK):
        part = slice(start, start + _CHUNK)
        moved[part], sharper[part] = _keep(points[part], covariances[part], limbs)
    return moved, sharper


def _keep(points: Array, covariances: Array, limbs: Sequence[Limb]) -> tuple[Array, Array]:
    frames, parts = points.shape[:2]
    there: Flags = np.isfinite(points[..., 0])
    precisions = np.broadcast_to(np.eye(3) / _UNSEEN**2, covariances.shape).copy()
    precisions[there] = np.linalg.inv(covariances[there])
    seen = np.where(there[..., None], points, 0)
    own = np.zeros((frames, parts, 3, parts, 3))
    every = np.arange(parts)
    own[:, every, :, every, :] = precisions.transpose(1, 0, 2, 3)
    pulled = np.einsum("fpij,fpj->fpi", precisions, seen)
    at, matrix = seen, own
    for _ in range(_ROUNDS):
        matrix, right = own.copy(), pulled.copy()
        for limb in limbs:
            _add(matrix, right, limb, at, there)
        square = matrix.reshape(frames, 3 * parts, 3 * parts)
        at = np.linalg.solve(square, right.reshape(frames, -1, 1)).reshape(seen.shape)
    inverse = np.linalg.inv(matrix.reshape(frames, 3 * parts, 3 * parts))
    blocks = inverse.reshape(own.shape)[:, every, :, every, :].transpose(1, 0, 2, 3)
    return (
        np.where(there[..., None], at, np.nan),
        np.where(there[..., None, None], blocks, np.nan),
    )


def _add(matrix: Array, right: Array, limb: Limb, at: Array, there: Flags) -> None:
    """Add a limb's equation, linearised: along . (second - first) is the length."""
    ends = (limb.first, limb.second)
    apart = at[:, limb.second] - at[:, limb.first]
    lengths = np.linalg.norm(apart, axis=-1)
    counts = there[:, limb.first] & there[:, limb.second] & (lengths > 0)
    along = np.where(counts[:, None], apart / np.where(counts, lengths, 1)[:, None], 0)
    weight = 1 / limb.spread**2
    product = weight * along[:, :, None] * along[:, None, :]
    for one, sign in zip(ends, (-1, 1), strict=True):
        right[:, one] += sign * weight * limb.length * along
        for other, against in zip(ends, (-1, 1), strict=True):
            matrix[:, one, :, other, :] += sign * against * product
