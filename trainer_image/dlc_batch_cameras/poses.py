"""Poses in space as they are kept: an .npz file that numpy alone can read.

Its arrays, for C cameras, F frames and P points a frame:

version      ()            1
points       (F, P, 3)     in the world of the calibration; NaN where there is none
covariances  (F, P, 3, 3)  the unit squared
errors       (C, F, P)     reprojection errors in pixels, of every view with a prediction, before
                           `smooth` and `limbs` moved the points
offered      (C, F, P)     whether the camera had a prediction above the cutoff
used         (C, F, P)     whether it counts; what was offered and is not used was left out
noise        (P,)          pixels, standard deviation of a prediction at a confidence of one
bodyparts    (P,)          names
individuals  (P,)          names; empty in a project of one animal
cameras      (C,)          names
frames       (F,)          frame numbers in the first camera's video
first        (C,)          the frame of each camera's video that belongs to the first of these
fps          ()            frames a second
unit         ()            of lengths: mm, squares, or words that the calibration does not tell
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.triangulation import Triangulation
from dlc_batch_core.errors import StateError

_VERSION = 1
_SIZES = {  # each array's axes; those of one name have one length
    "points": "FPx",
    "covariances": "FPxx",
    "errors": "CFP",
    "offered": "CFP",
    "used": "CFP",
    "noise": "P",
    "bodyparts": "P",
    "individuals": "P",
    "cameras": "C",
    "frames": "F",
    "first": "C",
}


@dataclass(frozen=True)
class Keypoint:
    """A point's name."""

    bodypart: str
    individual: str = ""  # of a project of several animals

    def __str__(self) -> str:
        return f"{self.individual} {self.bodypart}".strip()


@dataclass(frozen=True, eq=False)
class Poses:
    """What was triangulated of one recording."""

    found: Triangulation
    keypoints: tuple[Keypoint, ...]
    cameras: tuple[str, ...]
    frames: NDArray[np.int64]  # (frames,), numbers in the first camera's video
    first_frames: tuple[int, ...]  # of each camera's video
    fps: float
    unit: str  # of lengths


def write_poses(path: Path, poses: Poses) -> None:
    """Write the .npz file; it is whole or not there."""
    found = poses.found
    arrays = {
        "version": np.array(_VERSION),
        "points": found.points,
        "covariances": found.covariances.astype(np.float32),
        "errors": found.errors.astype(np.float32),
        "offered": found.offered,
        "used": found.used,
        "noise": found.noise,
        "bodyparts": np.array([each.bodypart for each in poses.keypoints], dtype=np.str_),
        "individuals": np.array([each.individual for each in poses.keypoints], dtype=np.str_),
        "cameras": np.array(poses.cameras, dtype=np.str_),
        "frames": np.asarray(poses.frames, np.int64),
        "first": np.array(poses.first_frames, np.int64),
        "fps": np.array(float(poses.fps)),
        "unit": np.array(poses.unit, dtype=np.str_),
    }
    write_whole(path, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))


def read_poses(path: Path) -> Poses:
    """Return what `write_poses` wrote.

    Raises:
        StateError: it is no such file.
    """
    try:
        # Opened here: NumPy leaves a file open that it can't read.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return _poses({name: file[name] for name in (*_SIZES, "version", "fps", "unit")})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StateError(f"{path.name} holds no poses: {error}") from error


def write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Let `write` fill a file that takes the path's place only once it is whole."""
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            write(file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _poses(arrays: Mapping[str, NDArray[Any]]) -> Poses:
    if int(arrays["version"]) != _VERSION:
        raise ValueError(f"version {arrays['version']}; this program reads {_VERSION}")
    lengths = {"x": 3}
    for name, axes in _SIZES.items():
        if arrays[name].ndim != len(axes):
            raise ValueError(f"{name} has {arrays[name].ndim} axes")
        for axis, length in zip(axes, arrays[name].shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                raise ValueError(f"{name} is {arrays[name].shape}")
    return Poses(
        found=Triangulation(
            points=arrays["points"].astype(float),
            covariances=arrays["covariances"].astype(float),
            errors=arrays["errors"].astype(float),
            offered=arrays["offered"].astype(bool),
            used=arrays["used"].astype(bool),
            noise=arrays["noise"].astype(float),
        ),
        keypoints=tuple(
            Keypoint(str(b), str(i))
            for b, i in zip(arrays["bodyparts"], arrays["individuals"], strict=True)
        ),
        cameras=tuple(str(each) for each in arrays["cameras"]),
        frames=arrays["frames"].astype(np.int64),
        first_frames=tuple(int(each) for each in arrays["first"]),
        fps=float(arrays["fps"]),
        unit=str(arrays["unit"]),
    )
