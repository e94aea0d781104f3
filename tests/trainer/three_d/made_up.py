"""A recording that never was: the animal of the demo, known cameras, and made-up predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dlc_batch.demo import scene
from dlc_batch.demo.project import IN_SPACE
from dlc_batch_core.cameras import Cameras
from dlc_batch_trainer.three_d.scene import Array
from dlc_batch_trainer.three_d.task import RecordingTask

FRAMES = 120
CAMERAS = Cameras.from_dict(IN_SPACE["cameras"])  # type: ignore[arg-type]  # a section of a request
SCORER = "DLC_CspnextS_walkJan1shuffle1_snapshot_45"


def poses(frames: int = FRAMES) -> Array:
    """Where the markers are in the arena, (frames, markers, 3), mm."""
    return np.stack([scene.markers_of(pose) for pose in scene.walk(frames, seed=1)])


def write_table(path: Path, pixels: Array, confidence: float = 0.9) -> Path:
    """Write predictions (frames, points, 2) as DeepLabCut does."""
    values = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), confidence)], axis=-1)
    columns = pd.MultiIndex.from_product(
        [[SCORER], scene.BODY_PARTS, ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(values.reshape(len(values), -1), columns=columns).to_csv(path)
    return path


def write_tables(
    folder: Path,
    noise: float = 0.5,
    lags: tuple[int, int] = (0, 0),
    frames: int = FRAMES,
    confidence: float = 0.9,
) -> dict[str, Path]:
    """Write what the network says of both views; a view that lags begins that much earlier."""
    tables = {}
    seen = poses(frames + max(lags))
    for number, camera in enumerate(scene.two_cameras()):
        start = max(lags) - lags[number]
        part = seen[start : start + frames]
        pixels = camera.project(part.reshape(-1, 3)).reshape(*part.shape[:2], 2)
        pixels += np.random.default_rng(number).normal(0, noise, pixels.shape)
        tables[camera.name] = write_table(folder / f"{camera.name}.csv", pixels, confidence)
    return tables


def write_cameras(folder: Path) -> Path:
    """Write the demo's true cameras as a calibration of Anipose's, and cameras.json of it."""
    from dlc_batch_cameras.camera import Camera, CameraGroup
    from dlc_batch_cameras.foreign_files import write_anipose

    size = (scene.WIDTH, scene.HEIGHT)
    cameras = (
        Camera(each.name, size, each.K, np.zeros(5), each.R, each.t)
        for each in scene.two_cameras()
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_anipose(CameraGroup(tuple(cameras)), folder / "calibration.toml")
    path = folder / "cameras.json"
    named = ", ".join(f'{{"name": "{each.name}"}}' for each in scene.two_cameras())
    path.write_text(f'{{"calibration": "calibration.toml", "unit": "mm", "cameras": [{named}]}}')
    return path


def task(folder: Path, tables: dict[str, Path], **changes: Any) -> RecordingTask:
    """Return what is asked of a recording."""
    given: dict[str, Any] = {
        "name": "walk",
        "tables": {name: str(path) for name, path in tables.items()},
        "calibration": str(write_cameras(folder / "calibration")),
        "offsets": {},
        "pcutoff": 0.6,
        "skeleton": [["snout", "leftear"], ["snout", "tailbase"]],
        "smooth": False,
        "limbs": [],
        "frames_per_second": 30.0,
        "target": str(folder / "3d"),
        "answer": str(folder / "answer.json"),
    }
    return RecordingTask(**{**given, **changes})
