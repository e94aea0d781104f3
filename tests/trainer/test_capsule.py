"""The record of a training, and the paragraph for a paper."""

from __future__ import annotations

import dataclasses
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.labels import parse_labels
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.capsule import (
    Training,
    baked_weights,
    cost_inputs,
    describe_hardware,
    installed_versions,
    labels_sha256,
    methods_text,
    parse_gpu,
    run_facts,
)
from dlc_batch_trainer.plan import Best, TrainedSnapshot
from dlc_batch_trainer.split import Split

IMAGES = [f"labeled-data/v/{n}.png" for n in range(6)]
PYTORCH: dict[str, Any] = {
    "net_type": "resnet_50",
    "train_settings": {"epochs": 200, "batch_size": 8},
    "runner": {
        "optimizer": {"type": "AdamW", "params": {"lr": 1e-4}},
        "scheduler": {
            "type": "LRListScheduler",
            "params": {"lr_list": [[1e-5], [1e-6]], "milestones": [160, 190]},
        },
    },
    "data": {"train": {"affine": {"p": 0.5}, "gaussian_noise": 12.75, "hflip": False}},
}
TENSORFLOW: dict[str, Any] = {
    "net_type": "resnet_50",
    "all_joints_names": ["nose"],
    "batch_size": 1,
    "multi_step": [[0.005, 10000], [0.02, 430000]],
    "dataset_type": "imgaug",
}
GPU = {"name": "NVIDIA A10G", "memory_bytes": 23 << 30}
SNAPSHOT = Path("snapshot-150.pt")
PLACE = {"instance_type": "g5.xlarge", "life_cycle": "spot"}


def _training(**changes: Any) -> Training:
    run = RunRequest("w-0", "lab", "b", "uploads/lab/w.zip", "v1", "", Request(), "2026-01-01")
    split = Split(0.8, (0, 1, 2), (5,), "videos", 3, "Split: by videos.", (3, 4))
    values: dict[str, Any] = {
        "run": run,
        "shuffle": 1,
        "origin": {"key": "uploads/lab/w.zip"},
        "engine": "pytorch",
        "settings": PYTORCH,
        "split": split,
        "images": IMAGES,
        "snapshot": TrainedSnapshot(
            SNAPSHOT,
            150,
            200,
            200,
            "epochs",
            Best(150, 2.345),
            {"pose_sha256": "abc"},
            looks=((100, 4.5), (120, float("nan"))),
        ),
        "metrics": {
            "test_rmse_px": 3.21,
            "test_rmse_low_px": 2.5,
            "test_rmse_high_px": 4.0,
            "test_rmse_pcutoff_px": 2.9,
        },
        "labels_sha256": "def",
        "versions": {"deeplabcut": "3.0.2"},
        "hardware": {**PLACE, "cpu": "EPYC", "cores": 4, "gpu": GPU, "peak_memory": {"x": 1}},
        "pcutoff": 0.6,
        "timings": {"train": 100.0, "evaluate": 5.0},
        "attempts": [{"seconds": 50, **PLACE}, {"seconds": None, **PLACE}],
    }
    return Training(**{**values, **changes})


def test_record_is_enough_to_repeat_it() -> None:
    facts = json.loads(json.dumps(run_facts(_training()), allow_nan=False))
    assert facts["split"]["train"] == IMAGES[:3]
    assert facts["split"]["validation"] == IMAGES[3:5]
    assert facts["split"]["test"] == IMAGES[5:]
    assert facts["snapshot"] == {
        "trained": 150,
        "done": 200,
        "total": 200,
        "unit": "epochs",
        "best": {"epoch": 150, "rmse_px": 2.345},
        "looks": [[100, 4.5]],  # what is no number is none in JSON
    }
    assert facts["began_from"] == {"pose_sha256": "abc", "files": []}
    assert facts["image"] is None
    assert facts["peak_memory"] == {"x": 1}
    assert facts["train_settings"] == PYTORCH["train_settings"]
    before = {"schema_version", "run_id", "shuffle", "upload", "request", "net_type", "metrics"}
    assert before | {"mended", "versions", "timings", "labels_sha256"} <= set(facts)


def test_views_of_another_network_are_told_in_the_methods() -> None:
    assert "views of" not in methods_text(_training())
    cameras = Cameras(("front", "side"), networks={"front": "reach-0123456789ab"})
    run = dataclasses.replace(_training().run, request=Request(cameras=cameras))
    text = " ".join(methods_text(_training(run=run)).split())
    assert (
        "The views of the camera front were left to the network of an earlier training (run"
        " reach-0123456789ab)."
    ) in text
    facts = json.loads(json.dumps(run_facts(_training(run=run))))
    assert facts["request"]["cameras"]["networks"] == {"front": "reach-0123456789ab"}


@pytest.mark.parametrize(
    ("began_from", "names"),
    [
        (
            {"pose_weights": "pretrained", "pose_network": "resnet50_gn"},
            {"timm/resnet50_gn.a1h/m"},
        ),
        (
            {
                "pose_weights": "pretrained",
                "pose_network": "resnet50_gn",
                "detector_network": "fasterrcnn_resnet50_fpn_v2",
            },
            {"timm/resnet50_gn.a1h/m", "fasterrcnn_resnet50_fpn_v2-dd69338a.pth"},
        ),
        ({"pose_weights": "random", "pose_network": "resnet50_gn"}, set()),
        ({"pose_weights": "pretrained"}, {"resnet_v1_50.ckpt"}),  # TensorFlow's
    ],
)
def test_the_files_that_it_began_from_are_those_of_the_image(
    began_from: dict[str, str],
    names: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = ["timm/resnet50_gn.a1h/m", "fasterrcnn_resnet50_fpn_v2-dd69338a.pth"]
    record = {
        "top_down_resnet_50": [{"name": name, "sha256": "1"} for name in files],
        "net": [{"name": "resnet_v1_50.ckpt", "sha256": "2"}],
    }
    (tmp_path / "weights.json").write_text(json.dumps({"schema_version": 1, "nets": record}))
    snapshot = TrainedSnapshot(SNAPSHOT, 1, 1, 1, "epochs", None, began_from)
    monkeypatch.delenv("DLC_BATCH_WEIGHTS_RECORD", raising=False)
    assert baked_weights(snapshot, "net") == []
    monkeypatch.setenv("DLC_BATCH_WEIGHTS_RECORD", str(tmp_path / "weights.json"))
    assert {each["name"] for each in baked_weights(snapshot, "net")} == names


def test_methods_of_a_training() -> None:
    paragraph, _, references = methods_text(_training()).partition("\n\n")
    assert " ".join(paragraph.split()) == (
        "Poses were estimated with DeepLabCut 3.0.2 (Mathis et al., 2018; Nath, Mathis et al.,"
        " 2019), with its PyTorch engine and the network resnet_50, which began from pretrained"
        " weights. Of the labelled frames, 3 were used for training, 2 to choose the snapshot and"
        " 1 for testing (whole videos drawn at random). The network was trained for 200 epochs"
        " with a batch size of 8; AdamW with a learning rate of 0.0001, 1e-05 from epoch 160,"
        " 1e-06 from epoch 190. Frames were augmented by rotation, scaling and translation;"
        " Gaussian noise. The snapshot with the lowest error on the validation frames was used,"
        " that after 150 epochs (2.35 px). The mean error on the test frames was 3.21 px (95 %"
        " bootstrap interval over frames 2.50 to 4.00 px), and 2.90 px for points of a confidence"
        " of at least 0.6. The training ran on NVIDIA A10G (AWS g5.xlarge)."
    )
    assert "Lauer" not in references
    assert all(len(line) <= 99 for line in paragraph.splitlines())


def test_methods_of_a_training_that_was_ended_tell_what_was_done() -> None:
    """Of 200 epochs 170 were trained, from some point on with half the batch."""
    snapshot = TrainedSnapshot(SNAPSHOT, 150, 170, 200, "epochs", Best(150, 2.345))
    words = " ".join(methods_text(_training(snapshot=snapshot, halvings=1)).split())
    assert "trained for 170 epochs with a batch size of 4 (8 until the memory did not" in words
    assert "learning rate of 5e-05, 5e-06 from epoch 160. Frames" in words


def test_methods_of_tensorflow_and_several_animals() -> None:
    text = methods_text(
        _training(
            engine="tensorflow",
            settings=TENSORFLOW,
            is_multi_animal=True,
            metrics={},
            snapshot=TrainedSnapshot(SNAPSHOT, 20_000, 20_000, 430_000, "iterations", None),
            hardware={"cpu": "EPYC", "cores": 4, "gpu": None},
        )
    )
    words = " ".join(text.split())
    assert "for 20000 iterations with a batch size of 1; stochastic gradient descent with" in words
    assert "a momentum of 0.9 and a learning rate of 0.005 until iteration 10000, 0.02" in words
    assert "until iteration 20000." in words
    assert "method imgaug" in words
    assert "Lauer et al. (2022)" in words
    assert "error" not in words
    assert "4 cores of EPYC, without GPU." in words


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "adam"}, "; Adam with a learning rate of 0.005 until iteration 7."),
        (
            {
                "net_type": "efficientnet-b0",
                "lr_init": 5e-4,
                "decay_steps": 30000,
                "alpha_r": 0.02,
            },
            "; Adam with a learning rate of 0.0005, which a cosine takes to 1e-05 in 30000"
            " iterations.",
        ),
    ],
)
def test_methods_of_tensorflow_name_its_optimizer(settings: dict[str, Any], words: str) -> None:
    snapshot = TrainedSnapshot(SNAPSHOT, 7, 7, 7, "iterations", None)
    training = _training(
        engine="tensorflow", settings={**TENSORFLOW, **settings}, snapshot=snapshot
    )
    assert words in " ".join(methods_text(training).split())


def test_one_is_told_as_one() -> None:
    snapshot = TrainedSnapshot(SNAPSHOT, 1, 1, 1, "epochs", Best(1, 2.345))
    words = " ".join(methods_text(_training(snapshot=snapshot)).split())
    assert "trained for 1 epoch with" in words
    assert "after 1 epoch (2.35 px)" in words


def test_halved_batch_is_the_one_that_is_told() -> None:
    words = " ".join(methods_text(_training(halvings=2)).split())
    assert "a batch size of 2 (8 until the memory did not suffice); AdamW with a" in words
    assert "a learning rate of 2.5e-05, 2.5e-06 from" in words
    words = " ".join(methods_text(_training(halvings=9)).split())
    assert "a batch size of 1 (8 until the memory did not suffice)" in words
    assert "AdamW with a learning rate of 1.25e-05," in words


def test_cost_is_of_all_attempts() -> None:
    attempts = [{"seconds": 50, **PLACE}, {"seconds": None, **PLACE}, {"seconds": None, **PLACE}]
    assert cost_inputs({"gpu": GPU, **PLACE}, attempts, {"train": 9.5}) == {
        "instance_types": ["g5.xlarge"] * 3,
        "life_cycles": ["spot"] * 3,
        "seconds": 59.5,
        "gpu_seconds": 59.5,
        "attempts_of_unknown_length": 1,
    }
    assert cost_inputs({"gpu": None}, [], {"train": 1.0})["gpu_seconds"] == 0


def test_labels_have_one_hash_however_they_are_written() -> None:
    head = "scorer,s,s\nbodyparts,n,n\ncoords,x,y\n"
    where = "labeled-data/v/CollectedData_s.csv"
    one = parse_labels(head + "labeled-data/v/i.png,1,2\n", where, "v")
    windows = parse_labels(
        (head + "labeled-data\\v\\i.png,1,2\n").replace("\n", "\r\n"), where, "v"
    )
    moved = parse_labels(head + "labeled-data/v/i.png,1,3\n", where, "v")
    other = dataclasses.replace(one, where="labeled-data/w/CollectedData_s.csv")
    assert labels_sha256([one]) == labels_sha256([windows])
    assert labels_sha256([one, other]) == labels_sha256([other, one])
    assert len({labels_sha256(each) for each in ([one], [moved], [other], [one, other])}) == 4


def test_versions_are_those_installed() -> None:
    found = installed_versions()
    assert found["deeplabcut"] == version("deeplabcut")
    assert "tensorflow" not in found or found["tensorflow"] == version("tensorflow")


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("NVIDIA A10G, 23028\nNVIDIA A10G, 23028\n", ("NVIDIA A10G", 23028 << 20)),
        ("NVIDIA GB10, [N/A]\n", ("NVIDIA GB10", None)),
        ("", None),
    ],
)
def test_first_gpu_is_described(text: str, gpu: tuple[str, int | None] | None) -> None:
    found = parse_gpu(text)
    assert found == (gpu and {"name": gpu[0], "memory_bytes": gpu[1]})


def test_this_computer_is_described() -> None:
    found = describe_hardware(PLACE)
    assert found["instance_type"] == "g5.xlarge"
    assert found["cores"] >= 1
    assert found["peak_memory"]["host_bytes"] < found["memory_bytes"]
