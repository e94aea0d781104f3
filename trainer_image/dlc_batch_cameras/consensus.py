"""Which views of a point agree, where not all do: RANSAC over views, all pairs of them tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2  # type: ignore[import-untyped]  # its stubs are a package apart

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.epipolar import weighted_epipolar_errors
from dlc_batch_cameras.fitting import (
    Fit,
    fit_points,
    refine,
    reprojection_errors,
    solve_linearly,
)

#: How rarely a right prediction may be taken for a wrong one.
_RARELY = 1e-4
#: A view's squared error over its variance has two degrees of freedom, two views' have one left.
_MOST_OF_VIEW = float(chi2.isf(_RARELY, 2))
_MOST_OF_TWO = float(chi2.isf(_RARELY, 1))
#: A second pair of views that agrees contradicts the first where its point misses by far: squared.
_FAR = 4 * _MOST_OF_VIEW
#: Pairs whose epipolar error is above so many standard deviations propose no point; the rest is
#: room for what the epipolar error leaves aside.
_MOST_OF_PAIR = 1.5 * float(np.sqrt(_MOST_OF_TWO))
_FIRST_STEPS = 10  # of the fit to all views: where they agree, it is done long before
_STEPS = 2  # of a pair's fit: enough to tell a wrong view

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Agreement:
    """n points, each fitted to the views that agree on it."""

    fit: Fit  # where no two views agree, what fits all best
    used: Flags  # (cameras, n); nothing where no two views agree
    errors: Array  # (cameras, n), pixels, of every view that has weight

    @classmethod
    def empty(cls, cameras: int, count: int) -> Agreement:
        """Return what is to be filled in, part by part."""
        fit = Fit(np.empty((3, count)), np.empty((6, count)))
        return cls(fit, np.empty((cameras, count), bool), np.empty((cameras, count)))

    def put(self, those: Agreement, where: slice | NDArray[np.intp]) -> None:
        """Take over what was found of some of the points."""
        self.fit.points[:, where] = those.fit.points
        self.fit.information[:, where] = those.fit.information
        self.used[:, where] = those.used
        self.errors[:, where] = those.errors

    def of(self, which: NDArray[np.intp]) -> Agreement:
        """Return what was found of some of the points."""
        fit = Fit(self.fit.points[:, which], self.fit.information[:, which])
        return Agreement(fit, self.used[:, which], self.errors[:, which])


@dataclass(frozen=True, eq=False)
class Sightings:
    """What C cameras saw of n points."""

    pixels: Array  # (C, 2, n); finite where there is weight
    rays: Array  # (C, 2, n), the same without distortion
    weights: Array  # (C, n), zero where a camera did not see the point
    noise: Array  # (n,), the standard deviation of a pixel at weight one

    def of(self, which: slice | NDArray[np.intp]) -> Sightings:
        """Return those of some of the points."""
        return Sightings(
            np.ascontiguousarray(self.pixels[:, :, which]),
            np.ascontiguousarray(self.rays[:, :, which]),
            self.weights[:, which],
            self.noise[which],
        )


def fit_all(group: CameraGroup, seen: Sightings) -> Agreement:
    """Fit points to all views that have weight, and count these as used."""
    fit = fit_points(group, seen.pixels, seen.rays, seen.weights, _FIRST_STEPS)
    errors = _errors(group, seen.pixels, seen.weights, fit.points)
    good = (errors < np.inf) | (seen.weights == 0)  # not behind a camera that saw it
    used = (seen.weights > 0) & good.all(axis=0) & np.isfinite(fit.points[0])
    return Agreement(fit, used, errors)


def agree(found: Agreement, seen: Sightings) -> Flags:
    """Say of which points (n,) all views that are used agree, within what the noise explains."""
    return _within(found.errors, seen.weights, seen.noise, found.used)


def fit_agreeing(group: CameraGroup, seen: Sightings) -> Agreement:
    """Fit points, of which not all views agree, to those that do, and say which those are.

    Every pair of views proposes a point (Fischler and Bolles, 1981, with all samples drawn); that
    of the least truncated error wins (MSAC: Torr and Zisserman, 2000), where a view that misses
    costs no more than it weighs. Two views count only if no other two contradict them.
    """
    pixels, rays, weights, noise = seen.pixels, seen.rays, seen.weights, seen.noise
    fit, used = _refit(group, seen, _best_proposals(group, pixels, rays, weights, noise))
    fit, used = _refit(group, seen, fit.points)  # views come in and go out by the better point
    errors = _errors(group, pixels, weights, fit.points)
    good = _within(errors, weights, noise, used)
    far = ~used & (_misses(errors, weights, noise) > _FAR)
    good &= ~((used.sum(axis=0) == 2) & _contradicted(group, rays, weights, noise, far))
    return Agreement(fit, used & good, errors)


def _refit(group: CameraGroup, seen: Sightings, points: Array) -> tuple[Fit, Flags]:
    """Fit points (3, n) to those views that miss them by no more than noise does."""
    misses = _misses(_errors(group, seen.pixels, seen.weights, points), seen.weights, seen.noise)
    used = (seen.weights > 0) & (misses <= _MOST_OF_VIEW)
    return refine(group, seen.pixels, np.where(used, seen.weights, 0), points), used


def _best_proposals(
    group: CameraGroup, pixels: Array, rays: Array, weights: Array, noise: Array
) -> Array:
    """Return the points (3, n), each proposed by two views, that fit the other views best."""
    best, points = np.full(len(noise), np.inf), np.full((3, len(noise)), np.nan)
    for pair, apart in _apart(group, rays, weights, noise):
        which, at = np.flatnonzero(apart <= _MOST_OF_PAIR), list(pair)
        two = CameraGroup(tuple(group.cameras[each] for each in pair))
        seen, weighing = pixels[:, :, which], weights[:, which]
        start = solve_linearly(two, rays[at][:, :, which], weighing[at])
        proposed = refine(two, seen[at], weighing[at], start, _STEPS).points
        misses = _misses(_errors(group, seen, weighing, proposed), weighing, noise[which])
        cost = _truncated(misses, weighing)
        cost[(misses[at] > _MOST_OF_VIEW).any(axis=0)] = np.inf
        better = cost < best[which]
        best[which[better]] = cost[better]
        points[:, which[better]] = proposed[:, better]
    return points


def _contradicted(
    group: CameraGroup, rays: Array, weights: Array, noise: Array, far: Flags
) -> Flags:
    """Say of which points (n,) other two views agree, one of which at least is far from them."""
    contradicted = np.zeros(len(noise), bool)
    for pair, apart in _apart(group, rays, weights, noise):
        contradicted |= far[list(pair)].any(axis=0) & (apart**2 <= _MOST_OF_TWO)
    return contradicted


def _apart(
    group: CameraGroup, rays: Array, weights: Array, noise: Array
) -> Iterator[tuple[tuple[int, int], Array]]:
    """Yield each pair of views and its epipolar errors (n,) over their standard deviation."""
    turned = rays.transpose(0, 2, 1)
    for pair in combinations(range(len(group)), 2):
        yield pair, weighted_epipolar_errors(group, turned, weights, pair) / noise


def _errors(group: CameraGroup, pixels: Array, weights: Array, points: Array) -> Array:
    return np.where(weights > 0, reprojection_errors(group, pixels, points), np.nan)


def _misses(errors: Array, weights: Array, noise: Array) -> Array:
    """Return squared errors (C, n) over their variances; infinite where there is no point."""
    misses = np.where(weights > 0, errors**2 * weights / noise**2, np.nan)
    misses[(weights > 0) & np.isnan(misses)] = np.inf
    return misses


def _truncated(misses: Array, weights: Array) -> Array:
    """Return the cost (n,) of points: a view that misses costs no more than it weighs."""
    cost: Array = np.nansum(np.minimum(misses, _MOST_OF_VIEW * weights), axis=0)
    return cost


def _within(errors: Array, weights: Array, noise: Array, used: Flags) -> Flags:
    """Say of which points (n,) the used views agree, two at least."""
    misses = np.where(used, _misses(errors, weights, noise), 0)
    count = np.count_nonzero(used, axis=0)
    good: Flags = (misses <= _MOST_OF_VIEW).all(axis=0) & (count >= 2)
    good &= (count > 2) | (misses.sum(axis=0) <= _MOST_OF_TWO)
    return good
