"""The scores of one snapshot: what ours found, and what DeepLabCut finds when called by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Figures by name, in pixels; ours, and by hand. None: there is nothing to take the mean of.
Figures = dict[str, tuple[float | None, float | None]]


def compare_scores(folder: Path) -> Figures:
    """Evaluate by hand what a training of ours left in a folder.

    Args:
        folder: with project/ and results/.

    Returns:
        DeepLabCut's own figures as results/ has them, and the mean distances that ours computes
        from the predicted points, each beside DeepLabCut's table of the evaluation by hand.
    """
    project, results = folder / "project", folder / "results"
    evaluation, run = (_read(results / name) for name in ("evaluation.json", "run.json"))
    snapshot = next(path for path in results.rglob("snapshot-*.pt"))
    points = _from_points(project, results, snapshot, run["split"], evaluation["pcutoff"])
    points["test_rmse_px"] = evaluation["test"]["mean_px"]  # as the lab is told
    points["test_rmse_pcutoff_px"] = evaluation["test"]["mean_pcutoff_px"]
    shutil.rmtree(project / "evaluation-results-pytorch")
    trainset = _config(project)["TrainingFraction"].index(run["split"]["fraction"])
    by_hand = evaluate_by_hand(project / "config.yaml", trainset, snapshot)
    own = read_scores_of_ours(folder)
    figures = {f"{name}, its own": (own.get(name), by_hand.get(name)) for name in points}
    computed = {f"{name}, from points": (points[name], by_hand.get(name)) for name in points}
    return figures | computed


def read_scores_of_ours(folder: Path) -> dict[str, float]:
    """Read DeepLabCut's own figures from what a training of ours left."""
    scores: dict[str, float] = _read(folder / "results" / "evaluation.json")["deeplabcut"]
    return scores


def evaluate_by_hand(config_path: Path, trainset: int, snapshot: Path) -> dict[str, float]:
    """Call DeepLabCut's evaluation, and read its table."""
    import deeplabcut  # type: ignore[import-untyped]  # has no types

    from dlc_batch_trainer.evaluation.deeplabcut_files import find_scores, read_scores

    deeplabcut.evaluate_network(
        str(config_path),
        shuffles=[1],
        trainingsetindex=trainset,
        snapshots_to_evaluate=[snapshot.stem],
    )
    return read_scores(find_scores(config_path.parent, "pytorch"), is_multi_animal=False)


def _from_points(
    project: Path, results: Path, snapshot: Path, split: Mapping[str, Any], pcutoff: float
) -> dict[str, float | None]:
    """Compute the mean distances on both sides of the split, from what the product predicted."""
    from dlc_batch_trainer.evaluation import read_label_tables
    from dlc_batch_trainer.evaluation.deeplabcut_files import (
        find_predictions,
        find_scores,
        read_predictions,
    )
    from dlc_batch_trainer.evaluation.errors import mean_errors
    from dlc_batch_trainer.evaluation.points import score_frame
    from dlc_batch_trainer.evaluation.poses import Layout, Poses, read_labels

    config = _config(project)
    layout = Layout.of_config(config)
    labels = read_labels(read_label_tables(project, config["scorer"]), layout)
    path = find_predictions(find_scores(results, "pytorch"), snapshot.stem, "pytorch", layout)
    predicted = read_predictions(path, layout, (), "pytorch")
    nothing = Poses.empty(layout, 3)
    found: dict[str, float | None] = {}
    for side in ("train", "test"):
        frames = [
            score_frame(each, labels[each], predicted.get(each, nothing), layout)
            for each in split[side]
        ]
        errors = mean_errors((point for frame in frames for point in frame.points), pcutoff)
        found[f"{side}_rmse_px"] = errors.mean_px
        found[f"{side}_rmse_pcutoff_px"] = errors.mean_pcutoff_px
    return found


def _config(project: Path) -> dict[str, Any]:
    from dlc_batch_core.yaml_reader import read_yaml_mapping

    return read_yaml_mapping((project / "config.yaml").read_text(), "config.yaml")


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content
