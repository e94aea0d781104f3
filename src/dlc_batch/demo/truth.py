"""How far the demo's poses in space are from where the animal truly was."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from dlc_batch.demo.scene import BODY_PARTS, MARKERS, Array
from dlc_batch_cameras.poses import Keypoint, read_poses
from dlc_batch_cameras.quality import TrueError, compare_with_truth

_POSES = "3d/walk_3d.npz"


def error_in_space(project: Path) -> TrueError | None:
    """Compare what a run left in the demo's project with what was drawn; None without a point.

    Args:
        project: with the results fetched into it.
    """
    poses = read_poses(project / _POSES)
    order = [poses.keypoints.index(Keypoint(part)) for part in BODY_PARTS]
    truth = _as_seen_by_first(project, _truth(project / "truth_3d.csv"))
    length = float(np.linalg.norm(np.subtract(MARKERS["snout"][0], MARKERS["tailbase"][0])))
    found = compare_with_truth(poses.found.points[:, order], truth[poses.frames], length)
    return found if found.points else None


def _truth(path: Path) -> Array:
    """The markers in the arena, (frames, body parts, 3), mm."""
    with path.open(newline="") as file:
        rows = [[float(cell) for cell in row[1:]] for row in list(csv.reader(file))[1:]]
    return np.array(rows).reshape(len(rows), len(BODY_PARTS), 3)


def _as_seen_by_first(project: Path, points: Array) -> Array:
    """In the coordinates of the first camera, which is the origin of a calibration's world."""
    cameras = json.loads((project / "cameras.json").read_text())["cameras"]
    first = next(iter(cameras.values()))
    return np.asarray(points @ np.array(first["R"]).T + np.array(first["t"]))
