"""Both engines' learning curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlc_batch_trainer.report.curve import read_curve

SNAPSHOT: dict[str, Any] = {"unit": "epochs", "trained": 2, "looks": []}


def test_pytorchs_has_a_head(tmp_path: Path) -> None:
    text = (
        "step,losses/train.heatmap,losses/train.total_loss,validation_rmse_px\n"
        "1,9,0.5,\n2,9,0.25,4.5\n3,9,nan,nan\n"
    )
    (tmp_path / "learning_stats.csv").write_text(text)
    curve = read_curve(tmp_path, SNAPSHOT)
    assert curve.losses == ((1, 0.5), (2, 0.25))
    assert curve.errors == ((2, 4.5),)
    assert (curve.unit, curve.taken) == ("epochs", 2)


def test_pytorchs_without_validation(tmp_path: Path) -> None:
    (tmp_path / "learning_stats.csv").write_text("step,losses/train.total_loss\n1,0.5\n")
    assert read_curve(tmp_path, SNAPSHOT).errors == ()


def test_tensorflows_has_none(tmp_path: Path) -> None:
    (tmp_path / "learning_stats.csv").write_text("10, 0.5, 0.001\n20, 0.25, 0.001\n")
    looks = {**SNAPSHOT, "unit": "iterations", "looks": [[20, 3.5]]}
    curve = read_curve(tmp_path, looks)
    assert (curve.losses, curve.errors) == (((10, 0.5), (20, 0.25)), ((20, 3.5),))


def test_without_a_file_there_is_no_curve(tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        curve = read_curve(folder, {"unit": "epochs", "trained": 0})  # of an older run.json
        assert (curve.losses, curve.errors) == ((), ())
