"""Calibrating a project's cameras on this computer, as the training will."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.catalogue import problem
from dlc_batch_core.check import Check
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.problems import Problem, Severity, in_stable_order
from dlc_batch_core.project_files import ReadableArchive
from dlc_batch_core.request import REQUEST_FILE

#: Is told how many images were looked at, of how many.
Looked = Callable[[int, int], object]


def with_calibration(found: Check, archive: ReadableArchive, looked: Looked) -> Check:
    """Add to a check what a calibration of the cameras finds.

    Where a 3D project alone names the cameras, what is wrong with them stops nothing, as in the
    rest of the check.

    Args:
        found: a check of a project; where it has errors, nothing is calibrated.
        archive: what was checked.
        looked: is told how far it is.
    """
    cameras = found.request.cameras if found.request else None
    if cameras is None or not found.is_trainable:
        return found
    problems = _calibrate(cameras, found, archive, looked)
    if not found.asks_for_cameras:
        problems = [replace(each, severity=Severity.WARNING) for each in problems]
    return replace(found, problems=in_stable_order([*found.problems, *problems]))


def _calibrate(
    cameras: Cameras, found: Check, archive: ReadableArchive, looked: Looked
) -> list[Problem]:
    try:
        # Not at the top: who only trains in 2D has no OpenCV, and it takes a second
        from dlc_batch_cameras.of_project import calibrate_project
    except ImportError:
        what = "OpenCV and SciPy are not installed here, so only names and sizes were checked."
        return [problem("calibration-unchecked", REQUEST_FILE, what)]
    with tempfile.TemporaryDirectory(prefix="dlc-batch-calibration-") as folder:
        _write(cameras, found, archive, Path(folder))
        try:
            made = calibrate_project(cameras, Path(folder), looked).calibration
        except ProjectError as error:
            return list(error.problems)
    return list(made.problems) if made else []


def _write(cameras: Cameras, found: Check, archive: ReadableArchive, folder: Path) -> None:
    """Write what the calibration reads, and nothing else, as the trainer's copy has it."""
    place = str(cameras.calibration)
    there = (found.images_3d or found.root + place).rstrip("/")
    for member in archive.under(there):
        inner = member.path.removeprefix(there)
        is_image = inner.startswith("/") and inner.lower().endswith(IMAGES)
        if not (is_image if cameras.folder else inner == ""):
            continue  # another folder or file, whose name begins alike
        path = folder / f"{place}{inner}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read_head(member.path, member.size))
