"""One recording: what its cameras saw, put together in space, and all that shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dlc_batch_cameras.calibration_file import Calibrated, read_calibrated
from dlc_batch_cameras.knocks import find_knocks, leave_out
from dlc_batch_cameras.pose_files import PoseTable, write_deeplabcut, write_npz
from dlc_batch_cameras.quality import Quality, assess
from dlc_batch_cameras.synchronising import SharedPart, View, estimate_offsets, share

from dlc_batch_cameras.triangulation import Triangulation, triangulate
from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_trainer.three_d.film import write_film
from dlc_batch_trainer.three_d.pictures import draw_poses
from dlc_batch_trainer.three_d.predictions import Predictions, bones_of, read_views
from dlc_batch_trainer.three_d.scene import Array, Scene
from dlc_batch_trainer.three_d.task import Answer, RecordingTask
from dlc_batch_trainer.three_d.view import write_view


@dataclass(frozen=True, eq=False)
class Recording:
    """Poses in space, and what is known of them."""

    task: RecordingTask
    calibrated: Calibrated
    body_parts: tuple[str, ...]
    scorer: str
    shared: SharedPart
    found: Triangulation
    quality: Quality
    notes: tuple[str, ...]

    @property
    def cameras(self) -> tuple[str, ...]:
        return self.calibrated.group.names


def put_together(task: RecordingTask) -> Answer:
    """Do the task: write `<name>_DLC_3D.h5` and what is beside it."""
    recording = triangulate_recording(task)
    write_files(recording)
    figures = {"reprojection_px": recording.quality.median_error}
    if recording.calibrated.unit == "mm":
        figures["error_mm"] = recording.quality.standard_error
    notes = tuple(f"{task.name}: {note}" for note in recording.notes)
    there = {name: value for name, value in figures.items() if np.isfinite(value)}
    return Answer(notes, figures=there)


def triangulate_recording(task: RecordingTask) -> Recording:
    """Put the views together."""
    calibrated = read_calibrated(Path(task.calibration))
    tables = {camera: Path(path) for camera, path in task.tables.items()}
    predicted = read_views(tables, calibrated.group.names)
    calibrated = calibrated.of(predicted)
    notes = [
        f"{camera} has no calibration, and is left out."
        for camera in tables
        if camera not in predicted
    ]
    shared = _shared(task, calibrated, predicted, notes)
    knocks = find_knocks(calibrated.group, shared.pixels, shared.confidences, task.pcutoff)
    confidences = leave_out(calibrated.group.names, shared.confidences, knocks)
    found = triangulate(calibrated.group, shared.pixels, confidences, pcutoff=task.pcutoff)
    one = next(iter(predicted.values()))
    return Recording(
        task=task,
        calibrated=calibrated,
        body_parts=one.body_parts,
        scorer=one.scorer,
        shared=shared,
        found=found,
        quality=assess(found, calibrated.group.names, one.body_parts),
        notes=(*notes, *shared.notes, *map(str, knocks)),
    )


def _shared(
    task: RecordingTask,
    calibrated: Calibrated,
    predicted: Mapping[str, Predictions],
    notes: list[str],
) -> SharedPart:
    """The frames that all videos have, the offsets taken out."""
    views = [View(each.pixels, each.confidence) for each in predicted.values()]
    names = list(predicted)
    return share(names, views, _offsets(task, calibrated, names, views, notes))


def _offsets(
    task: RecordingTask,
    calibrated: Calibrated,
    names: Sequence[str],
    views: Sequence[View],
    notes: list[str],
) -> list[int]:
    if not isinstance(task.offsets, str):
        return [int(task.offsets.get(name, 0)) for name in names]
    found = estimate_offsets(calibrated.group, views, pcutoff=task.pcutoff)
    for offset in found[1:]:
        if offset.is_believed:
            notes.append(f"{offset.camera} lags behind {names[0]} by {offset.frames} frames.")
        else:
            notes.append(
                f"By how much {offset.camera} lags behind {names[0]} can't be told from what was"
                " seen, so it is taken for 0 frames: say it in dlc-batch.yaml (cameras.offsets)."
            )
    return [offset.frames if offset.is_believed else 0 for offset in found]


def write_files(recording: Recording) -> None:
    """Write all of it into the task's folder; the summary last."""
    task, folder = recording.task, Path(recording.task.target)
    table = PoseTable(
        scorer=recording.scorer,
        body_parts=recording.body_parts,
        first_frame=recording.shared.first_frames[0],
        found=recording.found,
    )
    write_deeplabcut(folder / f"{task.name}_DLC_3D.h5", table)
    write_npz(folder / f"{task.name}_3d.npz", table, recording.calibrated, task.frames_per_second)
    scene = _scene(recording)
    title = f"{task.name}: poses in space"
    page = write_view(scene, title, task.frames_per_second)
    (folder / f"{task.name}_3d.html").write_text(page, encoding="utf-8")
    (folder / f"{task.name}_3d.jpg").write_bytes(draw_poses(scene))
    write_film(scene, task.frames_per_second, folder / f"{task.name}_3d.mp4")
    summary = json.dumps(summary_of(recording), indent=1, allow_nan=False)
    (folder / f"{task.name}_3d.json").write_text(summary + "\n", encoding="utf-8")


def _scene(recording: Recording) -> Scene:
    bones = bones_of(recording.task.skeleton, recording.body_parts)
    return Scene.of(recording.found.points, recording.body_parts, bones, _down(recording))


def _down(recording: Recording) -> Array:
    """Where the cameras together have down, in the world."""
    downs = [camera.rotation.T @ [0.0, 1.0, 0.0] for camera in recording.calibrated.group]
    mean = np.mean(downs, axis=0)
    return mean if np.linalg.norm(mean) > 0.1 else np.array([0.0, 1.0, 0.0])


def summary_of(recording: Recording) -> dict[str, Any]:
    """Return what the report shows of it; nothing in it is NaN."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": recording.task.name,
        "unit": recording.calibrated.unit,
        "cameras": list(recording.cameras),
        "frames": len(recording.found.points),
        "first_frames": dict(zip(recording.cameras, recording.shared.first_frames, strict=True)),
        "notes": list(recording.notes),
        "quality": _plain(asdict(recording.quality)),
    }


def _plain(value: Any) -> Any:
    """NaN as None, all the way down: JSON knows no NaN."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
