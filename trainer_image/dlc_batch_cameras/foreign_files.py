"""Calibrations that were made elsewhere: Anipose's calibration.toml, and files of OpenCV."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.poses import write_whole
from dlc_batch_cameras.sightings import Size
from dlc_batch_cameras.stated import fault, read_text, stated_camera, stated_group
from dlc_batch_core.calibration_files import EXTRINSICS

#: What programs call the values of the first and the second camera in OpenCV's files.
_MATRICES = ("cameraMatrix{}", "camera_matrix_{}", "M{}", "K{}", "mtx{}", "camera_matrix{}")
_LENSES = ("distCoeffs{}", "dist_coeffs_{}", "D{}", "dist{}", "distCoeff{}", "dist_coeffs{}")
_ROTATIONS, _TRANSLATIONS = ("R", "rotation", "Rotation"), ("T", "translation", "Translation")
_SIZES = ("imageSize", "image_size", "size", "img_size")
_SIDES = (("image_width", "image_height"), ("width", "height"), ("imageWidth", "imageHeight"))


def read_anipose(path: Path) -> CameraGroup:
    """Return the cameras of Anipose's calibration.toml; its lengths are taken for millimetres.

    Raises:
        ProjectError: it is not such a file, or has a fisheye camera, which is another model.
    """
    try:
        content = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise fault(path, f"The file is not valid TOML: {error}.") from error
    cameras = []
    for section, value in content.items():
        if section == "metadata" or not isinstance(value, dict):
            continue
        if value.get("fisheye"):
            raise fault(path, f"{section} is a fisheye camera, which is not supported.")
        keys = ("name", "size", "matrix", "distortions", "rotation", "translation")
        cameras.append(stated_camera(path, *(value.get(key) for key in keys)))
    return stated_group(path, cameras)


def write_anipose(cameras: CameraGroup, path: Path) -> None:
    """Write cameras as Anipose's calibration.toml, which aniposelib's CameraGroup loads; it is
    whole or not there."""
    parts = []
    for number, camera in enumerate(cameras):
        rotation = np.ravel(cv2.Rodrigues(camera.rotation)[0]).tolist()
        parts += [
            f"[cam_{number}]",
            f'name = "{_escaped(camera.name)}"',
            f"size = {list(camera.size)}",
            f"matrix = {camera.matrix.tolist()}",
            f"distortions = {camera.distortion.tolist()}",
            f"rotation = {rotation}",
            f"translation = {camera.translation.tolist()}",
            "",
        ]
    text = "\n".join([*parts, "[metadata]", "adjusted = true", ""])
    write_whole(path, lambda file: file.write(text.encode()))


def read_opencv(path: Path, names: Sequence[str] = (), size: Size | None = None) -> CameraGroup:
    """Return the two cameras of a stereo calibration that OpenCV's FileStorage wrote.

    Args:
        path: .yaml, .yml or .xml. Where it has no R and T, an extrinsics file of the same ending
            beside it is read too, as OpenCV's own example writes two.
        names: the cameras', first the one whose values end with 1.
        size: of the images, where the file does not tell.

    Raises:
        ProjectError: it is not such a file, or lacks a value.
    """
    values = _opencv_values(path)
    beside = path.with_name(EXTRINSICS + path.suffix)
    if "R" not in values and beside != path and beside.is_file():
        values = {**_opencv_values(beside), **values}
    wide = _size(values)
    wide = size if wide is None else wide
    if wide is None:
        what = "The file does not tell the size of the images: `image_width` and `image_height`"
        raise fault(path, f"{what}, or `image_size`, [width, height], in pixels.")
    cameras = []
    for number, name in enumerate(names or ("camera-1", "camera-2"), 1):
        place: tuple[object, object] = (np.eye(3), np.zeros(3))
        if number == 2:
            place = (_first(values, _ROTATIONS), _first(values, _TRANSLATIONS))
        matrix, lens = (
            _first(values, [form.format(number) for form in forms])
            for forms in (_MATRICES, _LENSES)
        )
        cameras.append(stated_camera(path, name, wide, matrix, lens, *place))
    return stated_group(path, cameras)


def _opencv_values(path: Path) -> dict[str, object]:
    text = read_text(path)
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        root = storage.root()
        return {key: _value(root.getNode(key)) for key in root.keys()}  # noqa: SIM118
    except (cv2.error, SystemError) as error:
        raise fault(path, "The file is not one that OpenCV's FileStorage writes.") from error


def _value(node: cv2.FileNode) -> object:
    if node.isMap():
        return node.mat()
    if node.isSeq():
        return [node.at(each).real() for each in range(node.size())]
    return node.real() if node.isInt() or node.isReal() else node.string()


def _first(values: dict[str, object], names: Sequence[str]) -> object:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _size(values: dict[str, object]) -> object:
    for wide, high in _SIDES:
        if values.get(wide) is not None and values.get(high) is not None:
            return [values[wide], values[high]]
    return _first(values, _SIZES)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
