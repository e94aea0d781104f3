"""The TensorFlow engine's own environment, and small projects to train in it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dlc_batch.demo.project import DemoSize, make_demo_project

ROOT = Path(__file__).parents[2]

Play = Callable[..., dict[str, Any]]


def environment_of(folder: Path) -> dict[str, str]:
    """All that a training gets of the environment: nothing of the tester's own."""
    paths = [ROOT / "src", ROOT / "core", ROOT / "trainer_image"]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",  # so that the same training gives the same numbers
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # No test asks for weights from afar, wherever it runs.
        "DLC_BATCH_TF_WEIGHTS": str(folder / "weights"),
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }


@pytest.fixture(scope="session")
def play(tensorflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Play a scenario in a process of its own; see scenario.py."""

    def run(*steps: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
        place = folder or tmp_path_factory.mktemp("scenario")
        (place / "scenario.json").write_text(json.dumps(steps))
        done = subprocess.run(
            [str(tensorflow_python), str(Path(__file__).with_name("scenario.py")), str(place)],
            env=environment_of(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-8000:]
        answers: dict[str, Any] = json.loads((place / "answers.json").read_text())
        return answers

    return run


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one animal: 80 labelled frames in two views, enough for validation.

    Its pcutoff is one that a network of some hundred iterations gets over.
    """
    folder = tmp_path_factory.mktemp("lab") / "walk"
    project = make_demo_project(folder, DemoSize(frames=40, labelled=40))
    config = (project / "config.yaml").read_text()
    assert "pcutoff: 0.6" in config
    (project / "config.yaml").write_text(config.replace("pcutoff: 0.6", "pcutoff: 0.2"))
    return project


@pytest.fixture(scope="session")
def multi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same frames, with two animals of two body parts each and a part that no animal has."""
    folder = tmp_path_factory.mktemp("lab") / "walk"
    project = make_demo_project(folder, DemoSize(frames=40, labelled=40))
    yaml = YAML(typ="safe", pure=True)
    config = yaml.load((project / "config.yaml").read_text())
    config |= {
        "multianimalproject": True,
        "bodyparts": "MULTI!",
        "multianimalbodyparts": ["front", "back"],
        "individuals": ["zoe", "abe"],
        "uniquebodyparts": ["nest"],
        "identity": False,
        "skeleton": [],
    }
    with (project / "config.yaml").open("w") as file:
        yaml.dump(config, file)
    for table in project.glob("labeled-data/*/*.csv"):
        _make_two_animals(table)
    return project


def _make_two_animals(table: Path) -> None:
    scorer, _, coords, *rows = list(csv.reader(table.read_text().splitlines()))
    head = [
        [*scorer, "drawn", "drawn"],
        ["individuals", *["zoe"] * 4, *["abe"] * 4, *["single"] * 2],
        ["bodyparts", *["front", "front", "back", "back"] * 2, "nest", "nest"],
        [*coords, "x", "y"],
    ]
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [*head, *([*row, *row[-8:-6]] for row in rows)]
        )
