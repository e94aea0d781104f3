"""What must not be unpacked has a problem of its own each; what is odd, but fine, passes."""

import io
import random
import stat
import struct
import subprocess
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, cast

import pytest

from dlc_batch_core.archive import Archive, read_archive
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.intake import Intake
from dlc_batch_core.limits import GIB, Limits
from dlc_batch_core.ranged_file import RangedFile

Zipped = Callable[[Mapping[str, bytes]], bytes]


def read(data: bytes, limits: Limits = Limits()) -> Archive:  # noqa: B008  # it is frozen
    return read_archive(io.BytesIO(data), "mouse.zip", limits)


def found_in(data: bytes, limits: Limits = Limits()) -> list[tuple[str, str]]:  # noqa: B008
    with pytest.raises(ProjectError) as caught:
        read(data, limits)
    assert all(each.remedy for each in caught.value.problems)
    return [(each.code, each.where) for each in caught.value.problems]


def of_mode(name: str, kind: int) -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, b"")
    return target.getvalue()


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_special_files(kind: int) -> None:
    assert found_in(of_mode("a/dev", kind)) == [("zip-special-file", "a/dev")]


def test_links() -> None:
    assert found_in(of_mode("a/link", stat.S_IFLNK)) == [("zip-link", "a/link")]


@pytest.mark.parametrize("method_flags", [0x1, 0x41, 0x2001])
def test_every_kind_of_encryption(zipped: Zipped, method_flags: int) -> None:
    data = bytearray(zipped({"a.csv": b"x"}))
    struct.pack_into("<H", data, data.index(b"PK\1\2") + 8, method_flags)
    assert found_in(bytes(data)) == [("zip-encrypted", "a.csv")]


def test_names_that_differ_in_unicode_form_only(zipped: Zipped) -> None:
    composed = unicodedata.normalize("NFC", "a/Mäuse.csv")
    data = zipped({composed: b"1", unicodedata.normalize("NFD", composed): b"2"})
    assert found_in(data) == [("zip-unicode-collision", composed)]


@pytest.mark.parametrize("upper", ["a/STRASSE.csv", "A/strasse.csv"])
def test_names_that_differ_in_case_only(zipped: Zipped, upper: str) -> None:
    assert found_in(zipped({"a/straße.csv": b"1", upper: b"2"})) == [("zip-case-collision", upper)]


@pytest.mark.parametrize("other", ["a/b/c.csv", "A/B/c/d.csv", "a/b/"])
def test_a_file_that_is_a_folder_too(zipped: Zipped, other: str) -> None:
    assert found_in(zipped({"a/b": b"file", other: b""})) == [("zip-file-is-folder", "a/b")]


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\x7fb", "a\x85b"])
def test_names_that_would_act_on_a_terminal(zipped: Zipped, name: str) -> None:
    ((code, where),) = found_in(zipped({name: b""}))
    assert code == "zip-unsafe-path"
    assert where.isprintable()


def test_names_as_long_as_file_systems_take(zipped: Zipped) -> None:
    deep = "/".join(["d" * 255] * 3) + "/e"
    read(zipped({"a/" + "n" * 255: b"", deep: b""}))
    for name in ("a/" + "n" * 256, "a/" + "ä" * 128, "/".join(["d" * 100] * 11)):
        assert found_in(zipped({name: b""})) == [("zip-name-too-long", name)]


def test_more_members_than_accepted(zipped: Zipped) -> None:
    data = zipped({str(n): b"" for n in range(4)})
    assert len(read(data, Limits(members=4)).members) == 4
    assert found_in(data, Limits(members=3)) == [("zip-too-many-members", "mouse.zip")]


def test_a_directory_larger_than_accepted_is_not_read(zipped: Zipped) -> None:
    data = zipped({"x" * 200: b""})
    assert found_in(data, Limits(directory_bytes=100)) == [
        ("zip-directory-too-large", "mouse.zip")
    ]


def directory_entry(name: bytes, offset: int, data: bytes) -> bytes:
    # APPNOTE 4.3.12: versions, flags, method, time, date, CRC, sizes, lengths, attributes, offset
    fields = (20, 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name))
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, 0, 0, 0, 0, 0, offset) + name


def local_record(name: bytes, data: bytes) -> bytes:
    fields = (20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
    return struct.pack("<4s5H3L2H", b"PK\3\4", *fields) + name + data


def with_directory(body: bytes, entries: list[bytes]) -> bytes:
    directory = b"".join(entries)
    end = (0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + struct.pack("<4s4H2LH", b"PK\5\6", *end)


def test_members_that_share_one_kernel() -> None:
    body = local_record(b"a", b"kernel")
    entries = [directory_entry(name, 0, b"kernel") for name in (b"a", b"b", b"c")]
    assert found_in(with_directory(body, entries)) == [("zip-overlap", "a")]


def test_members_that_quote_each_other() -> None:
    # the first one's bytes are the whole record of the second: Fifield's quoted overlap
    inner = local_record(b"inner", b"kernel")
    body = local_record(b"outer", inner)
    entries = [
        directory_entry(b"outer", 0, inner),
        directory_entry(b"inner", len(body) - len(inner), b"kernel"),
    ]
    assert found_in(with_directory(body, entries)) == [("zip-overlap", "outer")]
    assert len(read(with_directory(body, entries[:1])).members) == 1  # one alone is a plain zip


def test_a_member_that_reaches_into_the_directory() -> None:
    body = local_record(b"a", b"kernel")
    entry = directory_entry(b"a", 10, b"kernel")
    assert found_in(with_directory(body, [entry])) == [("zip-overlap", "a")]


def taken(data: bytes, limits: Limits) -> list[tuple[str, str]]:
    return [(p.code, p.where) for p in Intake("p/").find_problems(read(data, limits))]


FRAMES = "p/labeled-data/v"


def test_sizes_of_what_is_unpacked_are_limited(zipped: Zipped) -> None:
    frames = {f"{FRAMES}/{n}.png": bytes(range(256)) * 4 for n in range(3)}
    data = zipped({**frames, "p/videos/film.mp4": bytes(100_000)})
    first = f"{FRAMES}/0.png"
    assert taken(data, Limits()) == []
    assert taken(data, Limits(file_bytes=1024, total_bytes=3072)) == []
    codes = [code for code, _ in taken(data, Limits(file_bytes=1023))]
    assert codes == ["zip-file-too-large"] * 3
    assert taken(data, Limits(total_bytes=3071)) == [("zip-too-large", "p")]
    assert taken(data, Limits(ratio=2, ratio_free_bytes=3071)) == [("zip-ratio", first)]
    assert taken(data, Limits(ratio=2, ratio_free_bytes=3072)) == []


def test_a_bomb_of_zeros_is_refused_by_its_directory(zipped: Zipped) -> None:
    data = bytearray(zipped({f"{FRAMES}/{n}.bmp": bytes(10_000) for n in range(5)}))
    at = -1
    while (at := data.find(b"PK\1\2", at + 1)) >= 0:  # as large as it could be, by its own word
        struct.pack_into("<L", data, at + 24, 400 << 20)
    ((code, where),) = taken(bytes(data), Limits())
    assert (code, where.startswith(FRAMES)) == ("zip-ratio", True)


def test_members_to_be_unpacked_are_of_a_usual_method() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(f"{FRAMES}/a.png", b"x", zipfile.ZIP_LZMA)
        archive.writestr("p/videos/film.mp4", b"x", zipfile.ZIP_LZMA)
    assert taken(target.getvalue(), Limits()) == [("zip-compression", f"{FRAMES}/a.png")]


def test_zip64_and_streamed_zips_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1,2\n" * 1000)
    streamed = subprocess.run(  # sizes and CRC follow the data, in a descriptor
        ["zip", "-q", "-", "a.csv"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    subprocess.run(["zip", "-q", "-fz", "64.zip", "a.csv"], cwd=tmp_path, check=True)
    assert struct.unpack_from("<H", streamed, 6)[0] & 8
    wide = (tmp_path / "64.zip").read_bytes()
    assert struct.unpack_from("<H", wide, 4)[0] >= 45  # the version that zip64 needs
    for data in (streamed, wide, b"#!/bin/sh\nexit\n" + streamed):
        assert read(data).read_bytes("a.csv", 5000) == b"1,2\n" * 1000


def test_names_of_linux_are_read_as_written(tmp_path: Path) -> None:
    name = "Mäuse/Größe 手.csv"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"x")
    for locale in ("C.UTF-8", "C"):
        target = tmp_path / f"{locale}.zip"
        command = ["zip", "-qr", target, "Mäuse"]
        subprocess.run(
            command, cwd=tmp_path, check=True, env={"LC_ALL": locale, "PATH": "/usr/bin"}
        )
        assert [member.path for member in read(target.read_bytes()).members] == [name]


def test_names_of_old_windows_are_read_by_their_extra_field() -> None:
    info = zipfile.ZipInfo("M?use.csv")
    raw, path = b"M?use.csv", "Mäuse.csv".encode()
    body = struct.pack("<BL", 1, zlib.crc32(b"M\x84use.csv")) + path
    info.extra = struct.pack("<HH", 0x7075, len(body)) + body
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, b"x")
    marked = target.getvalue().replace(raw, b"M\x84use.csv")  # code page 437 has ä at 84
    assert [member.path for member in read(marked).members] == ["Mäuse.csv"]
    plain = marked.replace(struct.pack("<H", 0x7075), struct.pack("<H", 0x7070))
    assert [member.path for member in read(plain).members] == ["Mäuse.csv"]


def test_other_archives_are_named() -> None:
    for start, words in (
        (b"Rar!\x1a\x07", "RAR"),
        (b"7z\xbc\xaf'\x1c", "7z"),
        (b"\x1f\x8b", "gzip"),
    ):
        with pytest.raises(ProjectError, match=words):
            read(start + bytes(100))


def test_the_head_of_a_member_is_read_alone(zipped: Zipped) -> None:
    data = zipped({"a.png": bytes(range(256)) * 4000, "b.png": b""})
    archive = read(data)
    assert archive.read_head("a.png", 24) == bytes(range(24))
    assert archive.read_head("b.png", 24) == b""


def test_the_head_of_a_remote_member_is_one_request(zipped: Zipped) -> None:
    noise = random.Random(1)
    members = {f"{n}.png": noise.randbytes(1_500_000) for n in range(3)}
    for data in (zipped(members), zipped({**members, "last": bytes(10)})):
        file = RangedFile(lambda start, end, data=data: data[start:end], len(data), "x.zip")
        archive = read_archive(cast(IO[bytes], file), "x.zip")
        for number, path in enumerate(("0.png", "1.png"), file.requests + 1):
            assert archive.read_head(path, 1024) == members[path][:1024]
            assert file.requests == number
        assert file.bytes_read < 1_100_000


def test_the_admin_sets_limits() -> None:
    assert Limits.from_settings({}) == Limits()
    settings = {"MAX_MEMBERS": "7", "MAX_PROJECT_GIB": "2", "PATH": "/bin"}
    assert Limits.from_settings(settings) == Limits(members=7, total_bytes=2 * GIB)
    for wrong in ("0", "-1", "1.5", "many"):
        with pytest.raises(ValueError, match="MAX_MEMBERS"):
            Limits.from_settings({"MAX_MEMBERS": wrong})
