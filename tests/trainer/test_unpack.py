"""What of an upload reaches the disk."""

from __future__ import annotations

import stat
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pytest
from tests.trainer.local_source import LocalSource

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.errors import LabError
from dlc_batch_core.intake import HOME_SPLITS, Intake, is_taken
from dlc_batch_core.limits import Limits
from dlc_batch_core.three_d import CALIBRATION_3D
from dlc_batch_trainer.ingest import Ingest


def _zip(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def unpack(upload: Path, intake: Intake | str, target: Path) -> tuple[str, ...]:
    wanted = Intake(intake) if isinstance(intake, str) else intake
    ingest = Ingest.begin(LocalSource(upload), wanted, Limits())
    target.mkdir()
    ingest.write(target, lambda _done, _total: None)
    return ingest.files


def _files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


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
    assert _files(tmp_path / "out") == {
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
        "dlc-models/iteration-0/x/test/pose_cfg.yaml",
        "labeled-data/v/Documentation_data-x_80shuffle1.pickle",
        "training-datasets/iteration-0/x/other.pickle",
        "training-datasets/iteration-0/x/CollectedData_s.h5",
        "training-datasets/iteration-0/x/x_s80shuffle1.mat",
        "labeled-data/v/CollectedData_s.h5",
        "labeled-data/v/machinelabels.csv",
        f"{HOME_SPLITS}/labeled-data/v/img.png",
        "dlc-batch.yaml",
        "sitecustomize.py",
    ],
)
def test_leaves_in_the_zip(name: str) -> None:
    assert not is_taken(PurePosixPath(name))


def test_a_split_made_at_home_is_put_where_nobody_loads_it(tmp_path: Path) -> None:
    folder = "iteration-0/UnaugmentedDataSet_x"
    record = f"training-datasets/{folder}/Documentation_data-x_80shuffle1.pickle"
    upload = _zip(tmp_path / "u.zip", ("config.yaml", b""), (record, b"code"))
    unpack(upload, "", tmp_path / "out")
    place = f"{HOME_SPLITS}/{folder}/Documentation_data-x_80shuffle1"  # no suffix either
    assert _files(tmp_path / "out") == {"config.yaml", place}


def test_calibration_images_lie_where_the_request_says(tmp_path: Path) -> None:
    upload = _zip(
        tmp_path / "u.zip",
        ("p/config.yaml", b"Task: t"),
        ("p/calib/left1.JPG", b"own"),
        ("p-3d/config.yaml", b"num_cameras: 2"),
        ("p-3d/calibration_images/left1.jpg", b"jpg"),
        ("p-3d/calibration_images/left1.pickle", b"code"),
        ("p-3d/camera_matrix/stereo_params.pickle", b"code"),
    )
    names, beside = ("left", "right"), "p-3d/calibration_images/"
    unpack(upload, Intake("p/", Cameras(names, CALIBRATION_3D), beside), tmp_path / "beside")
    assert _files(tmp_path / "beside") == {"config.yaml", f"{CALIBRATION_3D}/left1.jpg"}
    assert (tmp_path / "beside" / CALIBRATION_3D / "left1.jpg").read_bytes() == b"jpg"
    unpack(upload, Intake("p/", Cameras(names, "calib"), beside), tmp_path / "own")
    assert _files(tmp_path / "own") == {"config.yaml", "calib/left1.JPG"}


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


def _declare(upload: Path, name: bytes, size: int) -> None:
    """Let the directory tell another size of a member (APPNOTE 4.3.12: at 24, the name at 46)."""
    raw = bytearray(upload.read_bytes())
    struct.pack_into("<L", raw, raw.rindex(name) - 46 + 24, size)
    upload.write_bytes(raw)


@pytest.mark.parametrize(("said", "words"), [(1 << 20, "larger"), (4 << 20, "smaller")])
def test_counts_bytes_as_they_come(tmp_path: Path, said: int, words: str) -> None:
    image = ("labeled-data/v/img.png", bytes(3 << 20))
    upload = _zip(tmp_path / "u.zip", ("config.yaml", b""), image)
    _declare(upload, b"labeled-data/v/img.png", said)
    with pytest.raises(LabError, match=rf"img\.png: The member is damaged: it is {words} than"):
        unpack(upload, "", tmp_path / "out")
    assert _files(tmp_path / "out") <= {"config.yaml"}


def test_a_bomb_is_cut_at_what_it_said(tmp_path: Path) -> None:
    upload = _zip(tmp_path / "u.zip", ("labeled-data/v/img.png", bytes(200 << 20)))
    _declare(upload, b"labeled-data/v/img.png", 1000)
    written = []
    ingest = Ingest.begin(LocalSource(upload), Intake(""), Limits())
    with pytest.raises(LabError, match="larger than the zip says"):
        ingest.write(tmp_path, lambda done, _total: written.append(done))
    assert (written, _files(tmp_path)) == ([], {"u.zip"})


@pytest.mark.parametrize("at", [2, -2])  # within the packed data, and in a member that is stored
def test_damaged_member(tmp_path: Path, at: int) -> None:
    upload = tmp_path / "u.zip"
    with zipfile.ZipFile(upload, "w") as archive:
        method = zipfile.ZIP_DEFLATED if at > 0 else zipfile.ZIP_STORED
        archive.writestr("config.yaml", b"Task: somewhat longer than it was", method)
    raw = bytearray(upload.read_bytes())
    name, extra = struct.unpack_from("<HH", raw, 26)
    raw[30 + name + extra + abs(at)] ^= 0xFF
    upload.write_bytes(raw)
    with pytest.raises(LabError, match=r"config\.yaml: The member is damaged"):
        unpack(upload, "", tmp_path / "out")
    assert _files(tmp_path / "out") == set()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (0, b"XK", "not where the zip says"),  # signature
        (8, b"\0\0", "in two ways"),  # method: stored, where the directory says deflated
        (30, b"K", "in two ways"),  # name: Konfig.yaml
        (28, b"\x0a\0", "those of another"),  # length of the extra field: into the next member
    ],
)
def test_a_header_that_contradicts_the_directory(
    tmp_path: Path, field: int, value: bytes, words: str
) -> None:
    first, second = ("config.yaml", b"Task: t" * 90), ("labeled-data/v/i.png", b"")
    upload = _zip(tmp_path / "u.zip", first, second)
    raw = bytearray(upload.read_bytes())
    raw[field : field + len(value)] = value
    upload.write_bytes(raw)
    with pytest.raises(LabError, match=words):
        unpack(upload, "", tmp_path / "out")


def test_zips_of_other_programs(tmp_path: Path) -> None:
    """Streamed (sizes after the data), zip64, and with bytes before it, as unzip has them."""
    home = tmp_path / "home"
    (home / "labeled-data/v").mkdir(parents=True)
    (home / "config.yaml").write_bytes(b"Task: t\n" * 99)
    (home / "labeled-data/v/img.png").write_bytes(bytes(range(256)) * 5000)
    run = {"cwd": home, "check": True}
    streamed = subprocess.run(["zip", "-qr", "-", "."], **run, stdout=subprocess.PIPE).stdout
    (tmp_path / "streamed.zip").write_bytes(streamed)
    (tmp_path / "prepended.zip").write_bytes(b"#!/bin/sh\n" * 500 + streamed)
    subprocess.run(["zip", "-qr", "-fz", tmp_path / "zip64.zip", "."], **run)
    for name in ("streamed", "prepended", "zip64"):
        unpack(tmp_path / f"{name}.zip", "", tmp_path / name)
        subprocess.run(["diff", "-r", home, tmp_path / name], check=True)


def test_bytes_after_the_end_of_a_member_are_not_gathered(tmp_path: Path) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(b"Task: t\n") + packer.flush() + bytes(1 << 20)
    upload = tmp_path / "u.zip"
    with zipfile.ZipFile(upload, "w") as archive:
        archive.writestr("config.yaml", packed)
    data, real = bytearray(upload.read_bytes()), struct.pack("<L", 8)
    crc = struct.pack("<L", zlib.crc32(b"Task: t\n"))
    directory = data.rindex(b"PK\x01\x02")
    for start, at in ((0, 8), (directory, 10)):  # method, CRC and size: APPNOTE 4.3.7 and 4.3.12
        data[start + at : start + at + 2] = struct.pack("<H", zipfile.ZIP_DEFLATED)
        data[start + at + 6 : start + at + 10] = crc
        data[start + at + 14 : start + at + 18] = real
    upload.write_bytes(data)
    with pytest.raises(LabError, match="bytes follow its end"):
        unpack(upload, "", tmp_path / "out")
