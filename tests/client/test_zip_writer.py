"""Zips of members compressed elsewhere, as other programs read them."""

import io
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch.zip_writer import Packed, ZipWriter

MEMBERS = {"mouse/config.yaml": b"a: 1\n" * 100, "mouse/ä ö.png": b"\x89PNG", "mouse/empty": b""}


def deflated(data: bytes) -> Packed:
    engine = zlib.compressobj(6, zlib.DEFLATED, -15)
    small = engine.compress(data) + engine.flush()
    return Packed(zipfile.ZIP_DEFLATED, zlib.crc32(data), len(data), small)


def write(target: Path, **options: int) -> None:
    with target.open("wb") as file, ZipWriter(file, **options) as archive:
        for name, data in MEMBERS.items():
            archive.add(name, deflated(data))
        assert archive.store("mouse/long.mp4", io.BytesIO(b"film" * 1000), 4000)


# From byte 1 on, every number is one of 64 bits; from 1,000 on, some are.
@pytest.mark.parametrize("options", [{}, {"zip64_from": 1}, {"zip64_from": 1000}])
def test_unzip_and_zipfile_read_what_was_written(options: dict[str, int], tmp_path: Path) -> None:
    write(tmp_path / "a.zip", **options)
    members = {**MEMBERS, "mouse/long.mp4": b"film" * 1000}
    subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], check=True)
    subprocess.run(["unzip", "-q", tmp_path / "a.zip", "-d", tmp_path / "out"], check=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members
    unpacked = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert sorted(path.read_bytes() for path in unpacked) == sorted(members.values())


def test_more_members_than_a_field_of_16_bits_counts(tmp_path: Path) -> None:
    with (tmp_path / "a.zip").open("wb") as file, ZipWriter(file) as archive:
        for number in range(0x10000):
            archive.add(f"{number}", Packed(zipfile.ZIP_STORED, 0, 0, b""))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.infolist()) == 0x10000
    listed = subprocess.run(["unzip", "-Z1", tmp_path / "a.zip"], capture_output=True, check=True)
    assert len(listed.stdout.splitlines()) == 0x10000


def test_a_file_with_fewer_bytes_than_promised_is_told() -> None:
    with ZipWriter(io.BytesIO()) as archive:
        assert not archive.store("a", io.BytesIO(b"cut"), 10)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=200), max_size=6))
def test_any_names_and_contents_come_back(members: dict[str, bytes]) -> None:
    file = io.BytesIO()
    with ZipWriter(file) as archive:
        for name, data in members.items():
            archive.add(name, deflated(data))
    with zipfile.ZipFile(file) as read:
        contents = [read.read(info) for info in read.infolist()]
        names = [info.orig_filename for info in read.infolist()]
    assert contents == list(members.values())
    assert names == [name.encode("utf-8", "replace").decode() for name in members]
