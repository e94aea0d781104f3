"""The zip that a lab uploads: its directory, read without trusting it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from dlc_batch_core.archive_safety import (
    damaged,
    find_dangers,
    find_overlaps,
    problem_of_method,
    too_many,
)
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.limits import Limits
from dlc_batch_core.member import LOCAL_HEADER_BYTES, Member
from dlc_batch_core.member_names import is_clutter, path_of, raw_name
from dlc_batch_core.problems import Problem
from dlc_batch_core.ranged_file import RangedFile, directory_too_large

CONFIG_FILE = "config.yaml"
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
#: Room for the extra field of a local header, which may be longer there than in the directory.
_EXTRA_ROOM = 256
#: zipfile reads at least so much packed data at once (`ZipExtFile.MIN_READ_SIZE`).
_LEAST_READ = 4096
_PIECE_BYTES = 1 << 20  # of a member that is copied
_MEMBER_START = b"PK\x03\x04"  # of a local header (APPNOTE 4.3.7)
#: What an upload that is no zip begins with, and what it is then.
_OTHERS = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip or .tar.gz file",
    b"PK\x07\x08": "the first part of a split zip",
}


class Archive:
    """A zip whose directory has been read. Folders and clutter are left out.

    Attributes:
        members: every file of it, in the directory's order.
        end_of: by the offset of a member's header, where the next one or the directory begins.
    """

    def __init__(
        self,
        source: IO[bytes],
        file: zipfile.ZipFile,
        members: tuple[Member, ...],
        limits: Limits,
    ) -> None:
        self._source, self._file = source, file
        self._by_path = {member.path: member for member in members}
        self.members, self.limits = members, limits
        starts = sorted({info.header_offset for info in file.infolist()})
        self.end_of = dict(zip(starts, [*starts[1:], file.start_dir], strict=False))

    @property
    def requests(self) -> int:
        """How many requests reading it has cost so far; none where it lies on a disk."""
        return self._source.requests if isinstance(self._source, RangedFile) else 0

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

    def read_bytes(self, path: str, most_bytes: int) -> bytes:
        """Return a small member, its CRC checked.

        Raises:
            ProjectError: it is larger than `most_bytes`, damaged, or packed by another method.
        """
        if self._by_path[path].size > most_bytes:
            raise ProjectError([_too_long(path, most_bytes)])
        data = self._read(path, most_bytes + 1)
        if len(data) > most_bytes:  # the directory may lie about the size
            raise ProjectError([_too_long(path, most_bytes)])
        return data

    def read_text(self, path: str, most_bytes: int) -> str:
        """Return a small text member.

        Raises:
            ProjectError: it is larger than `most_bytes`, damaged, or not UTF-8.
        """
        return _decode(self.read_bytes(path, most_bytes), path)

    def read_head(self, path: str, count: int) -> bytes:
        """Return the first bytes of a member, at most `count`, and inflate no more than needed.

        Its CRC is not checked where the member is longer.

        Raises:
            ProjectError: it is damaged, or packed by another method.
        """
        return self._read(path, count)

    def on_disk(self, path: str, target: Path) -> Path:
        """Write a member of whatever size to a file, its CRC checked, and return where it lies.

        Raises:
            ProjectError: it is damaged, or packed by another method.
            OSError: it can't be written.
        """
        member = self._by_path[path]
        if (problem := problem_of_method(member)) is not None:
            raise ProjectError([problem])
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as copy:
            for piece in self._pieces(member):
                copy.write(piece)
        return target

    def _pieces(self, member: Member) -> Iterator[bytes]:
        try:
            with self._file.open(member.info) as file:
                while piece := file.read(_PIECE_BYTES):
                    yield piece
        except _UNREADABLE as error:
            raise ProjectError([damaged(member.path)]) from error

    def _read(self, path: str, count: int) -> bytes:
        member = self._by_path[path]
        if (problem := problem_of_method(member)) is not None:
            raise ProjectError([problem])
        if isinstance(self._source, RangedFile):
            self._source.prefetch(member.info.header_offset, _span(member.info, count))
        try:
            with self._file.open(member.info) as file:
                return file.read(count)  # its CRC is checked at its end
        except _UNREADABLE as error:
            raise ProjectError([damaged(path)]) from error


def read_archive(file: IO[bytes], name: str, limits: Limits = Limits()) -> Archive:  # noqa: B008  # it is frozen
    """Read a zip's directory.

    Args:
        file: seekable, such as a file on disk or a `RangedFile`.
        name: what problems call the zip.
        limits: how much of it is accepted.

    Raises:
        ProjectError: it is no zip, or holds what must not be unpacked; with every problem.
    """
    try:
        opened = zipfile.ZipFile(cast(IO[bytes], _DirectoryFile(file, name, limits)))
    except _UNREADABLE as error:
        raise ProjectError([_not_a_zip(file, name)]) from error
    if len(opened.infolist()) > limits.members:
        raise ProjectError([too_many(name, limits)])
    named = [(path_of(info), info) for info in opened.infolist()]
    # by the path: a folder's entry may end in a backslash, and ZipInfo.is_dir fails for no name
    files = (Member(path, info.file_size, info) for path, info in named if path[-1:] != "/")
    kept = tuple(member for member in files if not is_clutter(member.path))
    folders = [path for path, _ in named if path[-1:] == "/" and not is_clutter(path)]
    problems = find_dangers(kept, folders, limits)
    problems += find_overlaps(opened.infolist(), opened.start_dir)
    if problems:
        raise ProjectError(problems)
    return Archive(file, opened, kept, limits)


class _DirectoryFile(io.RawIOBase):
    """The zip as zipfile reads it, which takes the whole directory into memory at once."""

    def __init__(self, file: IO[bytes], name: str, limits: Limits) -> None:
        super().__init__()
        self._file, self._name, self._limits = file, name, limits

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, count: int | None = -1) -> bytes:
        if count is not None and count > self._limits.directory_bytes:
            raise ProjectError([directory_too_large(self._name, self._limits.directory_bytes)])
        return self._file.read(-1 if count is None else count)


def _span(info: zipfile.ZipInfo, count: int) -> int:
    wanted = min(info.compress_size, max(count, _LEAST_READ))
    return LOCAL_HEADER_BYTES + len(raw_name(info)) + len(info.extra) + _EXTRA_ROOM + wanted


def _decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what, remedy = "The file is not UTF-8 text.", "Save it as UTF-8 in an editor."
        raise ProjectError([Problem("text-encoding", path, what, remedy)]) from error


def _not_a_zip(file: IO[bytes], name: str) -> Problem:
    try:
        file.seek(0)
        start = file.read(len(_MEMBER_START))
    except OSError:
        start = b""
    if start == _MEMBER_START:
        what = "The zip is cut off, or damaged at its end: its list of files can't be read."
        remedy = "Upload it again; if that does not help, zip the project folder anew."
        return Problem("zip-cut-off", name, what, remedy)
    other = next((words for magic, words in _OTHERS.items() if start.startswith(magic)), None)
    what = f"The file is {other}, not a zip." if other else "The file is not a zip."
    remedy = "Zip the project folder (`zip -r project.zip project/`) and upload it anew."
    return Problem("not-a-zip", name, what, remedy)


def _too_long(path: str, most: int) -> Problem:
    what = f"The file is larger than {most // 1000} kB."
    return Problem("text-too-long", path, what, "Keep only settings in it.")
