"""One tiny training with real DeepLabCut: our figures beside its own, and what follows it."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@dataclass(frozen=True)
class Tiny:
    results: Path
    facts: dict[str, Any]

    @property
    def evaluation(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.results / "evaluation.json").read_text())
        return content


@pytest.fixture(scope="session")
def tiny(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = tmp_path_factory.mktemp("tiny-training")
    project = shutil.copytree(tiny_project, folder / "walk")
    paths = [ROOT / "src", ROOT / "core", ROOT / "trainer_image"]
    done = subprocess.run(
        [sys.executable, HERE / "tiny_training.py", project, folder],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Tiny(folder / "results", json.loads((folder / "facts.json").read_text()))


def test_our_mean_is_deeplabcuts(tiny: Tiny) -> None:
    found = tiny.evaluation
    assert found["test"]["points"] > 0
    assert round(found["test"]["mean_px"], 2) == found["metrics"]["test_rmse_px"]
    sure = found["test"]["mean_pcutoff_px"]
    assert (round(sure, 2) if sure is not None else None) == found["metrics"].get(
        "test_rmse_pcutoff_px"
    )


def test_our_means_of_body_parts_are_deeplabcuts(tiny: Tiny) -> None:
    (path,) = tiny.results.rglob("*-keypoint-results.csv")
    head, _, test = (line.split(",") for line in path.read_text().splitlines())
    theirs = dict(zip(head[1:], map(float, test[1:]), strict=True))
    ours = {name: each["mean_px"] for name, each in tiny.evaluation["body_parts"].items()}
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_only_test_frames_are_scored(tiny: Tiny) -> None:
    test = {tiny.facts["images"][row] for row in tiny.facts["test"]}
    worst = [frame["image"] for frame in tiny.evaluation["worst_frames"]]
    assert set(worst) == test
    errors = [frame["error_px"] for frame in tiny.evaluation["worst_frames"]]
    assert errors == sorted(errors, reverse=True)
    assert len(test) < 5
    assert tiny.evaluation["interval"] is None  # of so few there is none
    trained = {tiny.facts["images"][row] for row in tiny.facts["train"]}
    doubtful = {frame["image"] for frame in tiny.evaluation["worst_training_frames"]}
    assert doubtful
    assert doubtful <= trained
    assert all(math.isfinite(value) for value in tiny.evaluation["metrics"].values())


def test_good_video_is_analysed_whatever_becomes_of_the_others(tiny: Tiny) -> None:
    names = tiny.facts["analysed"]
    assert any(name.endswith(".csv") and "_filtered" not in name for name in names)
    assert any(name.endswith("_filtered.csv") for name in names)
    assert any(name.endswith("_labeled.mp4") for name in names), names
    failed = [note for note in tiny.facts["notes"] if " failed" in note]
    assert [note.partition(" failed")[0] for note in failed] == [
        "Analysis of broken.avi",
        "Analysis of absent.mp4",
    ]


def test_model_is_exported_into_deeplabcuts_place(tiny: Tiny) -> None:
    assert tiny.facts["export_notes"] == []
    (name,) = tiny.facts["exported"]
    # Between the two DeepLabCut writes the network, as this Python shows an enumeration's member
    assert name.startswith("exported-models-pytorch/DLC_walk_")
    assert name.endswith("_iteration-0_shuffle-1_snapshot-2.pt")
    assert len(tiny.facts["failed_notes"]) == 1
