"""Zips that are broken, hostile, or made by an archiver with habits of its own."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable

from tests.corpus.case import case, zip_of
from tests.corpus.drafts import ROOT, VIDEOS, Draft, image_of, png, single, table_of

CONFIG = ROOT + "config.yaml"
TABLE = ROOT + table_of(VIDEOS[0])
_EXTRA = b"not a frame"


def _with(draft: Draft, name: str, data: bytes = _EXTRA, **fields: object) -> bytes:
    """Zip the project and one more member, whose fields are as given."""
    target = io.BytesIO(zip_of(draft))
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(info, data, compress_type=info.compress_type)
    return target.getvalue()


def _edit(data: bytes, name: str, edit: Callable[[bytearray, int], None], local: bool) -> bytes:
    """Edit the header of a member, that in the directory (PK12) or its own (PK34)."""
    mark, length_at, name_at = (b"PK\3\4", 26, 30) if local else (b"PK\1\2", 28, 46)
    changed, at = bytearray(data), -1
    while (at := data.find(mark, at + 1)) >= 0:
        (length,) = struct.unpack_from("<H", data, at + length_at)
        if data[at + name_at : at + name_at + length] == name.encode():
            edit(changed, at)
            return bytes(changed)
    raise AssertionError(f"the zip has no {name}")


def _crc_of(data: bytes, name: str) -> bytes:
    """Give a member another checksum, in both of its headers."""

    def spoil(at: int) -> Callable[[bytearray, int], None]:
        return lambda changed, start: changed.__setitem__(start + at, changed[start + at] ^ 0xFF)

    return _edit(_edit(data, name, spoil(16), local=False), name, spoil(14), local=True)


def _claim(data: bytes, name: str, size: int) -> bytes:
    """Let a member claim another size, in both of its headers."""

    def claim(at: int) -> Callable[[bytearray, int], None]:
        return lambda changed, start: struct.pack_into("<I", changed, start + at, size)

    return _edit(_edit(data, name, claim(24), local=False), name, claim(22), local=True)


@case(single, ("not-a-zip", "reach.zip"))
def text_with_the_name_of_a_zip(_: Draft) -> bytes:
    return b"Please find the project attached."


@case(single, ("not-a-zip", "reach.zip"))
def empty_upload(_: Draft) -> bytes:
    return b""


@case(single, ("zip-cut-off", "reach.zip"))
def zip_cut_off_by_a_full_disk(draft: Draft) -> bytes:
    return zip_of(draft)[:-400]


@case(single, ("no-project", "reach.zip"))
def zip_of_nothing(_: Draft) -> bytes:
    return zip_of(Draft({}))


@case(single, ("no-project", "reach.zip"))
def zip_of_the_labels_only(draft: Draft) -> bytes:
    del draft.files["config.yaml"]
    return zip_of(draft)


@case(single, ("no-project", "reach.zip"))
def config_in_capitals(draft: Draft) -> bytes:
    draft.files["Config.YAML"] = draft.files.pop("config.yaml")
    return zip_of(draft)


@case(single, ("several-projects", "reach.zip"))
def zip_of_two_projects(draft: Draft) -> bytes:
    files = {f"{name}/{path}": data for name in "ab" for path, data in draft.files.items()}
    return zip_of(Draft(files), root="")


@case(single, ("nested-project", "reach-backup/"))
def backup_inside_the_project(draft: Draft) -> bytes:
    backup = {f"reach-backup/{path}": data for path, data in draft.files.items()}
    return zip_of(Draft({**draft.files, **backup}))


@case(single)
def zip_without_a_folder(draft: Draft) -> bytes:
    return zip_of(draft, root="")


@case(single)
def zip_with_deflate(draft: Draft) -> bytes:
    return zip_of(draft, method=zipfile.ZIP_DEFLATED)


@case(single, ("zip-unsafe-path", ".."))
def member_that_leads_upwards(draft: Draft) -> bytes:
    return _with(draft, ROOT + "../../../../etc/cron.d/dlc")


@case(single, ("zip-unsafe-path", ".."))
def member_that_leads_upwards_with_backslashes(draft: Draft) -> bytes:
    return _with(draft, "..\\..\\autoexec.bat")


@case(single, ("zip-unsafe-path", "/etc/cron.d/dlc"))
def member_with_an_absolute_path(draft: Draft) -> bytes:
    return _with(draft, "/etc/cron.d/dlc")


@case(single, ("zip-unsafe-path", "C:"))
def member_on_a_drive(draft: Draft) -> bytes:
    return _with(draft, "C:/Windows/System32/dlc.dll")


@case(single, ("zip-unsafe-path", ""))
def member_without_a_name(draft: Draft) -> bytes:
    return _with(draft, "")


def _rename(draft: Draft, old: str, new: bytes) -> bytes:
    """Give a member a name that Python's zipfile does not write."""
    assert len(old) == len(new)
    return _with(draft, old).replace(old.encode(), new)


@case(single, ("zip-unsafe-path", ""))
def member_with_a_nul_in_its_name(draft: Draft) -> bytes:
    return _rename(draft, "labels-of-ada", b"labels\0of-ada")


@case(single, ("zip-link", "shadow"))
def member_that_is_a_link(draft: Draft) -> bytes:
    link = (stat.S_IFLNK | 0o777) << 16
    return _with(draft, ROOT + "shadow", b"/etc/shadow", external_attr=link, create_system=3)


@case(single, ("zip-special-file", "pipe"))
def member_that_is_a_pipe(draft: Draft) -> bytes:
    pipe = (stat.S_IFIFO | 0o644) << 16
    return _with(draft, ROOT + "pipe", b"", external_attr=pipe, create_system=3)


@case(single, ("zip-special-file", "null"))
def member_that_is_a_device(draft: Draft) -> bytes:
    device = (stat.S_IFCHR | 0o666) << 16
    return _with(draft, ROOT + "null", b"", external_attr=device, create_system=3)


@case(single, ("zip-encrypted", CONFIG))
def encrypted_config(draft: Draft) -> bytes:
    def lock(changed: bytearray, at: int) -> None:
        changed[at + 8] |= 1

    return _edit(zip_of(draft), CONFIG, lock, local=False)


@case(single, ("zip-case-collision", "IMG004"))
def two_images_that_differ_in_case(draft: Draft) -> bytes:
    return _with(draft, ROOT + image_of(4).replace("img", "IMG"), png(seed=9))


@case(single, ("zip-case-collision", "img004"))
def the_same_image_twice(draft: Draft) -> bytes:
    data = _with(draft, ROOT + image_of(4).replace("img004", "img_04"), png(seed=9))
    return data.replace(b"img_04", b"img004")


@case(single, ("zip-compression", "CollectedData"))
def table_packed_with_lzma(draft: Draft) -> bytes:
    table = draft.files.pop(table_of(VIDEOS[0]))
    return _with(draft, TABLE, table, compress_type=zipfile.ZIP_LZMA)


@case(single)
def video_packed_with_bzip2(draft: Draft) -> bytes:
    return _with(draft, ROOT + "videos/left-cam.mp4", compress_type=zipfile.ZIP_BZIP2)


@case(single, ("zip-damaged", "config.yaml"))
def config_with_a_wrong_checksum(draft: Draft) -> bytes:
    return _crc_of(zip_of(draft), CONFIG)


@case(single, ("zip-damaged", table_of(VIDEOS[0])))
def table_with_a_wrong_checksum(draft: Draft) -> bytes:
    return _crc_of(zip_of(draft), TABLE)


@case(single, ("zip-damaged", "config.yaml"))
def config_damaged_on_its_way(draft: Draft) -> bytes:
    data = bytearray(zip_of(draft, method=zipfile.ZIP_DEFLATED))
    start = data.find(CONFIG.encode()) + len(CONFIG)
    data[start + 20 : start + 40] = b"\xff" * 20
    return bytes(data)


@case(single)
def bytes_before_the_zip(draft: Draft) -> bytes:
    return b"#!/bin/sh\nexec unzip $0\n" + zip_of(draft)


@case(single)
def zip_with_a_comment(draft: Draft) -> bytes:
    target = io.BytesIO(zip_of(draft))
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"Ada's project, as of November"
    return target.getvalue()


@case(single)
def zip_made_by_a_pipe(draft: Draft) -> bytes:
    """Data descriptors: sizes and checksums stand behind each member."""
    target = _Unseekable()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in draft.files.items():
            archive.writestr(ROOT + path, data)
    return target.getvalue()


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation("seek")

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")


@case(single)
def zip_in_the_large_format(draft: Draft) -> bytes:
    """zip64 fields in every member, as tools write that do not know a size beforehand."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in draft.files.items():
            with archive.open(ROOT + path, "w", force_zip64=True) as member:
                member.write(data)
    return target.getvalue()


@case(single)
def zip_made_by_macos(draft: Draft) -> bytes:
    clutter = {
        f"__MACOSX/{ROOT}._{path.rpartition('/')[2]}": b"\0\5\x16\7" for path in draft.files
    }
    files = {ROOT + path: data for path, data in draft.files.items()}
    return zip_of(Draft({**files, ROOT + ".DS_Store": b"Bud1", **clutter}), root="")


@case(single)
def zip_made_by_an_old_windows(draft: Draft) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in draft.files.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.create_system = (ROOT + path).replace("/", "\\"), 0
            archive.writestr(info, data)
    return target.getvalue()


@case(single)
def zip_with_names_in_the_dos_code_page(draft: Draft) -> bytes:
    data = _with(draft, ROOT + "notes-K_fig.txt")
    return data.replace(b"K_fig", b"K\x84fig")  # code page 437, and no UTF-8


@case(single, ("zip-overlap", ""))
def members_that_overlap(draft: Draft) -> bytes:
    """Many names for the same bytes: a small zip that unpacks to a large project."""
    data = zip_of(draft)
    first = data.find(ROOT.encode() + image_of(0).encode()) - 30

    def point_to_first(changed: bytearray, at: int) -> None:
        struct.pack_into("<I", changed, at + 42, first)

    return _edit(data, ROOT + image_of(1), point_to_first, local=False)


@case(single, ("zip-file-too-large", image_of(4)))
def image_of_six_hundred_megabytes(draft: Draft) -> bytes:
    return _claim(zip_of(draft, method=zipfile.ZIP_DEFLATED), ROOT + image_of(4), 600 << 20)


@case(single, ("text-too-long", "config.yaml"))
def config_of_a_megabyte(draft: Draft) -> bytes:
    draft.files["config.yaml"] += b"# and so on\n" * 100_000
    return zip_of(draft)


@case(single, ("zip-damaged", "config.yaml"))
def config_that_lies_about_its_size(draft: Draft) -> bytes:
    config = draft.files.pop("config.yaml") + b"#" * 1_000_000
    data = _with(draft, CONFIG, config, compress_type=zipfile.ZIP_DEFLATED)
    return _claim(data, CONFIG, 500)
