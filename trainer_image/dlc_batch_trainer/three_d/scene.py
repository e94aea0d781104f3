"""Poses in space as they are shown: turned so that up is up, and about their middle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Of each coordinate so much of the points is shown; a point far astray would make the rest small.
_SHOWN = (0.005, 0.995)
#: Of the grid's squares so many at most lie along its half (our choice).
_SQUARES = 4
_ROUND = (1, 2, 5, 10)


@dataclass(frozen=True, eq=False)
class Scene:
    """Points in time, for pictures."""

    points: Array  # (frames, points, 3), mm; about the middle, z up; NaN where there is none
    names: tuple[str, ...]  # of the points
    bones: tuple[tuple[int, int], ...]  # pairs of points that a line joins
    half: Array  # (3,), mm: a box of these half sizes about the middle holds what is shown
    ground: Array  # (lines, 2, 3), mm: a grid below the points, for the eye
    square: float  # mm: the side of the grid's squares, a round number
    axes: Array  # (3, 3), a row each: where x, y and z of the poses' own world point here
    unit: str = "mm"  # in place of mm, where the calibration has another

    @property
    def radius(self) -> float:
        """Of a ball about the middle that holds what is shown, mm."""
        return float(np.linalg.norm(self.half))

    def extents(self, tilt: float) -> tuple[float, float]:
        """How far what is shown, and its grid, reach across the view and up, whatever the turn."""
        corners = self.ground if len(self.ground) else self.half
        across = float(np.hypot(corners[..., 0], corners[..., 1]).max())
        upwards = float(np.cos(tilt) * self.half[2] + np.sin(tilt) * across)
        return across, upwards

    @classmethod
    def of(
        cls,
        points: Array,
        names: Sequence[str],
        bones: Sequence[tuple[int, int]],
        down: Array,
        unit: str = "mm",
    ) -> Scene:
        """Turn poses so that they can be looked at.

        Args:
            points: (frames, points, 3), mm.
            names: of the points.
            bones: pairs of points.
            down: (3,), where the cameras have down, in the same world.
            unit: of the points.
        """
        rotation = upright(down)
        turned = points @ rotation.T
        there = turned[np.isfinite(turned).all(axis=-1)]
        low, high = np.quantile(there, _SHOWN, axis=0) if len(there) else np.zeros((2, 3))
        half = (high - low) / 2 if (high > low).any() else np.array([1.0, 0, 0])
        square = round_length(max(half[0], half[1]) / _SQUARES or half[2])
        return cls(
            points=turned - (low + high) / 2,
            names=tuple(names),
            bones=tuple(bones),
            half=half,
            ground=_grid(half, square) if len(there) else np.empty((0, 2, 3)),
            square=square,
            axes=rotation.T,
            unit=unit,
        )


def round_length(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20 and so on, and of their tenths."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(each * decade for each in _ROUND if each * decade >= least * (1 - 1e-9))


def _grid(half: Array, square: float) -> Array:
    """Lines of a square below a box of half sizes (3,), so far apart."""
    count = max(math.ceil(max(half[0], half[1]) / square), 1)
    at = square * np.arange(-count, count + 1)
    ends, level = np.full(len(at), at[-1]), np.full(len(at), -half[2])
    along = [np.stack([at, -ends, level], -1), np.stack([at, ends, level], -1)]
    across = [np.stack([-ends, at, level], -1), np.stack([ends, at, level], -1)]
    return np.concatenate([np.stack(along, 1), np.stack(across, 1)])


def upright(down: Array) -> Array:
    """Return the rotation (3, 3) that takes `down` to minus z."""
    z = -np.asarray(down, float) / np.linalg.norm(down)
    # any direction across it will do; the one least along it is numerically the safest
    across = np.eye(3)[np.argmin(np.abs(z))]
    x = np.cross(across, z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def seen_from(points: Array, turn: float, tilt: float) -> tuple[Array, Array]:
    """Look at points from aside, without perspective.

    Args:
        points: (..., 3), z up.
        turn: about the vertical, radians.
        tilt: from above the horizon, radians.

    Returns:
        places (..., 2), to the right and up, in the points' unit; depths (...), less is nearer.
    """
    cos, sin = np.cos(turn), np.sin(turn)
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    right, away = cos * x - sin * y, sin * x + cos * y
    up = np.cos(tilt) * z + np.sin(tilt) * away
    return np.stack([right, up], axis=-1), np.cos(tilt) * away - np.sin(tilt) * z
