"""Animals move smoothly: tracks in space with less of the error that changes from frame to frame.

Off unless asked for: it lowers the error where it is true, and hides what it excludes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded  # type: ignore[import-untyped]  # its stubs are apart

from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.seen import mean_of_seen

#: The accelerations tried, mm a frame squared: from what hardly moves to what jumps.
_TRIED = np.logspace(-3, 1, 13)
_FEWEST = 6  # frames, below which nothing is smoothed
_REACH = 6  # unknowns from a frame to the next but one
#: Squared distances over their variances, beyond which a point counts less: 99.9 % are below.
_MOST = 16.3
_ROUNDS = 3  # of weighing anew
#: Added to a track's equations, as a part of their largest: far above rounding, far below what any
#: frame tells.
_LEAST = 1e-12

Flags = NDArray[np.bool_]


def smooth(points: Array, covariances: Array, *, longest_gap: int = 0) -> Array:
    """Return smoothed tracks (frames, points, 3), mm.

    Penalised least squares (Whittaker, 1923; Eilers, 2003): each point stays as near to what was
    triangulated as its covariance says, and second differences are small. How small, is found for
    each body part: of the accelerations tried, that which best foretells every second frame from
    the others. Points far off the track weigh less (Huber, 1964). The covariances given stay true
    as upper limits.

    Args:
        points: (frames, points, 3), NaN where missing.
        covariances: (frames, points, 3, 3), of them.
        longest_gap: missing frames in a row, at most, that are filled; others stay NaN.
    """
    there: Flags = np.isfinite(points[..., 0])
    if len(points) < _FEWEST or not there.any():
        return points.copy()
    precisions = np.zeros(covariances.shape)
    precisions[there] = np.linalg.inv(covariances[there])
    # About its own middle: what keeps a track solvable must not pull it to the world's origin.
    middle = mean_of_seen(points, axis=0)
    seen = np.where(there[..., None], points - middle, 0)
    accelerations = _accelerations(seen, precisions, there)
    found = _solve(seen, precisions, accelerations)
    for _ in range(_ROUNDS):
        off = _squares(found - seen, precisions)
        weights = np.sqrt(_MOST / np.maximum(off, _MOST))
        found = _solve(seen, precisions * weights[..., None, None], accelerations)
    keep = there | _short_gaps(there, longest_gap)
    return np.where(keep[..., None], found + middle, np.nan)


def _accelerations(seen: Array, precisions: Array, there: Flags) -> Array:
    """Return the acceleration (points,) that best foretells frames held out; the largest, which
    leaves a track nearly as it is, where there are none to tell."""
    held = precisions.copy()
    held[1::2] = 0
    told, against = there[1::2], precisions[1::2]
    scores = []
    for tried in _TRIED:
        off = _solve(seen, held, np.full(seen.shape[1], tried))[1::2] - seen[1::2]
        squares = _squares(off, against)
        scores.append(mean_of_seen(np.where(told, np.minimum(squares, _MOST), np.nan), axis=0))
    table = np.where(np.isnan(scores), np.inf, scores)
    best: Array = _TRIED[np.argmin(table, axis=0)]
    return np.where(np.isfinite(table).any(axis=0), best, _TRIED[-1])


def _solve(seen: Array, precisions: Array, accelerations: Array) -> Array:
    """Solve the penalised least squares of all tracks: one banded system, track after track."""
    frames, parts = seen.shape[:2]
    # Row d holds what couples each unknown to the one d after it (LAPACK's lower banded form).
    bands = np.zeros((_REACH + 1, parts, frames, 3))
    for row in range(3):
        for column in range(row + 1):
            bands[row - column, :, :, column] += precisions[..., row, column].T
    weights = (1 / accelerations**2)[:, None, None]
    differences = (1, -2, 1)
    for first, one in enumerate(differences):
        for second, other in enumerate(differences[first:], start=first):
            span = slice(first, frames - 2 + first)
            bands[3 * (second - first), :, span] += one * other * weights
    # Where a track is hardly seen, it still has a solution.
    bands[0] += _LEAST * bands[0].max(axis=(1, 2), keepdims=True)
    right = np.einsum("fpij,fpj->pfi", precisions, seen)
    solved = solveh_banded(bands.reshape(_REACH + 1, -1), right.ravel(), lower=True)
    tracks: Array = solved.reshape(parts, frames, 3).transpose(1, 0, 2)
    return tracks


def _squares(off: Array, precisions: Array) -> Array:
    """Return squared distances (frames, points) over their variances."""
    squares: Array = np.einsum("fpi,fpij,fpj->fp", off, precisions, off)
    return squares


def _short_gaps(there: Flags, longest: int) -> Flags:
    """Say which points (frames, points) are missing in short gaps between two that are there."""
    frames = np.arange(len(there))[:, None]
    never = len(there) + longest + 1
    before = np.maximum.accumulate(np.where(there, frames, -never), axis=0)
    after = np.minimum.accumulate(np.where(there, frames, 2 * never)[::-1], axis=0)[::-1]
    short: Flags = ~there & (after - before - 1 <= longest)
    return short
