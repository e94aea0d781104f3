"""Poses in space as they are shown: turned so that up is up, and about their middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Of each coordinate so much of the points is shown; a point far astray would make the rest small.
_GRID_LINES = 7
_SHOWN = (0.005, 0.995)


@dataclass(frozen=True, eq=False)
class Scene:
    """Points in time, for pictures."""

    points: Array  # (frames, points, 3), mm; about the middle, z up; NaN where there is none
    names: tuple[str, ...]  # of the points
    bones: tuple[tuple[int, int], ...]  # pairs of points that a line joins
    radius: float  # mm: a ball about the middle holds what is shown
    ground: Array  # (lines, 2, 3), mm: a grid below the points, for the eye

    @classmethod
    def of(
        cls,
        points: Array,
        names: Sequence[str],
        bones: Sequence[tuple[int, int]],
        down: Array,
    ) -> Scene:
        """Turn poses so that they can be looked at.

        Args:
            points: (frames, points, 3), mm.
            names: of the points.
            bones: pairs of points.
            down: (3,), where the cameras have down, in the same world.
        """
        turned = points @ upright(down).T
        there = turned[np.isfinite(turned).all(axis=-1)]
        if not len(there):
            return cls(turned, tuple(names), tuple(bones), 1.0, np.empty((0, 2, 3)))
        low, high = np.quantile(there, _SHOWN, axis=0)
        radius = float(np.linalg.norm(high - low) / 2) or 1.0
        ground = _grid((high - low) / 2)
        return cls(turned - (low + high) / 2, tuple(names), tuple(bones), radius, ground)


def _grid(half: Array) -> Array:
    """Lines of a square below a box of half sizes (3,)."""
    side = max(half[0], half[1]) or 1.0
    at = np.linspace(-side, side, _GRID_LINES)
    ends, level = np.full(_GRID_LINES, side), np.full(_GRID_LINES, -half[2])
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
