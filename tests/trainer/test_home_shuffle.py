"""Settings of a shuffle made at home: which are taken, which are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlc_batch_core.errors import LabError
from dlc_batch_trainer.home_shuffle import (
    HomeShuffle,
    find_home_shuffle,
    note_of_other_engine,
    settings_to_take,
)

OURS = {
    "net_type": "resnet_50",
    "train_settings": {"epochs": 200, "batch_size": 8, "weight_init": None},
    "data": {"train": {"affine": {"p": 0.5, "rotation": 30}, "hflip": None}},
    "runner": {"optimizer": {"type": "AdamW", "params": {"lr": 1e-4}}},
}


def test_takes_what_differs_and_is_allowed() -> None:
    home = {
        "net_type": "resnet_50",
        "train_settings": {"epochs": 50, "batch_size": 8},
        "data": {"train": {"affine": None, "hflip": {"p": 0.5}}},
        "runner": {"optimizer": {"type": "Adam", "params": {"lr": 1e-3}}},
    }
    taken, left_out = settings_to_take(home, OURS)
    assert taken == {
        "train_settings.epochs": 50,
        "data.train.affine": None,
        "data.train.hflip.p": 0.5,
        "runner.optimizer.type": "Adam",
        "runner.optimizer.params.lr": 1e-3,
    }
    assert left_out == []


def test_leaves_out_what_names_files_or_code() -> None:
    home = {
        "metadata": {"project_path": "/home/lab"},  # ours is made anew: not worth a word
        "resume_training_from": "/etc/passwd",
        "logger": {"type": "WandbLogger"},
        "train_settings": {"weight_init": {"snapshot_path": "/etc/passwd"}},
        "runner": {"optimizer": {"type": "os.system"}},
        "data": {"train": {"hflip": "import os"}},
    }
    taken, left_out = settings_to_take(home, OURS)
    assert taken == {}
    assert left_out == [
        "resume_training_from",
        "logger.type",
        "train_settings.weight_init.snapshot_path",
        "runner.optimizer.type",
        "data.train.hflip",
    ]


def test_endless_yaml_ends() -> None:
    tree: dict[str, object] = {"leaf": 1}
    for _ in range(11):
        tree = {str(k): tree for k in range(9)}  # what nine aliases a level make of 1 kB
    with pytest.raises(LabError, match="endless"):
        settings_to_take({"data": tree}, OURS)


def test_yaml_that_holds_itself_ends() -> None:
    tree: dict[str, object] = {}
    tree["itself"] = tree
    taken, left_out = settings_to_take({"data": tree}, OURS)
    assert taken == {}
    assert len(left_out) == 1


@pytest.mark.parametrize(
    ("config", "net_type"),
    [
        ({"net_type": "resnet_50", "method": "bu"}, "resnet_50"),
        ({"net_type": "resnet_50", "method": "td"}, "top_down_resnet_50"),
        ({"net_type": "rtmpose_m", "method": "td"}, "rtmpose_m"),
        ({"net_type": ["resnet_50"]}, None),
        ({}, None),
    ],
)
def test_net_type_as_deeplabcut_is_asked_for_it(
    config: dict[str, object], net_type: str | None
) -> None:
    assert HomeShuffle("x", 95, config).net_type == net_type


def test_finds_the_shuffle_by_its_folder(tmp_path: Path) -> None:
    for name in ("walkJan1-trainset95shuffle1", "walkJan1-trainset80shuffle11", "other"):
        folder = tmp_path / "dlc-models-pytorch/iteration-2" / name / "train"
        folder.mkdir(parents=True)
        (folder / "pytorch_config.yaml").write_text(f"net_type: {name[-1]}")
    found = find_home_shuffle(tmp_path, "walk", "Jan1", 2, 11)
    assert found is not None
    assert found.percent == 80
    assert find_home_shuffle(tmp_path, "walk", "Jan1", 2, 2) is None
    assert find_home_shuffle(tmp_path, "walk", "Jan1", 0, 1) is None


def test_a_shuffle_that_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "dlc-models-pytorch/iteration-0/walkJan1-trainset95shuffle1/train"
    folder.mkdir(parents=True)
    (folder / "pytorch_config.yaml").write_bytes(b"net_type: \xff")
    with pytest.raises(LabError, match="UTF-8") as caught:
        find_home_shuffle(tmp_path, "walk", "Jan1", 0, 1)
    assert "pytorch_config.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("detector", "name"),
    [
        ({"model": {"type": "SSDLite"}}, "ssdlite"),
        ({"model": {"type": "FasterRCNN", "variant": "fasterrcnn_v2"}}, "fasterrcnn_v2"),
        ({"model": {"variant": 5}}, None),
        ({"model": [1]}, None),
        ("fast", None),
        (None, None),
    ],
)
def test_detector_as_deeplabcut_is_asked_for_it(detector: object, name: str | None) -> None:
    assert HomeShuffle("x", 95, {"detector": detector}).detector == name


def test_all_that_was_left_out_is_listed() -> None:
    left_out = [f"model.backbone.setting_{n}" for n in range(40)]
    taken, out = HomeShuffle("x.yaml", 95, {}).notes(["data.train.hflip.p"], left_out)
    assert taken == "x.yaml: taken over: data.train.hflip.p."
    assert all(name in out for name in left_out)
    assert HomeShuffle("x.yaml", 95, {}).notes([], []) == []


def test_no_key_forges_a_mail() -> None:
    (note,) = HomeShuffle("x.yaml", 95, {}).notes([], ["a\n\nPay here: evil\x1b[2J", "b" * 10_000])
    assert note.isprintable()
    assert len(note) < 300


@pytest.mark.parametrize(
    ("engine", "mine", "name"),
    [
        ("pytorch", "dlc-models/{}/train/pose_cfg.yaml", "TensorFlow"),
        ("tensorflow", "dlc-models-pytorch/{}/train/pytorch_config.yaml", "PyTorch"),
    ],
)
def test_tells_of_the_settings_of_the_other_engine(engine: str, mine: str, name: str) -> None:
    mine = mine.format("iteration-1/walkJan1-trainset95shuffle3")
    members = ("config.yaml", mine.replace("/train/", "/test/"), mine)
    note = note_of_other_engine(members, "walk", "Jan1", 1, 3, engine)
    assert note is not None
    assert note.startswith(f"{mine}: left out")
    assert f"other engine, {name}" in note
    assert note_of_other_engine(members, "walk", "Jan1", 1, 33, engine) is None
    assert note_of_other_engine(members, "walk", "Jan1", 0, 3, engine) is None


def test_takes_settings_of_tensorflow() -> None:
    ours = {"batch_size": 1, "rotation": 25, "net_type": "resnet_50", "num_joints": 4}
    home = {
        **ours,
        "batch_size": 2,
        "rotation": False,
        "num_joints": 99,  # the project's: made anew, and not worth a word
        "init_weights": "/etc/passwd",
        "snapshot_prefix": "/etc/passwd",
        "multi_step": [[0.001, 50]],
    }
    taken, left_out = settings_to_take(home, ours, "tensorflow")
    assert taken == {"batch_size": 2, "rotation": False, "multi_step": [[0.001, 50]]}
    assert left_out == ["snapshot_prefix"]


@pytest.mark.parametrize(
    ("config", "net_type"),
    [
        ({"net_type": "resnet_50"}, "resnet_50"),
        ({"net_type": "resnet_101", "multi_stage": True}, "dlcr101_ms5"),
        ({"net_type": 5}, None),
    ],
)
def test_net_type_with_tensorflow(config: dict[str, object], net_type: str | None) -> None:
    assert HomeShuffle("x", 95, config, "tensorflow").net_type == net_type


def test_finds_the_shuffle_of_the_engine(tmp_path: Path) -> None:
    folder = tmp_path / "dlc-models/iteration-0/walkJan1-trainset95shuffle1/train"
    folder.mkdir(parents=True)
    (folder / "pose_cfg.yaml").write_text("net_type: resnet_50")
    assert find_home_shuffle(tmp_path, "walk", "Jan1", 0, 1) is None
    found = find_home_shuffle(tmp_path, "walk", "Jan1", 0, 1, "tensorflow")
    assert found is not None
    assert (found.net_type, found.percent) == ("resnet_50", 95)
