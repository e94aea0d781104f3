"""The cameras of a lab's project: calibrated by its images or videos, or read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import Calibration, calibrate
from dlc_batch_cameras.calibration_file import read_cameras, read_unit
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.sampling import look_in_videos
from dlc_batch_cameras.sightings import Progress, look_for_board, silent
from dlc_batch_core.cameras import DEEPLABCUT_BOARD, Cameras
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.videos import is_video
from dlc_batch_core.views import calibration_views
from dlc_batch_core.words import listed

MILLIMETRES, SQUARES, UNKNOWN = "mm", "squares", "the unit of the calibration's file"


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Cameras in one world."""

    group: CameraGroup
    unit: str  # of lengths
    calibration: Calibration | None = None  # None: it was made elsewhere


def calibrate_project(
    cameras: Cameras, files: Mapping[str, Path], progress: Progress = silent
) -> Calibrated:
    """Calibrate the cameras of a project; nothing in it is changed.

    Args:
        cameras: of its request, with names.
        files: where its files lie, by their paths in it.
        progress: told after each image, or moment of the videos.

    Raises:
        ProjectError: nothing good can come of the images, the videos, or the file.
    """
    if cameras.folder is None:
        name = str(cameras.calibration)
        path = files.get(name, Path(name))
        return Calibrated(_named(cameras, path), _unit_of(path))
    views = calibration_views(cameras, files)
    pictures = {
        name: {moment: files[path] for moment, path in views.by_camera.get(name, {}).items()}
        for name in cameras.names
    }
    board = cameras.board or DEEPLABCUT_BOARD
    held = Board(
        board.columns, board.rows, board.square_mm or 1.0, board.marker_mm, board.dictionary
    )
    if any(is_video(path) for seen in views.moments.values() for path in seen.values()):
        offsets = cameras.offsets if isinstance(cameras.offsets, Mapping) else {}
        sightings = look_in_videos(held, pictures, offsets, progress=progress)
    else:
        sightings = look_for_board(held, pictures, progress)
    found = calibrate(sightings)
    return Calibrated(found.cameras, MILLIMETRES if board.square_mm else SQUARES, found)


def _named(cameras: Cameras, path: Path) -> CameraGroup:
    """Return the named cameras of a calibration's file, which may have more."""
    group = read_cameras(path, cameras.names)
    if missing := [name for name in cameras.names if name not in group.names]:
        what = f"The file has the cameras {listed(group.names)}, and not {listed(missing)}, which"
        what += " `cameras.names` names."
        raise ProjectError([problem("calibration-names", path.name, what)])
    return group.of(cameras.names)


def _unit_of(path: Path) -> str:
    """Ours says it; other files don't."""
    return read_unit(path) if path.suffix.lower() == ".json" else UNKNOWN
