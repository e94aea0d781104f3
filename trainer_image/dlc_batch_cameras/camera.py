"""A camera and a group of them: where a point in space is seen, and along which ray a pixel looks.

The model is OpenCV's (Zhang, 2000; Brown, 1971): a pinhole, two or more radial and two tangential
coefficients of distortion. Lengths are millimetres; the centre of the upper left pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Distortion is taken away until a ray is seen within so many pixels of where it should be.
_UNDISTORTED = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-6)


@dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera."""

    name: str
    size: tuple[int, int]  # width and height of its images, pixels
    matrix: Array  # (3, 3), intrinsics: focal lengths and principal point, pixels
    distortion: Array  # (4 to 8,), in OpenCV's order: k1 k2 p1 p2 k3 ...
    rotation: Array  # (3, 3), of the world into the camera
    translation: Array  # (3,), mm: a point of the world is at rotation @ point + translation

    @property
    def centre(self) -> Array:
        """Where it stands in the world, (3,), mm."""
        return -self.rotation.T @ self.translation

    def resized(self, size: tuple[int, int]) -> Camera:
        """Return the camera with its images scaled, whole, to another size: width and height.

        Distortion is of rays, and stays.
        """
        wide, high = size[0] / self.size[0], size[1] / self.size[1]
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # from pixels' middles to corners
        matrix = np.linalg.inv(half) @ np.diag([wide, high, 1.0]) @ half @ self.matrix
        return replace(self, size=size, matrix=matrix)

    def to_camera(self, points: Array) -> Array:
        """Return points (..., 3) of the world in the camera's coordinates; z is the depth."""
        return points @ self.rotation.T + self.translation

    def project(self, points: Array) -> Array:
        """Return the pixels (..., 2) at which points (..., 3) of the world are seen.

        What is NaN, or lies behind the camera, is seen nowhere: NaN.
        """
        flat = self.to_camera(np.asarray(points, float).reshape(-1, 3))
        seen = np.full((len(flat), 2), np.nan)
        there = np.isfinite(flat).all(axis=1) & (flat[:, 2] > 0)
        if there.any():
            zero = np.zeros(3)
            pixels, _ = cv2.projectPoints(flat[there], zero, zero, self.matrix, self.distortion)
            seen[there] = pixels.reshape(-1, 2)
        return seen.reshape(*np.shape(points)[:-1], 2)

    def rays(self, pixels: Array) -> Array:
        """Return pixels (..., 2) without distortion: (x / z, y / z) in the camera; NaN stays."""
        flat = np.asarray(pixels, float).reshape(-1, 2)
        rays = np.full_like(flat, np.nan)
        there = np.isfinite(flat).all(axis=1)
        if there.any():
            found = _undistorted(flat[there, None], self.matrix, self.distortion)
            rays[there] = found.reshape(-1, 2)
        return rays.reshape(np.shape(pixels))


def _undistorted(pixels: Array, matrix: Array, distortion: Array) -> Array:
    """Return the rays of pixels, both (n, 1, 2); OpenCV's own five iterations are too few."""
    if of_opencv_4 := getattr(cv2, "undistortPointsIter", None):  # TensorFlow's engine has that
        found = of_opencv_4(pixels, matrix, distortion, None, None, _UNDISTORTED)
    else:
        found = cv2.undistortPoints(pixels, matrix, distortion, criteria=_UNDISTORTED)
    return np.asarray(found, float)


@dataclass(frozen=True, eq=False)
class CameraGroup:
    """Cameras that look at one scene, in one world."""

    cameras: tuple[Camera, ...]

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    def __len__(self) -> int:
        return len(self.cameras)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(camera.name for camera in self.cameras)

    def of(self, names: Sequence[str]) -> CameraGroup:
        """Return the cameras of these names, in their order; each must be there."""
        by_name = {camera.name: camera for camera in self.cameras}
        return CameraGroup(tuple(by_name[name] for name in names))

    def project(self, points: Array) -> Array:
        """Return the pixels (cameras, ..., 2) at which points (..., 3) are seen."""
        return np.stack([camera.project(points) for camera in self.cameras])

    def rays(self, pixels: Array) -> Array:
        """Return pixels (cameras, ..., 2) of all views without distortion, view by view."""
        with ThreadPoolExecutor() as pool:  # OpenCV lets several cores work at once
            return np.stack(list(pool.map(Camera.rays, self.cameras, pixels)))
