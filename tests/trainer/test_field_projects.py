"""Projects as labs have them: old keys, Windows paths, shuffles made at home, placeholders."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from dlc_batch_core.request import Request

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

SHARED = Path(__file__).parents[3] / "shared" / "data"
CROP = {"data.train.crop_sampling.width": 128, "data.train.crop_sampling.height": 128}


def _read(path: Path) -> dict:
    return YAML(typ="safe", pure=True).load(path.read_text())


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(content, file)


def _age_config(project: Path) -> None:
    """Make config.yaml that of a project from 2020, moved over from Windows."""
    config = _read(project / "config.yaml")
    first, second = config["video_sets"]
    config |= {
        "Task": 7,  # DeepLabCut 3 wants text
        "engine": "PyTorch",
        "bboxes_pcutoff": 0.6,
        "video_sets_original": {},
        "dotsize": "large",
        "video_sets": {
            rf"C:\Users\lab\videos\{Path(first).name}": {"crop": "0, 160, 0, 128"},
            second: {"crop": "0, 160, 0, 128"},
        },
    }
    _write(project / "config.yaml", config)


def _age_labels(table: Path) -> None:
    """Write the index as three columns, the image's with a backslash, by another hand."""
    rows = list(csv.reader(table.read_text().splitlines()))
    head = [[row[0], "", "", *row[1:]] for row in rows[:3]]
    body = [["labeled-data", "copied-from", row[0].split("/")[2], *row[1:]] for row in rows[3:]]
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows([*head, *body])


def _make_home_shuffle(project: Path, trained_config: Path) -> None:
    """Shuffle 3 as the lab set it up at home, beside the two that it trained before."""
    config = _read(trained_config)
    config["train_settings"] |= {"epochs": 1, "batch_size": 3}
    config["data"]["train"]["affine"]["rotation"] = 17
    config["data"]["train"]["hflip"] = {"p": 0.25, "symmetries": [[1, 2]]}
    del config["data"]["train"]["motion_blur"]
    config["resume_training_from"] = "/etc/passwd"
    config["logger"] = {"type": "WandbLogger", "project_name": "spy", "run_name": "spy"}
    config["runner"]["snapshot_prefix"] = "../../escape"
    folder = project / "dlc-models-pytorch/iteration-0/7Jan1-trainset80shuffle3/train"
    _write(folder / "pytorch_config.yaml", config)
    shuffles = {
        f"7Jan1-trainset80shuffle{k}": {
            "train_fraction": 0.8,
            "index": k,
            "split": 1,
            "engine": engine,
        }
        for k, engine in ((1, "tensorflow"), (3, "pytorch"))
    }
    place = "training-datasets/iteration-0/UnaugmentedDataSet_7Jan1/metadata.yaml"
    _write(project / place, {"shuffles": shuffles})


@pytest.fixture
def aged_project(tiny_project: Path, trained: tuple[Bench, Finished], tmp_path: Path) -> Path:
    project = shutil.copytree(tiny_project, tmp_path / "aged")
    _age_config(project)
    _age_labels(project / "labeled-data/walk-camera-1/CollectedData_drawn.csv")
    (config,) = trained[1].results.rglob("pytorch_config.yaml")
    _make_home_shuffle(project, config)
    return project


def test_old_project_with_a_shuffle_made_at_home(bench: Bench, aged_project: Path) -> None:
    bench.submit(bench.zip_project(aged_project), "", Request(weights="random", shuffles=(3,)))
    done = bench.train(shuffle=3)
    assert done.exit_code == 0, done.output

    folder = done.results / "dlc-models-pytorch/iteration-0/7Jan1-trainset80shuffle3"
    config = _read(folder / "train/pytorch_config.yaml")
    assert config["net_type"] == "cspnext_s"  # not config.yaml's resnet_50
    assert config["train_settings"]["epochs"] == 1
    assert config["train_settings"]["batch_size"] == 3
    assert config["data"]["train"]["affine"]["rotation"] == 17
    assert config["data"]["train"]["crop_sampling"]["width"] == 96
    assert config["data"]["train"]["hflip"] == {"p": 0.25, "symmetries": [[1, 2]]}
    assert not config["data"]["train"]["motion_blur"]
    assert config["resume_training_from"] is None
    assert config["logger"] is None
    assert config["runner"]["snapshot_prefix"] is None
    assert (folder / "train/snapshot-001.pt").is_file()

    split = done.run_file()["split"]
    assert len(split["train"]) + len(split["test"]) == 16, "a view was lost"
    notes = "\n".join(done.outcome.notes)
    for word in ("Task", "engine", "bboxes_pcutoff", "video_sets_original", "dotsize"):
        assert f"`{word}`" in notes
    assert "walk-camera-1/CollectedData_drawn.csv" in notes
    assert "left out: " in notes
    assert "logger.type" in notes
    assert "runner.snapshot_prefix" in notes

    (metadata,) = done.results.rglob("metadata.yaml")
    shuffles = _read(metadata)["shuffles"]
    assert shuffles["7Jan1-trainset80shuffle1"]["engine"] == "tensorflow"
    assert shuffles["7Jan1-trainset80shuffle3"] == {
        "train_fraction": 0.8,
        "index": 3,
        "split": 2,
        "engine": "pytorch",
    }


def test_openfield(bench: Bench) -> None:
    """A real project: a placeholder in video_sets, an empty multianimalproject."""
    openfield = SHARED / "openfield-Pranav-2018-10-30"
    if not openfield.is_dir():
        pytest.skip(f"NOT TESTED: the openfield project is not at {openfield}")
    request = Request(
        net_type="cspnext_s", weights="random", epochs=1, batch_size=8, overrides=CROP
    )
    bench.submit(
        bench.zip_project(openfield, "home/dlc/openfield/"), "home/dlc/openfield/", request
    )
    done = bench.train()
    assert done.exit_code == 0, done.output
    assert done.outcome.metrics["train_frames"] == 110 - 6  # int(0.95 * 116)
    assert done.outcome.metrics["validation_frames"] == 6
    assert done.outcome.metrics["test_frames"] == 6
    assert 0 < done.outcome.metrics["test_rmse_px"] < 800
    assert (
        done.results / "dlc-models-pytorch/iteration-0/openfieldOct30-trainset95shuffle1"
    ).is_dir()


def test_settings_that_deeplabcut_does_not_take(bench: Bench, tiny_project: Path) -> None:
    request = Request(net_type="cspnext_s", weights="random", overrides={"data.train.wobble": 1})
    bench.submit(bench.zip_project(tiny_project), "", request)
    done = bench.train()
    assert done.exit_code == 2, done.output
    assert "wobble" in done.outcome.message
    assert "docs/request.md lists the settings" in done.outcome.remedy
