"""How far the demo's poses in space are from where the animal truly was."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlc_batch.demo.scene import BODY_PARTS, MARKERS, Array

_POSES = "3d/walk_3d.npz"


@dataclass(frozen=True)
class SpaceError:
    """Distances between points in space and the truth."""

    median_mm: float
    relative: float  # the median as a share of the animal's length, snout to tail base
    points: int  # how many were compared


def compare_with_truth(project: Path) -> SpaceError | None:
    """Compare what a run left in the demo's project with what was drawn; None without a point.

    Args:
        project: with the results fetched into it.
    """
    with np.load(project / _POSES, allow_pickle=False) as poses:
        found, frames = poses["points"], poses["frames"]
        order = [list(poses["bodyparts"]).index(part) for part in BODY_PARTS]
    truth = _as_seen_by_first(project, _truth(project / "truth_3d.csv"))
    distances = np.linalg.norm(found[:, order] - truth[frames], axis=-1)
    if not np.isfinite(distances).any():
        return None
    length = float(np.linalg.norm(np.subtract(MARKERS["snout"][0], MARKERS["tailbase"][0])))
    median = float(np.nanmedian(distances))
    return SpaceError(median, median / length, int(np.isfinite(distances).sum()))


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
