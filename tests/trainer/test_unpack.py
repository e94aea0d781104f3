"""What of an upload reaches the disk."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from dlc_batch_core.errors import LabError
from dlc_batch_trainer import unpack as unpacking
from dlc_batch_trainer.unpack import is_taken, unpack


def _zip(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_takes_settings_labels_and_images_under_the_root(tmp_path: Path) -> None:
    upload = _zip(
        tmp_path / "u.zip",
        ("a/b/config.yaml", b"Task: t"),
        ("a/b/labeled-data/v/CollectedData_s.csv", b"scorer"),
        ("a/b/labeled-data/v/img.PNG", b"png"),
        ("a/b/videos/v.mp4", b"film"),
        ("a/b/labeled-data/v/CollectedData_s.h5", b"code"),
        ("a/b/labeled-data/v/CollectedData_s.csv.pickle", b"code"),
        ("a/other/config.yaml", b"Task: not this"),
    )
    members = unpack(upload, "a/b/", tmp_path / "out")
    taken = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert taken == {
        "config.yaml",
        "labeled-data/v/CollectedData_s.csv",
        "labeled-data/v/img.PNG",
    }
    assert "labeled-data/v/CollectedData_s.h5" in members  # known of, and left in the zip
    assert "videos/v.mp4" in members


@pytest.mark.parametrize(
    "name",
    [
        "model.pt",
        "dlc-models-pytorch/iteration-0/x/train/snapshot-200.pt",
        "dlc-models/iteration-0/x/train/pose_cfg.yaml",
        "training-datasets/iteration-0/x/Documentation_data-x_80shuffle1.pickle",
        "training-datasets/iteration-0/x/CollectedData_s.h5",
        "training-datasets/iteration-0/x/x_s80shuffle1.mat",
        "labeled-data/v/CollectedData_s.h5",
        "labeled-data/v/machinelabels.csv",
        "dlc-batch.yaml",
        "sitecustomize.py",
    ],
)
def test_leaves_in_the_zip(name: str) -> None:
    assert not is_taken(PurePosixPath(name))


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("labeled-data/v/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "member",
    ["../up.png", "/etc/passwd", "C:/labeled-data/x.png", "labeled-data\\..\\..\\x.png", _link()],
)
def test_refuses(tmp_path: Path, member: str | zipfile.ZipInfo) -> None:
    upload = _zip(tmp_path / "u.zip", ("config.yaml", b""), (member, b"/etc/passwd"))
    with pytest.raises(LabError) as caught:
        unpack(upload, "", tmp_path / "out")
    assert caught.value.remedy
    assert not (tmp_path / "out").exists()


def test_counts_bytes_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBER_BYTES", 1024**2)
    image = ("labeled-data/v/img.png", bytes(3 * 1024**2))
    upload = _zip(tmp_path / "u.zip", ("config.yaml", b""), image)
    with pytest.raises(LabError, match=r"img\.png inflates to more than 1 MiB"):
        unpack(upload, "", tmp_path / "out")


def test_damaged_member(tmp_path: Path) -> None:
    upload = _zip(tmp_path / "u.zip", ("config.yaml", b"Task: somewhat longer than it was"))
    raw = bytearray(upload.read_bytes())
    name, extra = struct.unpack_from("<HH", raw, 26)
    raw[30 + name + extra + 2] ^= 0xFF  # within the first member's data
    upload.write_bytes(raw)
    with pytest.raises(LabError, match=r"config\.yaml is damaged"):
        unpack(upload, "", tmp_path / "out")
