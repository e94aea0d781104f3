"""Calibrating a project's cameras on this computer, as the training will."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dlc_batch_core.archive import Archive
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.catalogue import problem
from dlc_batch_core.check import Check
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.intake import Intake
from dlc_batch_core.problems import Problem, Severity, in_stable_order
from dlc_batch_core.project_folder import FolderArchive
from dlc_batch_core.request import REQUEST_FILE
from dlc_batch_core.views import calibration_files, recordings
from dlc_batch_core.words import listed

#: Is told how many images, or moments of videos, were looked at, of how many.
Looked = Callable[[int, int], object]


def with_calibration(found: Check, archive: Archive | FolderArchive, looked: Looked) -> Check:
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
    problems, told = _calibrate(cameras, found, archive, looked)
    told += _recordings(cameras, found, archive) if told else []
    if not found.asks_for_cameras:
        problems = [replace(each, severity=Severity.WARNING) for each in problems]
    codes = {each.code for each in problems}  # it has seen more than names and headers tell
    before = [each for each in found.problems if each.code not in codes]
    problems = [*before, *problems]
    return replace(found, problems=in_stable_order(problems), cameras_told=tuple(told))


def _calibrate(
    cameras: Cameras, found: Check, archive: Archive | FolderArchive, looked: Looked
) -> tuple[list[Problem], list[str]]:
    """Return what is wrong, and of a calibration that can be had what came of it."""
    try:
        # Not at the top: who only trains in 2D has no OpenCV, and it takes a second
        from dlc_batch_cameras.of_project import calibrate_project
        from dlc_batch_cameras.telling import sentence_of
    except ImportError:
        what = "OpenCV and SciPy are not installed here, so only names and sizes were checked."
        return [problem("calibration-unchecked", REQUEST_FILE, what)], []
    with tempfile.TemporaryDirectory(prefix="dlc-batch-calibration-") as folder:
        intake = Intake(found.root, cameras, found.images_3d)
        try:
            files = _files(intake, archive, Path(folder))
            made = calibrate_project(cameras, files, looked)
        except ProjectError as error:
            return list(error.problems), []
    return list(made.calibration.problems) if made.calibration else [], [sentence_of(made)]


def _recordings(cameras: Cameras, found: Check, archive: Archive | FolderArchive) -> list[str]:
    """Say which recordings will be put together."""
    if found.request is None or not found.request.triangulate:
        return []
    paths = [member.path.removeprefix(found.root) for member in archive.under(found.root)]
    of_board = set(calibration_files(cameras, paths))
    videos = [each for each in found.request.videos(paths) if each.path not in of_board]
    shared = recordings(cameras, videos).shared
    each = listed(f"{name} ({', '.join(views)})" for name, views in shared.items())
    return [f"Recordings that will be put together: {each}."] if shared else []


def _files(intake: Intake, archive: Archive | FolderArchive, folder: Path) -> dict[str, Path]:
    """Return where on this disk the files of the calibration lie, by their places in the trainer's
    copy; those of a zip are written into the folder."""
    places = {intake.place(member): member.path for member in intake.calibration(archive)}
    return {place: archive.on_disk(path, folder / place) for place, path in places.items()}
