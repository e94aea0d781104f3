"""Zips of strangers: what is unsafe is named, what is damaged is told, nothing is dropped."""

import io
import struct
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dlc_batch_core.archive import Archive, read_archive
from dlc_batch_core.errors import ProjectError

Zipped = Callable[[Mapping[str, bytes]], bytes]


def read(data: bytes) -> Archive:
    return read_archive(io.BytesIO(data), "mouse.zip")


def codes_of(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(ProjectError) as caught:
        read(data)
    return [(each.code, each.where) for each in caught.value.problems]


@pytest.fixture
def folder(tmp_path: Path, project_files: dict[str, bytes]) -> Path:
    """A folder with the project in it, as a lab zips it."""
    for name, data in project_files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def system_zip(folder: Path, *options: str) -> bytes:
    """What the program `zip` makes of everything in a folder."""
    made = folder.with_suffix(".zip")  # not on stdout: zip can't stream links
    subprocess.run(["zip", "-qr", *options, made, "."], cwd=folder, check=True)
    return made.read_bytes()


def test_zip_of_the_system_is_read(folder: Path, project_files: dict[str, bytes]) -> None:
    archive = read(system_zip(folder))
    assert {member.path for member in archive.members} == set(project_files)
    assert archive.roots() == ("mouse/",)
    assert archive.read_text("mouse/config.yaml", 1000).startswith("Task: reach")
    assert len(archive.under("mouse/labeled-data/")) == len(project_files) - 1


def test_links_are_refused(folder: Path) -> None:
    (folder / "mouse/link.csv").symlink_to("/etc/passwd")
    assert codes_of(system_zip(folder, "-y")) == [("zip-link", "mouse/link.csv")]


def test_encrypted_members_are_refused(folder: Path, project_files: dict[str, bytes]) -> None:
    found = codes_of(system_zip(folder, "-P", "secret"))
    assert found == [("zip-encrypted", path) for path in sorted(project_files)]


def test_names_that_differ_in_case_only_are_refused(folder: Path) -> None:
    (folder / "mouse/Config.YAML").write_text("x: 1")
    ((code, where),) = codes_of(system_zip(folder))
    assert code == "zip-case-collision"
    assert where.lower() == "mouse/config.yaml"


def test_clutter_of_desktops_is_no_part_of_it(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    clutter = {
        "__MACOSX/mouse/._config.yaml": b"",
        "__MACOSX/mouse/config.yaml": b"",
        "mouse/.DS_Store": b"",
        "mouse/Icon\r": b"",
        "mouse/labeled-data/video1/._img01.png": b"",
        "mouse/labeled-data/Thumbs.db": b"",
        "mouse/desktop.ini": b"",
    }
    archive = read(zipped({**project_files, **clutter}))
    assert {member.path for member in archive.members} == set(project_files)


@pytest.mark.parametrize(
    "path",
    ["../x.csv", "a/../../x.csv", "a/..", "/etc/x", "C:/x", "c:x", "..\\x", "\\\\host\\x", "a\0b"],
)
def test_paths_that_lead_outside_are_refused(path: str, zipped: Zipped) -> None:
    marked = path.replace("\0", "\1")  # Python writes no NUL into a name
    data = zipped({marked: b"", "good": b""}).replace(marked.encode(), path.encode())
    where = path.replace("\\\\", "/").replace("\\", "/").replace("\0", r"\x00")
    assert codes_of(data) == [("zip-unsafe-path", where)]


def test_backslashes_of_windows_are_folders() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("mouse/", "mouse/config.yaml"):
            archive.writestr(name, b"a: 1" if name.endswith("yaml") else b"")
    archive_read = read(target.getvalue().replace(b"mouse/", b"mouse\\"))
    assert [member.path for member in archive_read.members] == ["mouse/config.yaml"]
    assert archive_read.read_text("mouse/config.yaml", 10) == "a: 1"


@pytest.mark.parametrize("twin", ["a/./b", "a//b", "./a/b", "a/B", "a/b"])
@pytest.mark.filterwarnings("ignore:Duplicate name")  # Python's zipfile writes it all the same
def test_two_members_of_one_place_are_refused(twin: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a/b", b"")
        archive.writestr(twin, b"")
    assert [code for code, _ in codes_of(target.getvalue())] == ["zip-case-collision"]


def test_a_member_without_a_name_is_refused(zipped: Zipped) -> None:
    # its length in the directory's entry (APPNOTE 4.3.12) set to 0, its one letter to a comment
    data = zipped({"a": b""})
    start = data.index(b"PK\1\2")
    entry = bytearray(data[start:])
    entry[28:30], entry[32:34] = struct.pack("<H", 0), struct.pack("<H", 1)
    assert codes_of(data[:start] + bytes(entry)) == [
        ("zip-unsafe-path", "(a member without a name)")
    ]


def test_cut_off_zips_are_told(folder: Path) -> None:
    data = system_zip(folder)
    for end in (4, len(data) // 2, len(data) - 1):
        assert codes_of(data[:end]) == [("zip-cut-off", "mouse.zip")]
    assert codes_of(b"") == [("not-a-zip", "mouse.zip")]


def test_prepended_bytes_do_not_matter(folder: Path, project_files: dict[str, bytes]) -> None:
    archive = read(b"#!/bin/sh\n" * 100 + system_zip(folder))
    assert (
        archive.read_text("mouse/config.yaml", 1000).encode()
        == (project_files["mouse/config.yaml"])
    )


def test_text_is_read_up_to_its_limit_whatever_the_directory_says(zipped: Zipped) -> None:
    data = zipped({"a.yaml": b"x" * 5000})
    liar = data.replace(struct.pack("<L", 5000), struct.pack("<L", 50))
    for each in (data, liar):
        with pytest.raises(ProjectError):
            read(each).read_text("a.yaml", 1000)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_take_memory_at_will_are_refused(method: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("a.yaml", b"x: 1")
    with pytest.raises(ProjectError) as caught:
        read(target.getvalue()).read_text("a.yaml", 1000)
    assert [each.code for each in caught.value.problems] == ["zip-compression"]


def test_damaged_text_is_told() -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a.yaml", b"some: text")
    with pytest.raises(ProjectError) as caught:
        read(stored.getvalue().replace(b"some: text", b"some: tex!")).read_text("a.yaml", 1000)
    assert [each.code for each in caught.value.problems] == ["zip-damaged"]


def test_text_that_is_not_utf8_is_told_and_a_byte_order_mark_is_not_text(zipped: Zipped) -> None:
    archive = read(zipped({"latin": "ä".encode("latin-1"), "marked": "ä".encode("utf-8-sig")}))
    assert archive.read_text("marked", 10) == "ä"
    with pytest.raises(ProjectError) as caught:
        archive.read_text("latin", 10)
    assert [each.code for each in caught.value.problems] == ["text-encoding"]
