"""Scores the network with DeepLabCut, and reads its scores from DeepLabCut's own files."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import deeplabcut  # type: ignore[import-untyped]  # has no types

from dlc_batch_trainer.training import Snapshot

#: Metric: the column of DeepLabCut's <scorer>-results.csv. What it calls RMSE is the mean
#: distance in pixels (core/metrics/distance_metrics.py: compute_rmse), over all body parts of
#: all frames of that side of the split; with pcutoff, over those predicted with that confidence.
_COLUMNS = {
    "train_rmse_px": "train rmse",
    "test_rmse_px": "test rmse",
    "train_rmse_pcutoff_px": "train rmse_pcutoff",
    "test_rmse_pcutoff_px": "test rmse_pcutoff",
}
_OTHERS = ("-keypoint-results.csv", "CombinedEvaluation-results.csv")


def evaluate_shuffle(
    config_path: Path, shuffle: int, trainset: int, snapshot: Snapshot
) -> dict[str, float]:
    """Score a snapshot on the frames it trained on and on those it did not.

    Returns:
        metrics by name. One that DeepLabCut could not compute (no label, nothing above pcutoff)
        is absent.
    """
    deeplabcut.evaluate_network(
        str(config_path),
        Shuffles=[shuffle],
        trainingsetindex=trainset,
        plotting=False,
        snapshots_to_evaluate=[snapshot.path.stem],
        per_keypoint_evaluation=True,
    )
    folder = config_path.parent / "evaluation-results-pytorch"
    (table,) = (p for p in folder.rglob("*-results.csv") if not p.name.endswith(_OTHERS))
    return read_scores(table)


def read_scores(table: Path) -> dict[str, float]:
    """Read one <scorer>-results.csv."""
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    scores = {name: float(row[column] or "nan") for name, column in _COLUMNS.items()}
    return {name: value for name, value in scores.items() if math.isfinite(value)}
