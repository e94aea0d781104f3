"""The files of one project, by their path in it: of a zip, or of a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.limits import Limits
from dlc_batch_core.member import Member
from dlc_batch_core.problems import Problem
from dlc_batch_core.three_d import CALIBRATION_3D, Project3D

_Read = TypeVar("_Read")


class ReadableArchive(Protocol):
    """What a check needs of an upload: `Archive`, or a folder that looks like one."""

    members: tuple[Member, ...]
    limits: Limits

    @property
    def requests(self) -> int: ...
    def __contains__(self, path: str) -> bool: ...
    def roots(self) -> tuple[str, ...]: ...
    def under(self, folder: str) -> tuple[Member, ...]: ...
    def read_text(self, path: str, most_bytes: int) -> str: ...
    def read_head(self, path: str, count: int) -> bytes: ...


class ProjectFiles:
    """The files under the project's root. Problems name them relative to it.

    Attributes:
        paths: all of them, sorted.
        is_remote: whether each read costs a request.
    """

    def __init__(
        self,
        archive: ReadableArchive,
        root: str,
        is_remote: bool = False,
        three_d: Project3D | None = None,
    ) -> None:
        """List the files.

        Args:
            archive: the upload.
            root: of the project in it.
            is_remote: whether each read costs a request.
            three_d: a 3D project that belongs to it. Where it lies beside, its calibration images
                are listed in a folder of ours, as our copy of the project has them.
        """
        self._archive, self.root, self.is_remote = archive, root, is_remote
        self._sizes = {m.path.removeprefix(root): m.size for m in archive.under(root)}
        is_beside = three_d is not None and not three_d.lies_within(root)
        self._images_3d = three_d.images if three_d is not None and is_beside else None
        if self._images_3d is not None:
            own = [path for path in self._sizes if path.startswith(f"{CALIBRATION_3D}/")]
            for path in own:  # they are not unpacked there
                del self._sizes[path]
            for member in archive.under(self._images_3d):
                path = f"{CALIBRATION_3D}/{member.path.removeprefix(self._images_3d)}"
                self._sizes[path] = member.size
        self.paths = tuple(sorted(self._sizes))

    def __contains__(self, path: str) -> bool:
        return path in self._sizes

    @property
    def limits(self) -> Limits:
        """How much of the upload is accepted."""
        return self._archive.limits

    @property
    def requests(self) -> int:
        """How many requests reading has cost so far."""
        return self._archive.requests

    def size(self, path: str) -> int:
        """Return a file's size in bytes, as declared."""
        return self._sizes[path]

    def read_text(self, path: str, most_bytes: int) -> str:
        """Return a text file, without byte order mark.

        Raises:
            ProjectError: it is too large, damaged or not UTF-8.
        """
        return self._relative(lambda: self._archive.read_text(self._member(path), most_bytes))

    def read_head(self, path: str, count: int) -> bytes:
        """Return a file's first bytes, at most `count`.

        Raises:
            ProjectError: it is damaged.
        """
        return self._relative(lambda: self._archive.read_head(self._member(path), count))

    def shown(self, path: str) -> str:
        """Return the path by which the lab knows a file, or a folder with a / at its end."""
        return self._member(path).removeprefix(self.root)

    def _member(self, path: str) -> str:
        if self._images_3d is not None and path.startswith(f"{CALIBRATION_3D}/"):
            return self._images_3d + path.removeprefix(f"{CALIBRATION_3D}/")
        return self.root + path

    def _relative(self, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except ProjectError as error:
            raise ProjectError(relative_to(self.root, error.problems)) from error


def relative_to(root: str, problems: tuple[Problem, ...] | list[Problem]) -> list[Problem]:
    """Return the problems with their places relative to the project's root."""
    start = re.compile(re.escape(root))
    return [
        Problem(p.code, start.sub("", p.where, 1) or p.where, p.what, p.remedy, p.severity)
        if p.where.startswith(root)
        else p
        for p in problems
    ]
