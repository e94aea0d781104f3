"""Points in space that fit best what the cameras saw: least squares of the reprojection error.

Everything here is for n points at once and knows no outlier: what has weight counts. Pixels are
(cameras, 2, n) and weights (cameras, n); a weight of zero says that the camera did not see it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.projecting import project, project_with_jacobian

#: Steps of Levenberg and Marquardt at most; from a linear start nearly all points need three.
MOST_STEPS = 20
#: A step that promises to lower the sum of squares by less, relative and in square pixels, is the
#: last: after it, the point is found far better than its pixels are known.
_ENOUGH = 1e-4
_FIRST_DAMPING = 1e-3
#: A determinant over the product of the diagonal below which nothing is told along some line: all
#: cameras that see the point stand on it.
_SINGULAR = 1e-12
#: Symmetric matrices are kept as xx xy xz yy yz zz.
_DIAGONAL = [0, 3, 5]
_SYMMETRIC = [[0, 1, 2], [1, 3, 4], [2, 4, 5]]


@dataclass(frozen=True, eq=False)
class Equations:
    """The normal equations of n points, and the weighted sum of squared errors they belong to."""

    matrix: Array  # (6, n): xx xy xz yy yz zz
    vector: Array  # (3, n)
    cost: Array  # (n,), square pixels; infinite where a camera saw what lies behind it


@dataclass(frozen=True, eq=False)
class Fit:
    """Points, and what the views tell of them."""

    points: Array  # (3, n), mm
    information: Array  # (6, n), Fisher's for pixels of variance 1 / weight: xx xy xz yy yz zz

    def covariances(self) -> Array:
        """Return the covariances (n, 3, 3), square mm; NaN where too little is told of a point.

        No unbiased estimate has a smaller one (Cramér and Rao): the inverse of the information.
        """
        return np.take(_inverse(self.information), _SYMMETRIC, axis=0).transpose(2, 0, 1)


def fit_points(
    group: CameraGroup, pixels: Array, rays: Array, weights: Array, steps: int = MOST_STEPS
) -> Fit:
    """Return the points with the least weighted reprojection error.

    That is the estimate of maximum likelihood where the pixels' errors are Gaussian and their
    variances as one over the weights. Starts from the linear solution (Hartley and Sturm, 1997),
    then damped Gauss-Newton (Levenberg, 1944; Marquardt, 1963).

    Args:
        group: C cameras.
        pixels: (C, 2, n); finite where there is weight.
        rays: (C, 2, n), the same without distortion, as `Camera.rays` gives them.
        weights: (C, n), at least zero. A point with less than two above zero is NaN.
        steps: how many at most.
    """
    return refine(group, pixels, weights, solve_linearly(group, rays, weights), steps)


def solve_linearly(group: CameraGroup, rays: Array, weights: Array) -> Array:
    """Return the points (3, n) nearest to the rays (C, 2, n): the linear least squares solution.

    The linear-LS method of Hartley and Sturm (1997): no point of a laboratory is at infinity.
    """
    count = rays.shape[-1]
    matrix, vector = np.zeros((6, count)), np.zeros((3, count))
    for camera, ray, weight in zip(group, rays, weights, strict=True):
        turned, moved = camera.rotation, camera.translation
        for row in (0, 1):
            along = np.where(weight > 0, ray[row], 0)
            normal = along * turned[2][:, None] - turned[row][:, None]
            _add(matrix, vector, normal, moved[row] - along * moved[2], weight)
    matrix[:, np.count_nonzero(weights > 0, axis=0) < 2] = np.nan
    return solve(matrix, vector)


def refine(
    group: CameraGroup, pixels: Array, weights: Array, start: Array, steps: int = MOST_STEPS
) -> Fit:
    """Return the points of least reprojection error, from points (3, n) near them."""
    points, information = start.copy(), np.full((6, start.shape[1]), np.nan)
    moving = np.flatnonzero(np.isfinite(start).all(axis=0))
    here = normal_equations(group, pixels[:, :, moving], weights[:, moving], points[:, moving])
    damping = np.zeros(len(moving))
    for _ in range(steps):
        step = solve(here.matrix, here.vector, damping)
        promised = (step * here.vector).sum(axis=0)
        going = (promised > _ENOUGH * (1 + here.cost)) & np.isfinite(here.cost)
        if not going.all():
            # The last, small step is taken unseen: it saves a look at every point.
            last = ~going & np.isfinite(promised)
            points[:, moving[last]] += step[:, last]
            information[:, moving[~going]] = here.matrix[:, ~going]
            moving, damping, step = moving[going], damping[going], step[:, going]
            here = _only(here, going)
        if not len(moving):
            break
        there_at = points[:, moving] + step
        there = normal_equations(group, pixels[:, :, moving], weights[:, moving], there_at)
        better = there.cost <= here.cost
        points[:, moving] = np.where(better, there_at, points[:, moving])
        here = _either(better, there, here)
        damping = np.where(better, damping / 10, np.maximum(damping * 10, _FIRST_DAMPING))
    information[:, moving] = here.matrix
    return Fit(points, information)


def normal_equations(
    group: CameraGroup, pixels: Array, weights: Array, points: Array
) -> Equations:
    """Return the normal equations of points (3, n), linearised where they are."""
    count = points.shape[-1]
    matrix, vector, cost = np.zeros((6, count)), np.zeros((3, count)), np.zeros(count)
    for camera, seen, weight in zip(group, pixels, weights, strict=True):
        view = project_with_jacobian(camera, points)
        behind = ~(view.depths > 0)
        counts = np.where(behind, 0, weight)
        for row in (0, 1):
            error = np.where(counts > 0, seen[row] - view.pixels[row], 0)
            slope = view.jacobian[row]
            if behind.any():
                slope = np.where(behind, 0, slope)
            cost += counts * error * error
            _add(matrix, vector, slope, error, counts)
        cost[behind & (weight > 0)] = np.inf
    return Equations(matrix, vector, cost)


def reprojection_errors(group: CameraGroup, pixels: Array, points: Array) -> Array:
    """Return by how many pixels (C, n) points (3, n) miss what was seen.

    Infinite where a point lies behind the camera; NaN where the camera saw nothing.
    """
    errors = np.empty((len(group), points.shape[-1]))
    for at, (camera, seen) in enumerate(zip(group, pixels, strict=True)):
        there, depths = project(camera, points)
        missed = np.hypot(seen[0] - there[0], seen[1] - there[1])
        nowhere = ~(depths > 0) & np.isfinite(seen).all(axis=0) & np.isfinite(points[2])
        errors[at] = np.where(nowhere, np.inf, missed)
    return errors


def solve(matrix: Array, vector: Array, damping: Array | float = 0.0) -> Array:
    """Return the solutions (3, n) of n symmetric systems, their diagonals raised by a share.

    NaN where a system is singular.

    Args:
        matrix: (6, n): xx xy xz yy yz zz.
        vector: (3, n).
        damping: (n,), the share of the diagonal that is added to it.
    """
    raised = matrix.copy()
    raised[_DIAGONAL] *= 1 + damping
    xx, xy, xz, yy, yz, zz = _inverse(raised)
    x, y, z = vector
    answer = np.stack(
        [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z]
    )
    answer[:, ~np.isfinite(answer).all(axis=0)] = np.nan
    return answer


def _inverse(matrix: Array) -> Array:
    """Return the inverses (6, n) of n symmetric matrices (6, n); NaN where one is singular."""
    xx, xy, xz, yy, yz, zz = matrix
    # Cramer's rule: a thousandth of the work of a general solver, and exact enough for 3 by 3.
    cofactors = np.stack(
        [
            yy * zz - yz * yz,
            xz * yz - xy * zz,
            xy * yz - xz * yy,
            xx * zz - xz * xz,
            xy * xz - xx * yz,
            xx * yy - xy * xy,
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        determinant = xx * cofactors[0] + xy * cofactors[1] + xz * cofactors[2]
        cofactors *= np.where(determinant > _SINGULAR * xx * yy * zz, 1 / determinant, np.nan)
    return cofactors


def _add(matrix: Array, vector: Array, slope: Array, error: Array, weight: Array) -> None:
    """Add one equation a point, slope (3, n) times step is error (n,), to the normal equations."""
    weighted = slope * weight
    at = 0
    for row in range(3):
        for column in range(row, 3):
            matrix[at] += weighted[row] * slope[column]
            at += 1
        vector[row] += weighted[row] * error


def _only(these: Equations, which: NDArray[np.bool_]) -> Equations:
    return Equations(these.matrix[:, which], these.vector[:, which], these.cost[which])


def _either(which: NDArray[np.bool_], those: Equations, these: Equations) -> Equations:
    return Equations(
        np.where(which, those.matrix, these.matrix),
        np.where(which, those.vector, these.vector),
        np.where(which, those.cost, these.cost),
    )
