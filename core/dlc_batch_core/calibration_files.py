"""The files by which cameras are calibrated, as far as names tell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.videos import is_video

#: OpenCV's own example writes how two cameras stand to each other into a file of this name.
EXTRINSICS = "extrinsics"
_OF_OPENCV = (".yml", ".yaml", ".xml")


def images_or_videos(folder: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the calibration images of a folder; where it has none, its calibration videos.

    A lab that exports images leaves the video beside them: then the images count.

    Args:
        folder: with a / at its end.
        paths: of files; what is hidden counts for nothing, as it is not packed.
    """
    there = [path for path in paths if path.startswith(folder) and not _is_hidden(path, folder)]
    images = tuple(path for path in there if path.lower().endswith(IMAGES))
    return images or tuple(path for path in there if is_video(path))


def stated_files(path: str) -> tuple[str, ...]:
    """Return the file of a calibration made elsewhere, and what OpenCV may have put beside it."""
    plain = PurePosixPath(path)
    if plain.suffix.lower() not in _OF_OPENCV:
        return (path,)
    return path, str(plain.with_name(EXTRINSICS + plain.suffix))


def _is_hidden(path: str, folder: str) -> bool:
    return any(part.startswith(".") for part in path.removeprefix(folder).split("/"))
