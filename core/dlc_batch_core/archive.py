"""The zip that a lab uploads: its directory, read without trusting it."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.ranged_file import RangedFile

CONFIG_FILE = "config.yaml"
#: What archivers and desktops add beside the project: not part of it.
_CLUTTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)")
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 0x1  # general purpose flag, bit 0 (APPNOTE 4.4.4)
#: The methods that need no memory of the archiver's choosing: an LZMA member may ask for 4 GB.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What zipfile raises for bytes that are no zip, depending on where it notices: ValueError for
#: names that are no UTF-8 and for seeks before the start, RuntimeError for methods unknown to it.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
)
#: Fixed part of a member's local header (APPNOTE 4.3.7), and room for its extra field, which
#: may be longer there than in the directory.
_LOCAL_HEADER, _EXTRA_ROOM = 30, 256


@dataclass(frozen=True)
class Member:
    """One file of the zip."""

    path: str  # with /, whatever the archiver wrote
    size: int  # as declared
    info: zipfile.ZipInfo


class Archive:
    """A zip whose directory has been read. Folders and clutter are left out."""

    def __init__(self, file: zipfile.ZipFile, members: tuple[Member, ...]) -> None:
        self._file = file
        self._by_path = {member.path: member for member in members}
        self.members = members

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def roots(self) -> tuple[str, ...]:
        """Return the folders that hold a config.yaml: "" or "a/b/"."""
        paths = (member.path for member in self.members)
        configs = (path for path in paths if path.rpartition("/")[2] == CONFIG_FILE)
        return tuple(sorted(path.removesuffix(CONFIG_FILE) for path in configs))

    def under(self, folder: str) -> tuple[Member, ...]:
        """Return the members below a folder, "" or "a/b/"."""
        return tuple(member for member in self.members if member.path.startswith(folder))

    def open(self, member: Member) -> IO[bytes]:
        """Open a member for reading; zipfile checks its CRC at the end."""
        return self._file.open(member.info)

    def read_text(self, path: str, most_bytes: int) -> str:
        """Return a small text member.

        Raises:
            ProjectError: it is larger than `most_bytes`, damaged, or not UTF-8.
        """
        member = self._by_path[path]
        if member.size > most_bytes:
            raise ProjectError([_too_long(path, most_bytes)])
        if (problem := problem_of_method(member)) is not None:
            raise ProjectError([problem])
        if isinstance(self._file.fp, RangedFile):
            self._file.fp.prefetch(member.info.header_offset, _span(member.info))
        try:
            with self.open(member) as file:
                data = file.read(most_bytes + 1)
        except _UNREADABLE as error:
            raise ProjectError([_damaged(path)]) from error
        if len(data) > most_bytes:  # the directory may lie about the size
            raise ProjectError([_too_long(path, most_bytes)])
        return _decode(data, path)


def read_archive(file: IO[bytes], name: str) -> Archive:
    """Read a zip's directory.

    Args:
        file: seekable, such as a file on disk or a `RangedFile`.
        name: what problems call the zip.

    Raises:
        ProjectError: it is no zip, or holds what must not be unpacked; with every problem.
    """
    try:
        opened = zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise ProjectError([_not_a_zip(name)]) from error
    named = [(_path_of(info), info) for info in opened.infolist()]
    # by the path: a folder's entry may end in a backslash, and ZipInfo.is_dir fails for no name
    members = [Member(path, info.file_size, info) for path, info in named if path[-1:] != "/"]
    kept = tuple(member for member in members if not _CLUTTER.search(member.path))
    problems = [p for member in kept if (p := _danger(member))] + _collisions(kept)
    if problems:
        raise ProjectError(problems)
    return Archive(opened, kept)


def problem_of_method(member: Member) -> Problem | None:
    """Return what is wrong with how a member is compressed, if it can't be unpacked."""
    if member.info.compress_type in _METHODS:
        return None
    what = "The member is compressed in a way that can't be unpacked here."
    remedy = "Zip with the usual method, Deflate: not LZMA, BZip2 or Deflate64."
    return Problem("zip-compression", member.path, what, remedy)


def _path_of(info: zipfile.ZipInfo) -> str:
    # zipfile cuts names at a NUL; Windows archivers of old wrote backslashes; a//b and a/./b are
    # the same file as a/b once unpacked
    path = info.orig_filename.replace("\\", "/")
    top = "/" if path.startswith("/") else ""
    end = "/" if path.endswith(("/", "/.")) else ""
    return top + "/".join(part for part in path.split("/") if part not in ("", ".")) + end


def _span(info: zipfile.ZipInfo) -> int:
    name = len(info.orig_filename.encode())
    return _LOCAL_HEADER + name + len(info.extra) + _EXTRA_ROOM + info.compress_size


def _danger(member: Member) -> Problem | None:
    path, mode = member.path or "(a member without a name)", member.info.external_attr >> 16
    if not member.path or _leads_outside(path):
        what = "The member's path leads outside the project."
        return Problem("zip-unsafe-path", path, what, "Zip the project folder anew, from outside.")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        what = "The member is a link or a special file, not a file."
        remedy = "Zip without `-y`, so that the zip holds the file that the link points to."
        return Problem("zip-link", path, what, remedy)
    if member.info.flag_bits & _ENCRYPTED:
        what = "The member is encrypted."
        return Problem("zip-encrypted", path, what, "Zip without a password.")
    return None


def _leads_outside(path: str) -> bool:
    is_absolute = path.startswith("/") or _DRIVE.match(path) is not None
    return is_absolute or ".." in path.split("/") or "\0" in path


def _collisions(members: Iterable[Member]) -> list[Problem]:
    seen: dict[str, str] = {}
    problems = []
    for member in members:
        folded = member.path.casefold()
        if folded in seen and member.path:
            problems.append(_collision(member.path, seen[folded]))
        seen.setdefault(folded, member.path)
    return problems


def _collision(path: str, first: str) -> Problem:
    what = f"The zip holds another member of the same name, case apart: {first}."
    return Problem("zip-case-collision", path, what, "Rename or remove one of the two.")


def _decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what, remedy = "The file is not UTF-8 text.", "Save it as UTF-8 in an editor."
        raise ProjectError([Problem("text-encoding", path, what, remedy)]) from error


def _not_a_zip(name: str) -> Problem:
    return Problem(
        "not-a-zip",
        name,
        "The file is not a zip, or it is cut off.",
        "Zip the project folder (`zip -r project.zip project/`) and upload it anew.",
    )


def _damaged(path: str) -> Problem:
    what = "The member is damaged: it can't be unpacked, or its checksum does not fit."
    return Problem("zip-damaged", path, what, "Zip the project anew and upload it again.")


def _too_long(path: str, most: int) -> Problem:
    what = f"The file is larger than {most // 1000} kB."
    return Problem("text-too-long", path, what, "Keep only settings in it.")
