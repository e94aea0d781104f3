"""A calibration as a file: JSON that a person can read, and that tells how far to believe it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import Baseline, Calibration, ViewError
from dlc_batch_cameras.camera import Camera, CameraGroup
from dlc_batch_cameras.foreign_files import read_anipose, read_opencv
from dlc_batch_cameras.sightings import Size
from dlc_batch_cameras.stated import fault, read_text, stated_camera, stated_group
from dlc_batch_core.problems import Problem

SCHEMA_VERSION = 1
_KIND = "dlc-batch camera calibration"
_UNITS = {
    "pixels": "px, the centre of the upper left pixel is (0, 0)",
    "rotation": "a matrix; a point of the world is at rotation @ point + translation_mm",
    "distortion": "k1 k2 p1 p2 k3, as OpenCV has them",
    "rms_px": "root of the mean squared distance of a corner",
    "covariance": "of px, radians (a rotation vector) and the unit of lengths",
}
_NUMBERS = re.compile(r"\[\s+(-?[\d.eE+\-,\s]+?)\s+\]")


def write_calibration(calibration: Calibration, path: Path, unit: str = "mm") -> None:
    """Write a calibration as JSON, whole or not at all.

    Args:
        calibration: what was found.
        path: of the file.
        unit: of its lengths, which are not in mm where nobody measured the board.
    """
    text = json.dumps(_stated(calibration, unit), indent=2, ensure_ascii=False, allow_nan=False)
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def read_calibration(path: Path) -> Calibration:
    """Return a calibration that `write_calibration` wrote.

    Raises:
        ProjectError: it is no such file, or of a newer version.
    """
    content = _content(path)
    cameras = _cameras(path, content)
    try:
        return Calibration(
            cameras,
            Board(**content["board"]),
            {each["name"]: float(each["rms_px"]) for each in content["cameras"]},
            tuple(_view(each) for each in content["views"]),
            tuple(content["covariance"]["parameters"]),
            np.array(content["covariance"]["values"], float),
            tuple(Baseline(**each) for each in content["baselines"]),
            tuple(Problem.from_dict(each) for each in content["problems"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise fault(path, f"The file lacks a value, or has a wrong one: {error}.") from error


def read_cameras(path: Path, names: Sequence[str] = (), size: Size | None = None) -> CameraGroup:
    """Return the cameras of a calibration, ours or one made elsewhere, by the file's ending.

    Args:
        path: .json (ours), .toml (Anipose), .yaml, .yml or .xml (OpenCV, two cameras).
        names: of the cameras in OpenCV's file, which has none.
        size: of the images in OpenCV's file, where it does not tell.

    Raises:
        ProjectError: it can't be read as what it ends with, or lacks a value.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        return _cameras(path, _content(path))
    if ending == ".toml":
        return read_anipose(path)
    if ending in (".yaml", ".yml", ".xml"):
        return read_opencv(path, names, size)
    raise fault(path, f"A calibration's file does not end with `{ending}`.")


def read_unit(path: Path) -> str:
    """Return the unit of lengths in a calibration of ours.

    Raises:
        ProjectError: it can't be read.
    """
    units = _content(path).get("units")
    return str(units.get("lengths", "mm")) if isinstance(units, dict) else "mm"


def _stated(calibration: Calibration, unit: str) -> dict[str, Any]:
    errors = calibration.standard_errors
    return {
        "kind": _KIND,
        "schema_version": SCHEMA_VERSION,
        "units": {"lengths": unit, **_UNITS},
        "rms_px": calibration.total_rms_px,
        "cameras": [
            _camera(each, calibration.rms_px[each.name], errors) for each in calibration.cameras
        ],
        "baselines": [asdict(each) for each in calibration.baselines],
        "board": asdict(calibration.board),
        "problems": [each.to_dict() for each in calibration.problems],
        "views": [_finite(asdict(each)) for each in calibration.views],
        "covariance": {
            "parameters": list(calibration.parameter_names),
            "values": calibration.covariance.tolist(),
        },
    }


def _camera(camera: Camera, rms: float, errors: Mapping[str, float]) -> dict[str, Any]:
    begin = camera.name + "."
    return {
        "name": camera.name,
        "size": list(camera.size),
        "matrix": camera.matrix.tolist(),
        "distortion": camera.distortion.tolist(),
        "rotation": camera.rotation.tolist(),
        "translation_mm": camera.translation.tolist(),
        "rms_px": rms,
        "standard_errors": {
            name.removeprefix(begin): error
            for name, error in errors.items()
            if name.startswith(begin)
        },
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    is_number = np.isfinite(values["rms_px"])
    return {**values, "rms_px": values["rms_px"] if is_number else None}


def _view(value: dict[str, Any]) -> ViewError:
    rms = value["rms_px"]
    return ViewError(**{**value, "rms_px": np.nan if rms is None else float(rms)})


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise fault(path, f"The file is not valid JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        raise fault(path, f"The file does not say `kind: {_KIND}`.")
    if content.get("schema_version") != SCHEMA_VERSION:
        what = f"The file is of version {content.get('schema_version')}; this is {SCHEMA_VERSION}."
        raise fault(path, what)
    return content


def _cameras(path: Path, content: Mapping[str, Any]) -> CameraGroup:
    every = content.get("cameras")
    if not isinstance(every, list) or not all(isinstance(each, dict) for each in every):
        raise fault(path, "The file has no list of cameras.")
    keys = ("name", "size", "matrix", "distortion", "rotation", "translation_mm")
    return stated_group(path, [stated_camera(path, *map(each.get, keys)) for each in every])
