"""Where a training with the TensorFlow engine begins, and the ways in which it ends early."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from tests.tensorflow.conftest import Play

#: So small a rate that the network stays what it began as.
STILL = {"optimizer": "sgd", "multi_step": [[1e-12, 9]]}
GENTLE = {"optimizer": "adam", "multi_step": [[1e-4, 9]], "display_iters": 1}
#: A batch of 256 such frames has 2 GB.
VAST = {
    **GENTLE,
    "global_scale": 4.0,
    "scale_jitter_lo": 1,
    "scale_jitter_up": 1,
    "elastic_transform": False,
    "motion_blur": False,
}
BASE: dict[str, Any] = {
    "net_type": "mobilenet_v2_0.35",
    "weights": "random",
    "validation": False,
    "iterations": 2,
    "seed": 3,
    "overrides": GENTLE,
}
HOME = "dlc-models/iteration-0/walkJan1-trainset80shuffle1/train/pose_cfg.yaml"


@pytest.fixture(scope="module")
def at_home(single: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a shuffle that was set up at home with TensorFlow."""
    project = Path(shutil.copytree(single, tmp_path_factory.mktemp("home") / "walk"))
    settings = {
        "all_joints_names": ["snout"],
        "net_type": "mobilenet_v2_0.35",
        "batch_size": 3,
        "multi_step": [[0.0001, 1], [0.00001, 3]],
        "optimizer": "adam",
        "init_weights": "/etc/passwd",
        "dataset_type": "tensorpack",
        "rotation": 11,
        "snapshot_prefix": "../../escape",
    }
    (project / HOME).parent.mkdir(parents=True)
    with (project / HOME).open("w") as file:
        YAML(typ="safe", pure=True).dump(settings, file)
    return project


@pytest.fixture(scope="module")
def played(
    single: Path, at_home: Path, play: Play, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("endings")
    (folder / "weights").mkdir()
    stopped = "stopped/project/dlc-models/iteration-0/walkJan1-trainset80shuffle1/train/snapshot-3"

    def step(name: str, request: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"name": name, "project": str(single), "request": {**BASE, **request}, **more}

    resnet = {"net_type": "resnet_50", "weights": "pretrained", "overrides": STILL}
    earlier = {"weights": "tiny-0123456789ab", "overrides": STILL}
    return play(
        {"name": "make_backbone", "prefix": str(folder / "weights" / "resnet_v1_50.ckpt")},
        step("missing", {"weights": "pretrained"}),
        step("pretrained", {**resnet, "iterations": 1}),
        step("stopped", {"iterations": 1000}, stop_at=3),
        step("started", {**earlier, "iterations": 1}, start=str(folder / stopped)),
        step("other_network", earlier, start=str(folder / "weights" / "resnet_v1_50.ckpt")),
        step("steep", {"overrides": {"optimizer": "sgd", "multi_step": [[1e30, 9]]}}),
        step("halved", {"batch_size": 4}, halvings=1),
        step("too_large", {"overrides": {**GENTLE, "max_input_size": 50}}),
        {**step("home", {"iterations": None, "overrides": {}}), "project": str(at_home)},
        step("vast", {"batch_size": 256, "overrides": VAST}, spare_bytes=1_500_000_000),
        {"name": "distances", "points": [[[0, 0], [10, 0]], [[10, 1]]], "most": 100},
        folder=folder,
    )


def learnt_of(answer: dict[str, Any]) -> dict[str, float]:
    """What a rate of nothing leaves as it is; the network's running means it does not."""
    return {name: size for name, size in answer["values"].items() if "moving_" not in name}


def test_pretrained_weights_are_found_offline(played: dict[str, Any]) -> None:
    answer, file = played["pretrained"], played["make_backbone"]
    backbone = {name: size for name, size in answer["values"].items() if name in file}
    assert len(backbone) > 200
    assert backbone == pytest.approx({name: file[name] for name in backbone}, abs=1e-6)
    began = answer["snapshot"]["began_from"]
    assert began["pose_weights"] == "pretrained"


def test_missing_weights_are_told_with_a_remedy(played: dict[str, Any]) -> None:
    kind, message, remedy = played["missing"]["error"]
    assert kind == "InfrastructureError"
    assert "mobilenet_v2_0.35" in message
    assert "weights: random" in remedy


def test_stopped_it_keeps_what_it_has(played: dict[str, Any]) -> None:
    snapshot = played["stopped"]["snapshot"]
    assert (snapshot["trained"], snapshot["total"]) == (3, 1000)
    assert snapshot["best"] is None
    assert Path(snapshot["path"]).name == "snapshot-3"
    assert Path(snapshot["path"]).with_name("snapshot-3.index").is_file()


def test_begins_from_an_earlier_run(played: dict[str, Any]) -> None:
    learnt, before = learnt_of(played["started"]), learnt_of(played["stopped"])
    assert learnt == pytest.approx(before, abs=1e-6)
    assert learnt != pytest.approx(learnt_of(played["halved"]), abs=1e-6)
    assert played["started"]["snapshot"]["began_from"]["pose_weights"] == "tiny-0123456789ab"


def test_another_network_to_begin_from_is_refused(played: dict[str, Any]) -> None:
    kind, message, remedy = played["other_network"]["error"]
    assert kind == "UserError"
    assert "tiny-0123456789ab" in message
    assert "weights: pretrained" in remedy


def test_a_loss_that_is_no_number(played: dict[str, Any]) -> None:
    kind, message, remedy = played["steep"]["error"]
    assert kind == "NotANumber"
    assert "iteration" in message
    assert "learning rate" in remedy


def test_half_the_batch_learns_half_as_fast(played: dict[str, Any]) -> None:
    answer = played["halved"]
    assert answer["images"] == [2, 2]
    assert [each["rate"] for each in answer["intervals"]] == [5e-5, 5e-5]


def test_frames_beyond_the_size_limits_are_told(played: dict[str, Any]) -> None:
    """DeepLabCut's own loop hangs for ever there."""
    kind, message, remedy = played["too_large"]["error"]
    assert kind == "UserError"
    assert "too large" in message
    assert "max_input_size" in remedy


def test_a_shuffle_made_at_home_is_taken_over(played: dict[str, Any]) -> None:
    answer = played["home"]
    settings = answer["settings"]
    assert settings["net_type"] == "mobilenet_v2_0.35"
    assert (settings["batch_size"], settings["rotation"]) == (3, 11)
    assert answer["snapshot"]["total"] == 3
    assert answer["images"] == [3, 3, 3]
    (taken,) = [note for note in answer["notes"] if "taken over" in note]
    assert "rotation" in taken
    (left_out,) = [note for note in answer["notes"] if "left out" in note]
    assert "dataset_type" in left_out
    assert "snapshot_prefix" in left_out
    assert "/etc/passwd" not in str(settings)


def test_too_little_memory_is_told_as_such(played: dict[str, Any]) -> None:
    kind, message, remedy = played["vast"]["error"]
    assert kind == "OutOfMemory"
    assert "256 frames" in message
    assert "batch_size" in remedy


def test_a_label_without_a_prediction_counts_in_full(played: dict[str, Any]) -> None:
    assert sorted(played["distances"]) == [1.0, 100.0]
