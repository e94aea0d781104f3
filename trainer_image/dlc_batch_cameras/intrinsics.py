"""What each camera is by itself: focal length, principal point, distortion (Zhang, 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array, Camera
from dlc_batch_cameras.sightings import Sighting, Size

#: A view is wrong whose error is so many times the median of the camera's views, and above this.
#: Good views of one camera differ by a factor of 2; a wrong detection is off by pixels.
WRONG_RATIO, RIGHT_PX = 3.0, 0.5
#: OpenCV's model of distortion in which k1, k2, p1, p2 and k3 are free.
_FLAGS = 0
Claims = NDArray[np.bool_]
_FEWEST = 3  # views, without which OpenCV finds no matrix


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """One camera, and where it saw the board."""

    camera: Camera  # it stands at the origin: nothing is known of the others
    views: tuple[Sighting, ...]  # those that it was calibrated with
    poses: Array  # (views, 6), of the board in the camera: rotation vector, and translation in mm
    errors: Array  # (views,), px, root of the mean squared distance
    wrong: tuple[tuple[Sighting, float], ...]  # left out, with their errors
    focal_error: float  # standard error of the focal length, as a part of it


def find_intrinsics(
    name: str, size: Size, views: Sequence[Sighting], board: Board
) -> Intrinsics | None:
    """Calibrate one camera, without the views that do not fit the others.

    Returns:
        None where fewer than three views fit each other.
    """
    left, wrong = list(views), list[tuple[Sighting, float]]()
    while len(left) >= _FEWEST:
        found = _calibrate(name, size, left, board)
        out = find_wrong(found.errors)
        if not out.any():
            return replace(found, wrong=tuple(wrong))
        wrong += [(left[each], float(found.errors[each])) for each in np.flatnonzero(out)]
        left = [view for view, is_out in zip(left, out, strict=True) if not is_out]
    return None


def find_wrong(errors: Array) -> Claims:
    """Whether each view's error, (views,), px, is out of all proportion to the others'."""
    return np.asarray(errors > max(WRONG_RATIO * float(np.median(errors)), RIGHT_PX), bool)


def _calibrate(name: str, size: Size, views: Sequence[Sighting], board: Board) -> Intrinsics:
    objects = [board.points[each.indices].astype(np.float32) for each in views]
    pixels = [each.pixels.astype(np.float32) for each in views]
    guess = cv2.initCameraMatrix2D(objects, pixels, size)
    (_, matrix, distortion, rotations, moves, deviations, _, errors) = cv2.calibrateCameraExtended(
        objects, pixels, size, guess, np.zeros(5), flags=_FLAGS | cv2.CALIB_USE_INTRINSIC_GUESS
    )
    inner, lens = np.asarray(matrix, float), np.asarray(distortion, float).ravel()[:5]
    camera = Camera(name, size, inner, lens, np.eye(3), np.zeros(3))
    poses = np.hstack([np.reshape(rotations, (-1, 3)), np.reshape(moves, (-1, 3))]).astype(float)
    focal_error = float(np.max(np.ravel(deviations)[:2] / np.abs(np.diag(inner)[:2])))
    each = np.asarray(errors, float).ravel()
    return Intrinsics(camera, tuple(views), poses, each, (), focal_error)
