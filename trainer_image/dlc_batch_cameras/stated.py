"""Cameras as a file states them, checked before anything is computed with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.camera import Array, Camera, CameraGroup
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError

#: 60 cameras with their covariance are 20 MB; the rest is room.
MAX_FILE_BYTES = 50_000_000
#: Of OpenCV's model: k1 k2 p1 p2, then k3, then k4 k5 k6.
_COEFFICIENTS = (4, 5, 8)
_MOST_ROUNDED = 1e-3  # how far a rotation of a few digits may be from one


def fault(where: Path, what: str) -> ProjectError:
    """Return the error of a calibration file."""
    return ProjectError([problem("calibration-file", where.name, what)])


def read_text(path: Path) -> str:
    """Return a calibration file's text.

    Raises:
        ProjectError: it can't be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise fault(path, f"The file is larger than {MAX_FILE_BYTES // 1_000_000} MB.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise fault(path, "The file can't be read.") from error
    except UnicodeDecodeError as error:
        raise fault(path, "The file is not UTF-8 text.") from error


def stated_camera(
    where: Path,
    name: object,
    size: object,
    matrix: object,
    distortion: object,
    rotation: object,
    translation: object,
) -> Camera:
    """Return the camera that a file states.

    Args:
        rotation: a matrix (3, 3), or a rotation vector (3,).

    Raises:
        ProjectError: a value is not there, or can't be what it is called.
    """
    if not isinstance(name, str) or not name:
        raise fault(where, "A camera has no name.")
    inner = _numbers(where, f"the matrix of {name}", matrix, [(3, 3)])
    lens = _numbers(where, f"the distortion of {name}", distortion, [(n,) for n in _COEFFICIENTS])
    turn = _numbers(where, f"the rotation of {name}", rotation, [(3, 3), (3,)])
    move = _numbers(where, f"the translation of {name}", translation, [(3,)])
    wide = _numbers(where, f"the image size of {name}", size, [(2,)])
    if turn.shape == (3,):
        turn = np.asarray(cv2.Rodrigues(turn)[0], float)
    if np.abs(turn @ turn.T - np.eye(3)).max() > _MOST_ROUNDED or np.linalg.det(turn) < 0:
        raise fault(where, f"The rotation of {name} is not a rotation.")
    if not (inner[0, 0] > 0 and inner[1, 1] > 0 and np.allclose(inner[2], [0, 0, 1])):
        raise fault(where, f"The matrix of {name} is not that of a camera.")
    if (wide < 1).any() or (wide != np.rint(wide)).any():
        raise fault(where, f"The image size of {name} is not in whole pixels.")
    return Camera(name, (int(wide[0]), int(wide[1])), inner, lens, turn, move)


def stated_group(where: Path, cameras: Sequence[Camera]) -> CameraGroup:
    """Return the cameras of a file as a group.

    Raises:
        ProjectError: they are fewer than two, or two have one name.
    """
    names = [camera.name for camera in cameras]
    if len(names) < 2:
        raise fault(where, f"The file holds {len(names)} cameras; two are needed at least.")
    if len(set(names)) < len(names):
        raise fault(where, f"Two cameras have the same name: {', '.join(names)}.")
    return CameraGroup(tuple(cameras))


def _numbers(where: Path, what: str, value: object, shapes: Sequence[tuple[int, ...]]) -> Array:
    if value is None:
        raise fault(where, f"The file lacks {what}.")
    try:
        found = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise fault(where, f"The file has no numbers for {what}.") from error
    for shape in shapes:  # OpenCV writes vectors as columns or rows
        if found.shape == shape or (len(shape) == 1 and found.size == shape[0]):
            if not np.isfinite(found).all():
                raise fault(where, f"The file has no finite numbers for {what}.")
            return found.reshape(shape)
    form = " x ".join(map(str, found.shape))
    raise fault(where, f"The file has numbers of the wrong shape ({form}) for {what}.")
