"""Rigid motions as six numbers: a rotation vector, and a translation in millimetres."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation  # type: ignore[import-untyped]

from dlc_batch_cameras.camera import Array

#: The motion that changes nothing.
STAY: Array = np.zeros(6)


def compose(second: Array, first: Array) -> Array:
    """Return the motions (..., 6) that do the first, then the second, both (..., 6)."""
    shape = np.broadcast_shapes(second.shape, first.shape)
    after, before = (
        np.broadcast_to(each, shape).reshape(-1, 6).copy() for each in (second, first)
    )
    turn = Rotation.from_rotvec(after[:, :3])
    moved = turn.apply(before[:, 3:]) + after[:, 3:]
    turned = (turn * Rotation.from_rotvec(before[:, :3])).as_rotvec()
    return np.hstack([turned, moved]).reshape(shape)


def inverse(pose: Array) -> Array:
    """Return the motions (M, 6), or the motion (6,), that undo others."""
    back = Rotation.from_rotvec(pose[..., :3]).inv()
    return np.concatenate([back.as_rotvec(), -back.apply(pose[..., 3:])], axis=-1)


def apply(pose: Array, points: Array) -> Array:
    """Return points (N, 3) moved by each of the motions (..., 6), as (..., N, 3)."""
    turns = Rotation.from_rotvec(pose.reshape(-1, 6)[:, :3]).as_matrix()
    moved: Array = np.einsum("mij,nj->mni", turns, points) + pose.reshape(-1, 1, 6)[..., 3:]
    return moved.reshape(*pose.shape[:-1], *points.shape)


def mean(poses: Array) -> Array:
    """Return the mean rotation, and the median translation, of poses (M, 6)."""
    turn: Array = Rotation.from_rotvec(poses[:, :3]).mean().as_rotvec()
    return np.concatenate([turn, np.median(poses[:, 3:], axis=0)])
