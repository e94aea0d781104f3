"""The cameras of a lab's project: calibrated by its images, or read from a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import Calibration, calibrate
from dlc_batch_cameras.calibration_file import read_cameras
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.sightings import Progress, look_for_board, silent
from dlc_batch_core.cameras import DEEPLABCUT_BOARD, Cameras
from dlc_batch_core.project_folder import files_of
from dlc_batch_core.views import calibration_views

MILLIMETRES, SQUARES, UNKNOWN = "mm", "squares", "the unit of the calibration's file"


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Cameras in one world."""

    group: CameraGroup
    unit: str  # of lengths
    calibration: Calibration | None = None  # None: it was made elsewhere


def calibrate_project(cameras: Cameras, project: Path, progress: Progress = silent) -> Calibrated:
    """Calibrate the cameras of a project; nothing in it is changed.

    Args:
        cameras: of its request, with names.
        project: its folder.
        progress: told after each image.

    Raises:
        ProjectError: nothing good can come of the images, or of the file.
    """
    if cameras.folder is None:
        path = project / str(cameras.calibration)
        return Calibrated(read_cameras(path, cameras.names), _unit_of(path))
    seen = calibration_views(cameras, files_of(project)).by_camera
    pictures = {
        name: {moment: project / path for moment, path in seen.get(name, {}).items()}
        for name in cameras.names
    }
    board = cameras.board or DEEPLABCUT_BOARD
    held = Board(
        board.columns, board.rows, board.square_mm or 1.0, board.marker_mm, board.dictionary
    )
    found = calibrate(look_for_board(held, pictures, progress))
    return Calibrated(found.cameras, MILLIMETRES if board.square_mm else SQUARES, found)


def _unit_of(path: Path) -> str:
    """Ours says millimetres; other files don't say."""
    return MILLIMETRES if path.suffix.lower() == ".json" else UNKNOWN
