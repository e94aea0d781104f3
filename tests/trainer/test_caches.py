"""Caches that can't be written to, as in an image whose root is read-only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlc_batch_trainer.caches import writable_caches

NOBODY = 65534
BLOB = b"weights" * 1000
COMMIT, NEWER = "0" * 40, "1" * 40


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are their owner's alone
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def cache(folder: Path) -> Path:
    """A hub's cache with one file, as its client lays it out."""
    model = folder / "baked" / "hub" / "models--timm--resnet50"
    for each in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (model / each).mkdir(parents=True)
    (model / "blobs" / "abc").write_bytes(BLOB)
    (model / "refs" / "main").write_text(COMMIT)
    (model / "snapshots" / COMMIT / "model.safetensors").symlink_to("../../blobs/abc")
    return folder / "baked"


@pytest.fixture
def locked(cache: Path) -> Iterator[Path]:
    """The cache as one meets it who may not write to it."""
    for each in (cache, *cache.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o555 if each.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield cache
    finally:
        if is_root:
            os.setresuid(0, 0, 0)
        for each in (each for each in (cache, *cache.rglob("*")) if each.is_dir()):
            each.chmod(0o755)


@pytest.fixture
def place(folder: Path, locked: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of ours, where the home folder can't be written to either."""
    monkeypatch.setenv("HOME", str(locked))
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        yield Path(name)


def test_what_is_baked_is_found_and_more_can_be_fetched(locked: Path, place: Path) -> None:
    found = writable_caches({"HF_HOME": str(locked), "OTHER": "/"}, place)
    assert set(found) == {"HF_HOME", "HOME"}
    model = Path(found["HF_HOME"], "hub", "models--timm--resnet50")
    baked = locked / "hub" / "models--timm--resnet50"
    file = model / "snapshots" / COMMIT / "model.safetensors"
    assert file.read_bytes() == BLOB
    assert file.resolve() == baked / "blobs" / "abc"
    (model / "refs" / "main").write_text(NEWER)
    (model / "snapshots" / NEWER).mkdir()
    (model / "blobs" / "def").write_bytes(b"newer weights")
    assert (baked / "refs" / "main").read_text() == COMMIT


def test_one_that_is_missing_and_cannot_be_made_is_made_elsewhere(
    locked: Path, place: Path
) -> None:
    found = writable_caches({"TORCH_HOME": str(locked / "torch")}, place)
    assert list(Path(found["TORCH_HOME"]).iterdir()) == []
    for each in found.values():
        Path(each, "written").touch()


def test_those_that_can_be_written_to_stay_where_they_are(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = {"HF_HOME": str(cache), "TORCH_HOME": str(cache / "torch")}
    assert writable_caches(environment, tmp_path / "caches") == {}
