"""Where points are seen, and how that changes as they move: OpenCV's model with its derivatives.

Here, and in what is built on it, the points stand last, (3, n): numpy then works on whole rows,
and many points need a fraction of the time of `cv2.projectPoints`, against which this is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlc_batch_cameras.camera import Array, Camera

_COEFFICIENTS = 8  # k1 k2 p1 p2 k3 k4 k5 k6; a camera may have fewer


@dataclass(frozen=True, eq=False)
class Projection:
    """What one camera sees of n points."""

    pixels: Array  # (2, n)
    depths: Array  # (n,), mm; at zero and below the point is not in front of the camera
    jacobian: Array  # (2, 3, n), pixels a mm of the world


def project(camera: Camera, points: Array) -> tuple[Array, Array]:
    """Return the pixels (2, n) where points (3, n) of the world are seen, and their depths (n,).

    What lies behind the camera gets numbers without meaning: look at the depths.
    """
    k1, k2, _, _, k3, k4, k5, k6 = _coefficients(camera)
    x, y, depths = camera.rotation @ points + camera.translation[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x, y = x / depths, y / depths
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        if k4 or k5 or k6:
            radial = radial / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        pixels = _to_pixels(camera, x, y, r2, radial)
    return pixels, depths


def project_with_jacobian(camera: Camera, points: Array) -> Projection:
    """Return what `project` does, and the derivatives of that."""
    k1, k2, p1, p2, k3, k4, k5, k6 = _coefficients(camera)
    x, y, depths = camera.rotation @ points + camera.translation[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = 1 / depths
        x, y = x * inverse, y * inverse
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        slope = k1 + r2 * (2 * k2 + r2 * (3 * k3))  # of radial, by r2
        if k4 or k5 or k6:
            below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
            radial = radial / below
            slope = (slope - radial * (k4 + r2 * (2 * k5 + r2 * (3 * k6)))) / below
        across = 2 * (x * y * slope + p1 * x + p2 * y)
        along = (
            radial + 2 * (x * x * slope + p1 * y + 3 * p2 * x),
            radial + 2 * (y * y * slope + 3 * p1 * y + p2 * x),
        )
        jacobian = np.empty((2, 3, len(depths)))
        for row, by_xy in enumerate(((along[0], across), (across, along[1]))):
            scale = camera.matrix[row, row] * inverse
            by_z = -(by_xy[0] * x + by_xy[1] * y)
            by_camera = np.stack([by_xy[0] * scale, by_xy[1] * scale, by_z * scale])
            jacobian[row] = camera.rotation.T @ by_camera
        pixels = _to_pixels(camera, x, y, r2, radial)
    return Projection(pixels, depths, jacobian)


def _to_pixels(camera: Camera, x: Array, y: Array, r2: Array, radial: Array) -> Array:
    """Return where rays (x, y) are seen, of which the radial factor is known."""
    _, _, p1, p2, *_ = _coefficients(camera)
    xy = 2 * x * y
    return np.stack(
        [
            camera.matrix[0, 0] * (x * radial + p1 * xy + p2 * (r2 + 2 * x * x))
            + camera.matrix[0, 2],
            camera.matrix[1, 1] * (y * radial + p2 * xy + p1 * (r2 + 2 * y * y))
            + camera.matrix[1, 2],
        ]
    )


def _coefficients(camera: Camera) -> list[float]:
    given = [float(each) for each in camera.distortion]
    if len(given) > _COEFFICIENTS:
        raise ValueError(f"camera {camera.name} has {len(given)} coefficients of distortion")
    return given + [0.0] * (_COEFFICIENTS - len(given))
