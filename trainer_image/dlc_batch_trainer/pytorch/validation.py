"""The error on the validation frames, by which the best snapshot is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
from torch.utils.data import DataLoader

Points = np.ndarray[Any, Any]  # animals x body parts x (x, y, visibility or confidence)


def measure(runner: Any, frames: DataLoader[Any], is_to_end: Callable[[], bool]) -> float | None:
    """Return the mean distance in px between labels and predictions on some frames.

    DeepLabCut's own figure during training leaves out what it could not match, so that a network
    that finds less may look better; ours counts everything that is labelled.

    Args:
        runner: DeepLabCut's PoseTrainingRunner.
        frames: its validation frames, unaugmented, one a batch.
        is_to_end: asked between frames; then the answer is None.
    """
    runner.model.eval()
    runner._epoch_predictions, runner._epoch_ground_truth = {}, {}
    try:
        diagonals = _look_at(runner, frames, is_to_end)
        labels, found = runner._epoch_ground_truth, runner._epoch_predictions
    finally:
        runner._epoch_predictions, runner._epoch_ground_truth = {}, {}
        runner.model.train()
    if diagonals is None:
        return None
    distances = [
        distance
        for kind in labels
        for (name, points), most in zip(labels[kind].items(), diagonals, strict=True)
        for distance in distances_of(_as_animals(points), _as_animals(found[kind][name]), most)
    ]
    return float(np.mean(distances)) if distances else float("nan")


def _look_at(
    runner: Any, frames: DataLoader[Any], is_to_end: Callable[[], bool]
) -> list[float] | None:
    """Let the network predict; returns the diagonal of each image, in px of the frame."""
    diagonals: list[float] = []
    with torch.no_grad():
        for batch in frames:
            if is_to_end():
                return None
            runner.step(batch, "eval")
            height, width = batch["image"].shape[-2:]
            scales = np.asarray(batch["scales"], dtype=float).reshape(len(batch["image"]), -1)
            diagonals += [float(np.hypot(height, width) * scale.max()) for scale in scales]
    return diagonals


def _as_animals(points: Points) -> Points:
    return points if points.ndim == 3 else points[None]


def distances_of(labels: Points, found: Points, most: float) -> list[float]:
    """Return the distance in px of each label of a frame from its prediction.

    Animals are matched so that the sum of their distances is least. A label without a prediction
    counts with `most`, the image's diagonal, and none with more: a network that finds less does
    not look better.
    """
    is_labelled = (labels[..., 2] > 0) & np.isfinite(labels[..., :2]).all(axis=-1)
    if not is_labelled.any():
        return []
    animals = [n for n in range(len(labels)) if is_labelled[n].any()]
    table = np.full((len(animals), max(len(found), len(animals)), labels.shape[1]), most)
    for row, animal in enumerate(animals):
        for column, guess in enumerate(found):
            gap = np.linalg.norm(labels[animal, :, :2] - guess[:, :2], axis=-1)
            has_guess = np.isfinite(gap) & (guess[:, 2] >= 0)
            table[row, column] = np.where(has_guess, np.minimum(gap, most), most)
    masked = np.where(is_labelled[animals][:, None], table, 0)
    rows, columns = linear_sum_assignment(masked.sum(axis=-1))
    return [
        float(value)
        for row, column in zip(rows, columns, strict=True)
        for value in table[row, column][is_labelled[animals[row]]]
    ]


def describe(error: float) -> Mapping[str, float]:
    """Return the error as a metric of an epoch."""
    return {"validation_rmse_px": error}
