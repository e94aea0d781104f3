"""A folder on a disk that looks like the zip of it, so that both are checked alike."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.archive_safety import find_dangers
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.limits import Limits
from dlc_batch_core.member import Member
from dlc_batch_core.member_names import is_clutter

#: Deeper than any project.
_MAX_DEPTH = 20


class FolderArchive:
    """A folder, with what `Archive` offers of a zip. Links are followed, as archivers do."""

    def __init__(
        self,
        folder: Path,
        also: Iterable[str] = (),
        limits: Limits = Limits(),  # noqa: B008  # it is frozen
    ) -> None:
        """List the folder.

        Args:
            folder: the one that would be zipped.
            also: paths of files that are known of, but were left elsewhere.
            limits: how much of it is accepted.

        Raises:
            ProjectError: it holds what must not be unpacked elsewhere.
        """
        self.limits = limits
        self._paths = files_of(folder)
        sizes = {name: path.stat().st_size for name, path in self._paths.items()}
        sizes |= {name: 0 for name in also if name not in sizes}
        named = [(name, size) for name, size in sizes.items() if not is_clutter(name)]
        self.members = tuple(_member(name, size) for name, size in named)
        self._names = {member.path for member in self.members}
        if problems := find_dangers(self.members, (), limits):
            raise ProjectError(problems)

    @property
    def requests(self) -> int:
        """None: it lies on a disk."""
        return 0

    def __contains__(self, path: str) -> bool:
        return path in self._names

    def roots(self) -> tuple[str, ...]:
        """Return the folders that hold a config.yaml: "" or "a/b/"."""
        configs = (name for name in self._names if name.rpartition("/")[2] == CONFIG_FILE)
        return tuple(sorted(name.removesuffix(CONFIG_FILE) for name in configs))

    def under(self, folder: str) -> tuple[Member, ...]:
        """Return the files below a folder, "" or "a/b/"."""
        return tuple(member for member in self.members if member.path.startswith(folder))

    def read_text(self, path: str, most_bytes: int) -> str:
        """Return a text file.

        Raises:
            ProjectError: it is larger than `most_bytes`, can't be read, or is not UTF-8.
        """
        data = self.read_head(path, most_bytes + 1)
        if len(data) > most_bytes:
            what = f"The file is larger than {most_bytes // 1000} kB."
            raise ProjectError([problem("text-too-long", path, what)])
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            found = problem("text-encoding", path, "The file is not UTF-8 text.")
            raise ProjectError([found]) from error

    def read_head(self, path: str, count: int) -> bytes:
        """Return a file's first bytes, at most `count`.

        Raises:
            ProjectError: it can't be read.
        """
        try:
            with self._paths[path].open("rb") as file:
                return file.read(count)
        except (OSError, KeyError) as error:
            what = "The file can't be read."
            raise ProjectError([problem("unreadable", path, what)]) from error

    def on_disk(self, path: str, _: Path) -> Path:
        """Return where a file lies; it need not be written elsewhere, as that of a zip."""
        return self._paths[path]


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files below a folder, by the names that they would have in its zip."""
    return {_path_of(path, folder): path for path in _walk(folder)}


def _walk(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    here = folder.resolve()
    if here in above or len(above) > _MAX_DEPTH:  # a link back to where we came from
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _walk(path, (*above, here))
        elif path.is_file():  # links that lead nowhere are not packed
            yield path


def _path_of(path: Path, folder: Path) -> str:
    name = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
    return name.encode("utf-8", "replace").decode()  # names that are no text on this disk


def _member(name: str, size: int) -> Member:
    info = zipfile.ZipInfo(name or "?")
    info.file_size = info.compress_size = size
    return Member(name, size, info)
