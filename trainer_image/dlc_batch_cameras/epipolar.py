"""How well two views agree, without a point in space: the epipolar error."""

from __future__ import annotations

import numpy as np

from dlc_batch_cameras.camera import Array, Camera, CameraGroup


def epipolar_errors(first: Camera, second: Camera, rays: Array, seen: Array) -> Array:
    """Return by how many pixels pairs of rays miss each other, with a sign: Sampson's error.

    To first order it is the least that the two pixels must move, both together, to see one point
    (Sampson, 1982; Hartley and Zisserman, 2004, 11.4). So where each pixel's coordinates have
    independent errors of variance s * s, the epipolar error has that variance too; what distortion
    stretches locally is left aside.

    Args:
        first: a camera.
        second: another.
        rays: (..., 2), what the first saw, as `Camera.rays` gives it.
        seen: (..., 2), what the second saw of the same. NaN in either gives NaN.
    """
    essential = _essential(first, second)
    x, y = rays[..., 0], rays[..., 1]
    u, v = seen[..., 0], seen[..., 1]
    line = [row[0] * x + row[1] * y + row[2] for row in essential]  # in the second's image
    other = [column[0] * u + column[1] * v + column[2] for column in essential.T]
    missed = line[0] * u + line[1] * v + line[2]
    spread = (line[0] ** 2 + line[1] ** 2) / _focal(second) ** 2
    spread += (other[0] ** 2 + other[1] ** 2) / _focal(first) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        error: Array = missed / np.sqrt(spread)
    return error


def weighted_epipolar_errors(
    group: CameraGroup, rays: Array, weights: Array, pair: tuple[int, int]
) -> Array:
    """Return the sizes (...) of a pair's epipolar errors, pixels, as if both weighed one.

    Args:
        group: C cameras.
        rays: (C, ..., 2).
        weights: (C, ...); where one of the pair has none, the error is NaN.
        pair: which two of the cameras.
    """
    i, j = pair
    errors = np.abs(epipolar_errors(group.cameras[i], group.cameras[j], rays[i], rays[j]))
    with np.errstate(divide="ignore"):
        joint = 2 / (1 / weights[i] + 1 / weights[j])
    weighted: Array = np.where(joint > 0, errors * np.sqrt(joint), np.nan)
    return weighted


def _essential(first: Camera, second: Camera) -> Array:
    """Return the essential matrix (3, 3): second-ray' E first-ray is zero for one point."""
    turned = second.rotation @ first.rotation.T
    x, y, z = second.translation - turned @ first.translation
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ turned


def _focal(camera: Camera) -> float:
    return float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]))
