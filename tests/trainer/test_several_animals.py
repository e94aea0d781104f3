"""Projects of several animals: with a detector, and from the whole frame."""

from __future__ import annotations

import csv
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from ruamel.yaml import YAML
from tests.trainer.processes import running, wait_for
from tests.trainer.snapshots import hash_of

from dlc_batch_core.control import Action, Control
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.request import Request

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

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


@pytest.fixture(scope="module")
def two_animals(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Path(shutil.copytree(tiny_project, tmp_path_factory.mktemp("lab") / "two"))
    _make_two_animals(project)
    return project


TOP_DOWN = Request(
    net_type="top_down_cspnext_s",
    weights="random",
    epochs=1,
    overrides={"detector.train_settings.epochs": 3, "detector.train_settings.batch_size": 1},
)


def _interrupt_detector(bench: Bench) -> None:
    with running(bench) as process:
        wait_for("detector epoch 1/3", bench, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 75


@pytest.fixture(scope="module")
def top_down(make_bench: Callable[[], Bench], two_animals: Path) -> tuple[Bench, Finished]:
    """A run that was ended while its detector was trained, and went on."""
    bench = make_bench()
    bench.submit(bench.zip_project(two_animals), "", TOP_DOWN)
    _interrupt_detector(bench)
    return bench, bench.train(AWS_BATCH_JOB_ATTEMPT="2")


def test_two_animals_top_down(top_down: tuple[Bench, Finished]) -> None:
    _, done = top_down
    assert "detector epoch 1/" not in done.output, "it began anew"
    assert "detector epoch 3/3" in done.output
    assert done.exit_code == 0, done.output
    train = next(done.results.glob("dlc-models-pytorch/*/*/train"))
    names = {path.name for path in train.glob("*.pt")}
    assert names == {"snapshot-001.pt", "snapshot-detector-003.pt"}
    # An untrained detector finds nothing: no score, and the lab is told so.
    scored = "test_rmse_px" in done.outcome.metrics
    assert scored or "there is no score" in done.outcome.message


def test_interrupted_in_the_detector_the_network_begins_where_it_should(
    top_down: tuple[Bench, Finished], two_animals: Path, tmp_path: Path
) -> None:
    """Not from random weights, though the checkpoint that it goes on from has none of it."""
    first, done = top_down
    bench = replace(first, keys=RunKeys("somelab", "two-0123456789ab"), folder=tmp_path)
    request = replace(TOP_DOWN, weights=first.keys.run_id, seed=99)
    bench.submit(bench.zip_project(two_animals), "", request)
    _interrupt_detector(bench)
    later = bench.train(AWS_BATCH_JOB_ATTEMPT="2")
    assert later.exit_code == 0, later.output
    began = later.run_file()["began_from"]
    train = next(done.results.glob("dlc-models-pytorch/*/*/train"))
    for phase, name in (("pose", "snapshot-001.pt"), ("detector", "snapshot-detector-003.pt")):
        state = torch.load(train / name, map_location="cpu", weights_only=True)["model"]
        assert began[f"{phase}_sha256"] == hash_of(state), phase


def test_stopped_in_the_detector_there_is_nothing_to_keep(bench: Bench, two_animals: Path) -> None:
    endless = {**TOP_DOWN.overrides, "detector.train_settings.epochs": 5000}
    bench.submit(bench.zip_project(two_animals), "", replace(TOP_DOWN, overrides=endless))
    control = Control(Action.STOP_AND_KEEP_BEST).to_json().encode()
    with running(bench) as process:
        wait_for("== train", bench, process)
        bench.s3.put_object(Bucket=bench.bucket, Key=bench.keys.shuffle(1).control, Body=control)
        assert process.wait(timeout=120) == 2
    outcome = bench.outcome()
    assert not outcome.succeeded
    assert "there is nothing to keep" in outcome.message
    assert any("The lab stopped the training" in note for note in outcome.notes)


def test_two_animals_bottom_up(bench: Bench, two_animals: Path, tiny_request: Request) -> None:
    """From the whole frame, with part affinity fields."""
    bench.submit(bench.zip_project(two_animals), "", tiny_request)
    done = bench.train()
    assert done.exit_code == 0, done.output
    assert "epoch 2/2" in done.output
    assert "report.html" in done.outcome.files
    scored = "test_rmse_px" in done.outcome.metrics
    assert scored or "there is no score" in done.outcome.message
    settings = next(done.results.glob("dlc-models-pytorch/*/*/train/pytorch_config.yaml"))
    assert YAML_FILE.load(settings.read_text())["method"].lower() == "bu"
