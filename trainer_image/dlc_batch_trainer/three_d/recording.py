"""One recording: what its cameras saw, put together in space, and all that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.dlc_files import (
    SCORER,
    Table,
    write_dlc_csv,
    write_dlc_h5,
    write_dlc_metadata,
)
from dlc_batch_cameras.of_project import UNKNOWN
from dlc_batch_cameras.poses import Keypoint, Poses, write_poses
from dlc_batch_cameras.quality import Quality, assess, extent_of
from dlc_batch_cameras.reconstruction import Options, Reconstruction, reconstruct
from dlc_batch_cameras.synchronising import View
from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.errors import LabError
from dlc_batch_core.follow_up import VIEW_ENDING
from dlc_batch_core.words import listed
from dlc_batch_trainer.three_d.calibrating import read_cameras
from dlc_batch_trainer.three_d.film import FilmError, write_film
from dlc_batch_trainer.three_d.ground import find_down
from dlc_batch_trainer.three_d.pictures import draw_poses
from dlc_batch_trainer.three_d.predictions import Predictions, bones_of, read_views
from dlc_batch_trainer.three_d.scene import Array, Scene
from dlc_batch_trainer.three_d.sizes import fit_sizes
from dlc_batch_trainer.three_d.task import Answer, RecordingTask
from dlc_batch_trainer.three_d.view import Film, write_view


@dataclass(frozen=True, eq=False)
class Recording:
    """Poses in space, and what is known of them."""

    task: RecordingTask
    group: CameraGroup
    unit: str  # of lengths
    predicted: Mapping[str, Predictions]  # by camera
    made: Reconstruction
    quality: Quality
    notes: tuple[str, ...]  # sentences for the lab

    @property
    def body_parts(self) -> tuple[str, ...]:
        return next(iter(self.predicted.values())).body_parts

    @property
    def points(self) -> Array:
        """(frames, body parts, 3)."""
        return self.made.found.points

    @property
    def has_points(self) -> bool:
        return bool(np.isfinite(self.points).any())


def put_together(task: RecordingTask) -> Answer:
    """Do the task: write `<name>_DLC_3D.h5`, and what is beside it.

    Without a single point there are tables, but nothing to look at, and no figures: the answer
    says why.

    Raises:
        LabError: the videos share no frame, fewer than two of their cameras are calibrated, or
            their networks have no body part in common, or a video has another form than the
            calibration.
        SeveralAnimalsError, ValueError: of the tables, see read_views.
    """
    recording = triangulate_recording(task)
    lacking = write_files(recording)
    notes = tuple(f"{task.name}: {note}" for note in (*recording.notes, *lacking))
    if not recording.has_points:
        why = (
            f"There are no poses in space of {task.name}: two cameras never saw a body part with a"
            f" confidence above `pcutoff` ({task.pcutoff:g} in config.yaml) and agreed on it."
        )
        return Answer((*notes, why))
    quality = recording.quality
    figures = {
        "reprojection_px": quality.median_error,
        "points_percent": 100 * quality.triangulated,
    }
    if recording.unit == "mm":
        figures["error_mm"] = quality.standard_error
    there = {name: value for name, value in figures.items() if np.isfinite(value)}
    return Answer(notes, figures=there)


def triangulate_recording(task: RecordingTask) -> Recording:
    """Put the views together."""
    calibrated, unit = read_cameras(Path(task.calibration))
    tables = {camera: Path(path) for camera, path in task.tables.items()}
    _stop_without_two(tables, calibrated.names)
    predicted, unmatched = read_views(tables, calibrated.names)
    there = [each for each in calibrated if each.name in predicted]
    group, resized = fit_sizes(there, task.sizes)
    views = [View(each.pixels, each.confidence) for each in predicted.values()]
    parts = next(iter(predicted.values())).body_parts
    options = Options(
        pcutoff=task.pcutoff,
        offsets=_offsets(task, group.names),
        smooth=task.smooth,
        limbs=bones_of(task.limbs, parts),
    )
    made = reconstruct(group, views, options)
    strangers = tuple(
        f"{camera} has no calibration, and is left out." for camera in tables.keys() - predicted
    )
    return Recording(
        task=task,
        group=group,
        unit=unit,
        predicted=predicted,
        made=made,
        quality=assess(made.found, group.names, parts),
        notes=(*strangers, *resized, *unmatched, *_limbs_left_out(task, parts), *made.notes),
    )


def _stop_without_two(cameras: Collection[str], calibrated: Sequence[str]) -> None:
    """See to it that two of the cameras are calibrated: a calibration's file has its own names.

    Raises:
        LabError: they are not.
    """
    if len(set(cameras) & set(calibrated)) < 2:
        raise LabError(
            f"Its cameras are {listed(cameras)}, and the calibration is of {listed(calibrated)}.",
            "Give the cameras the names that the calibration has.",
        )


def _limbs_left_out(task: RecordingTask, parts: Sequence[str]) -> tuple[str, ...]:
    """Tell of limbs between what is no body part."""
    return tuple(
        f"The limb {' - '.join(limb)} is left out: its ends are not both body parts."
        for limb in task.limbs
        if not set(limb) <= set(parts)
    )


def _offsets(task: RecordingTask, names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Frames by which the videos lag behind; None: to be estimated."""
    if isinstance(task.offsets, str):
        return None
    return tuple(int(task.offsets.get(name, 0)) for name in names)


def write_files(recording: Recording) -> tuple[str, ...]:
    """Write all of it into the task's folder; return what could not be made."""
    task = recording.task
    stem = Path(task.target) / task.name
    stem.parent.mkdir(parents=True, exist_ok=True)

    def beside(ending: str) -> Path:
        return stem.with_name(f"{stem.name}_{ending}")

    keypoints = tuple(map(Keypoint, recording.body_parts))
    table = Table(recording.points, keypoints, SCORER)
    write_dlc_h5(beside("DLC_3D.h5"), table)
    write_dlc_csv(beside("DLC_3D.csv"), table)
    scorers = {camera: each.scorer for camera, each in recording.predicted.items()}
    write_dlc_metadata(beside("DLC_3D_meta.pickle"), recording.group, scorers)
    first = recording.made.first_frames
    frames = first[0] + np.arange(len(recording.points))
    rate = task.frames_per_second
    names = recording.group.names
    poses = Poses(recording.made.found, keypoints, names, frames, first, rate, recording.unit)
    write_poses(beside("3d.npz"), poses)
    summary = json.dumps(summary_of(recording), indent=1, allow_nan=False)
    beside("3d.json").write_text(summary + "\n", encoding="utf-8")
    return _show(recording, beside) if recording.has_points else ()


def _show(recording: Recording, beside: Callable[[str], Path]) -> tuple[str, ...]:
    task = recording.task
    bones = bones_of(task.skeleton, recording.body_parts)
    unit = "units" if recording.unit == UNKNOWN else recording.unit
    down = find_down(recording.points, recording.group)
    scene = Scene.of(recording.points, recording.body_parts, bones, down, unit)
    first, camera = recording.made.first_frames[0], recording.group.names[0]
    film = Film(task.frames_per_second, first, camera)
    page = write_view(scene, f"{task.name}: poses in space", film)
    beside(VIEW_ENDING.removeprefix("_")).write_text(page, encoding="utf-8")
    beside("3d.jpg").write_bytes(draw_poses(scene))
    try:
        write_film(scene, task.frames_per_second, beside("3d.mp4"))
    except FilmError as error:
        return (f"The film was not made: {error}.",)
    return ()


def summary_of(recording: Recording) -> dict[str, Any]:
    """Return what the report shows of it; nothing in it is NaN."""
    names = recording.group.names
    return {
        "schema_version": SCHEMA_VERSION,
        "name": recording.task.name,
        "unit": recording.unit,
        "cameras": list(names),
        "networks": {
            name: {"scorer": each.scorer, "run_id": recording.task.networks.get(name)}
            for name, each in recording.predicted.items()
        },
        "frames": len(recording.points),
        "first_frames": dict(zip(names, recording.made.first_frames, strict=True)),
        "notes": list(recording.notes),
        "extent": _plain(extent_of(recording.points)),
        "quality": _plain(asdict(recording.quality)),
    }


def _plain(value: Any) -> Any:
    """NaN as None, all the way down: JSON knows no NaN."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
