"""A calibration in a sentence, for who made it."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from dlc_batch_cameras.calibration import Baseline
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.of_project import Calibrated
from dlc_batch_core.words import counted, listed


def sentence_of(found: Calibrated) -> str:
    """Return what a lab can hold against its rig: by how many moments, how well, how far apart."""
    names = listed(found.group.names)
    if (made := found.calibration) is None:
        stated = f"The cameras {names} are as their calibration's file has them."
        return f"{stated} Distances of their centres, in its unit: {_distances(found.group)}."
    apart = listed(f"{distance_of(each, found.unit)}" for each in made.baselines)
    return (
        f"The cameras {names} are calibrated by {counted(made.moments, 'moments')}, to"
        f" {made.total_rms_px:.2f} px. Distances of their centres: {apart}."
    )


def _distances(group: CameraGroup) -> str:
    return listed(
        f"{one.name} to {other.name} {np.linalg.norm(one.centre - other.centre):.4g}"
        for one, other in combinations(group, 2)
    )


def distance_of(baseline: Baseline, unit: str) -> str:
    """Return how far two cameras are apart."""
    pair = f"{baseline.first} to {baseline.second}"
    return f"{pair} {baseline.mm:.4g} {unit} (standard error {baseline.error_mm:.2g})"
