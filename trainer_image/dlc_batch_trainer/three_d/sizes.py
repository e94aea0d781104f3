"""Whether videos have the size at which their cameras were calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlc_batch_cameras.camera import Camera, CameraGroup
from dlc_batch_core.errors import LabError
from dlc_batch_core.sizes import have_one_form


def fit_sizes(
    cameras: Sequence[Camera], sizes: Mapping[str, Sequence[int]]
) -> tuple[CameraGroup, tuple[str, ...]]:
    """Scale cameras to the size of their videos.

    Args:
        cameras: as they were calibrated.
        sizes: width and height of videos by camera, pixels; zeros, or none: not known.

    Returns:
        the cameras, and which of them were scaled, as sentences.

    Raises:
        LabError: a video's sides stand to each other otherwise than the calibration's: it was
            cropped, or the camera recorded with another setting, and nobody knows which part of
            the image it shows.
    """
    fitted, notes = [], []
    for camera in cameras:
        size = _size_of(camera, sizes)
        if size != camera.size:
            _stop_at_other_form(camera, size)
            notes.append(
                f"The video of {camera.name} has {_shown(size)} pixels, and its calibration"
                f" {_shown(camera.size)}: the calibration was scaled to it."
            )
            camera = camera.resized(size)
        fitted.append(camera)
    return CameraGroup(tuple(fitted)), tuple(notes)


def _size_of(camera: Camera, sizes: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    wide, high = sizes.get(camera.name, (0, 0))
    return (wide, high) if wide > 0 and high > 0 else camera.size


def _stop_at_other_form(camera: Camera, size: tuple[int, int]) -> None:
    if not have_one_form(camera.size, size):
        raise LabError(
            f"the video of {camera.name} has {_shown(size)} pixels, and its calibration"
            f" {_shown(camera.size)}: it was cropped, or recorded with another setting.",
            "Calibrate with images as the camera records in the experiment, or record, and"
            " export, the videos as the calibration.",
        )


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
