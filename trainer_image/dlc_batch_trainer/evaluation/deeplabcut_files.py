"""What DeepLabCut's own evaluation leaves: its scores, and what it predicted.

PyTorch: evaluation-results-pytorch/iteration-N/<shuffle>/
  <scorer>-results.csv       scores of the snapshot
  <scorer>.h5                predictions on train and test frames, a row for each labelled frame
TensorFlow: evaluation-results/iteration-N/<shuffle>/
  <scorer>-results.csv       scores
  <scorer>-<snapshot>.h5     single animal: predictions on all labelled frames
  predicted_poses_<n>.h5     several animals: the detection nearest to each label
Both have another table that ends in -keypoint-results.csv, and one over all shuffles above.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own

from dlc_batch_core.labels import SINGLE
from dlc_batch_trainer.evaluation.poses import Layout, Poses

#: Metric: the column of the scores. What DeepLabCut calls RMSE, or error, is the mean distance in
#: pixels (core/metrics/distance_metrics.py: compute_rmse), over all body parts of all frames of
#: that side of the split; with pcutoff, over those predicted with that confidence.
_PYTORCH_COLUMNS = {
    "train_rmse_px": "train rmse",
    "test_rmse_px": "test rmse",
    "train_rmse_pcutoff_px": "train rmse_pcutoff",
    "test_rmse_pcutoff_px": "test rmse_pcutoff",
    "test_map": "test mAP",  # percent
    "test_mar": "test mAR",
}
#: pose_estimation_tensorflow/core/evaluate.py: make_results_file; blanks and all.
_TENSORFLOW_COLUMNS = {
    "train_rmse_px": " Train error(px)",
    "test_rmse_px": " Test error(px)",
    "train_rmse_pcutoff_px": "Train error with p-cutoff",
    "test_rmse_pcutoff_px": "Test error with p-cutoff",
}
_OF_SEVERAL_ANIMALS = frozenset({"test_map", "test_mar"})
_OTHERS = ("-keypoint-results.csv", "CombinedEvaluation-results.csv")
FOLDERS = {"pytorch": "evaluation-results-pytorch", "tensorflow": "evaluation-results"}


def find_scores(project: Path, engine: str) -> Path:
    """Find the <scorer>-results.csv of the one snapshot that was evaluated."""
    tables = (project / FOLDERS[engine]).rglob("*-results.csv")
    (table,) = (path for path in tables if not path.name.endswith(_OTHERS))
    return table


def read_scores(table: Path, is_multi_animal: bool) -> dict[str, float]:
    """Read one <scorer>-results.csv.

    Returns:
        metrics by name. One that DeepLabCut could not compute (no label, nothing above pcutoff)
        is absent; mAP and mAR are of several animals.
    """
    with table.open(newline="") as file:
        row = list(csv.DictReader(file))[-1]  # TensorFlow's grows when evaluated again
    columns = _PYTORCH_COLUMNS if "test rmse" in row else _TENSORFLOW_COLUMNS
    wanted = {
        name: column
        for name, column in columns.items()
        if column in row and (is_multi_animal or name not in _OF_SEVERAL_ANIMALS)
    }
    scores = {name: float(row[column] or "nan") for name, column in wanted.items()}
    return {name: value for name, value in scores.items() if math.isfinite(value)}


def find_predictions(scores: Path, snapshot: str, engine: str, layout: Layout) -> Path:
    """Find the predictions that belong to a <scorer>-results.csv.

    Args:
        scores: that file.
        snapshot: its name, `snapshot-200`.
        engine: pytorch or tensorflow.
        layout: of the project.
    """
    scorer = scores.name.removesuffix("-results.csv")
    if engine == "pytorch":
        return scores.with_name(f"{scorer}.h5")
    if layout.is_multi_animal:
        return scores.with_name(f"predicted_poses_{snapshot.rpartition('-')[2]}.h5")
    return scores.with_name(f"{scorer}-{snapshot}.h5")


def read_predictions(
    path: Path, layout: Layout, images: Sequence[str], engine: str
) -> dict[str, Poses]:
    """Read what DeepLabCut, in this process and from our data, predicted and wrote.

    Args:
        path: an .h5 of DeepLabCut's. Reading one runs what is in it: never one of an upload.
        layout: of the project.
        images: of each row of the merged table, for the file that does not name them.
        engine: pytorch or tensorflow.
    """
    table = pd.read_hdf(path)
    is_nameless = engine == "tensorflow" and layout.is_multi_animal
    names = list(images) if is_nameless else ["/".join(index) for index in table.index]
    points = _nearest_points(layout) if is_nameless else _named_points(table, layout)
    values = table.to_numpy(dtype=float).reshape(len(names), len(points), 3)
    values[values[..., 2] < 0] = math.nan  # PyTorch pads animals that were not found with -1
    found = {}
    for image, row in zip(names, values, strict=True):
        poses = Poses.empty(layout, 3)
        for (individual, part), point in zip(points, row, strict=True):
            poses.put(layout, individual, part, point)
        found[image] = poses
    return found


def _named_points(table: pd.DataFrame, layout: Layout) -> list[tuple[str, str]]:
    """Individual and body part of each three columns (x, y, likelihood)."""
    parts = table.columns.get_level_values("bodyparts")[::3].tolist()
    if not layout.is_multi_animal:  # the level, where there is one, has a name of DeepLabCut's
        return [("", part) for part in parts]
    return list(zip(table.columns.get_level_values("individuals")[::3], parts, strict=True))


def _nearest_points(layout: Layout) -> list[tuple[str, str]]:
    """What the columns of predicted_poses_<n>.h5 are of.

    Not what they say: evaluate_multianimal_full fills them in the order of config.yaml's body
    parts, and of the individuals by alphabet, whatever name stands above.
    """
    return [
        *_product(sorted(layout.individuals), layout.body_parts),
        *_product([SINGLE], layout.unique),
    ]


def _product(individuals: Iterable[str], parts: Sequence[str]) -> list[tuple[str, str]]:
    return [(individual, part) for individual in individuals for part in parts]
