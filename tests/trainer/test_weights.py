"""Looking for the hub of pretrained weights."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlc_batch_trainer.weights import prepare_hub, redirect_backbones


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # so that it is put back as it was


@pytest.fixture
def hub() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_hub_within_reach(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub)
    assert prepare_hub()
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert not prepare_hub()
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_behind_a_proxy_the_proxy_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert prepare_hub()
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_backbones_are_kept_out_of_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    config = {"model": {"backbone": {"type": "CSPNeXt"}, "heads": {}}}
    placed = redirect_backbones(config)
    folder = placed["model"]["backbone"]["backbone_weight_folder"]
    assert folder.startswith(str(tmp_path))
    assert Path(folder).is_dir()
    assert "backbone_weight_folder" not in config["model"]["backbone"]
    resnet = {"model": {"backbone": {"type": "ResNet"}}}
    assert redirect_backbones(resnet) == resnet
