"""A multi-animal project, with a detector: the other of DeepLabCut's two ways."""

from __future__ import annotations

import csv
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from tests.trainer.processes import running, wait_for

from dlc_batch_core.request import Request

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench

YAML_FILE = YAML(typ="safe", pure=True)


def _make_two_animals(project: Path) -> None:
    """Take the drawn animal's four markers for two body parts of two animals."""
    config = YAML_FILE.load((project / "config.yaml").read_text())
    config |= {
        "multianimalproject": True,
        "bodyparts": "MULTI!",
        "multianimalbodyparts": ["front", "back"],
        "individuals": ["first", "second"],
        "uniquebodyparts": [],
        "identity": False,
        "skeleton": [],
    }
    with (project / "config.yaml").open("w") as file:
        YAML_FILE.dump(config, file)
    for table in project.glob("labeled-data/*/*.csv"):
        rows = list(csv.reader(table.read_text().splitlines()))
        parts = ["front", "front", "back", "back"] * 2
        animals = ["individuals", *["first"] * 4, *["second"] * 4]
        head = [rows[0], animals, ["bodyparts", *parts], rows[2]]
        with table.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([*head, *rows[3:]])


def test_two_animals_top_down(bench: Bench, tiny_project: Path, tmp_path: Path) -> None:
    """Ended while the detector is trained, it goes on there."""
    project = shutil.copytree(tiny_project, tmp_path / "two")
    _make_two_animals(project)
    request = Request(
        net_type="top_down_cspnext_s",
        weights="random",
        epochs=1,
        overrides={"detector.train_settings.epochs": 3, "detector.train_settings.batch_size": 1},
    )
    bench.submit(bench.zip_project(project), "", request)
    with running(bench) as process:
        wait_for("detector epoch 1/3", bench, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 75
    done = bench.train(AWS_BATCH_JOB_ATTEMPT="2")
    assert "detector epoch 1/" not in done.output, "it began anew"
    assert "detector epoch 3/3" in done.output
    assert done.exit_code == 0, done.output
    train = next(done.results.glob("dlc-models-pytorch/*/*/train"))
    names = {path.name for path in train.glob("*.pt")}
    assert names == {"snapshot-001.pt", "snapshot-detector-003.pt"}
    # An untrained detector finds nothing: no score, and the lab is told so.
    scored = "test_rmse_px" in done.outcome.metrics
    assert scored or "there is no score" in done.outcome.message
