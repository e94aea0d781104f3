"""Names as long as this computer takes them: of results, and of earlier files beside them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath

from dlc_batch_core.errors import LabError
from dlc_batch_core.words import listed

#: Windows' MAX_PATH, which counts the ending NUL: DeepLabCut and most programs keep to it.
LONGEST_ON_WINDOWS = 259
#: Of a name, where the file system does not say: ext4's, APFS's and NTFS's.
_LONGEST_NAME = 255
#: What a name gets where one was kept before.
_NUMBER = ".9999"


def longest_name(folder: Path) -> int:
    """Return how long a name may be in a folder, be it there yet or not: bytes, or UTF-16 units
    on Windows."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    told = os.pathconf(there, "PC_NAME_MAX") if hasattr(os, "pathconf") else 0
    return told if told > 0 else _LONGEST_NAME


def check_lengths(paths: Iterable[PurePosixPath], folder: Path) -> None:
    """Refuse what is too long for the file system, before anything is downloaded.

    Raises:
        LabError: there are such names.
    """
    most = longest_name(folder)
    if long := [path for path in paths if any(_length(name) > most for name in path.parts)]:
        raise LabError(
            f"The disk of {folder} takes no names longer than {most} bytes: {listed(long)}.",
            "Fetch into a folder on another disk, or get them one by one with `aws s3 cp`.",
        )


def kept_name(
    target: PurePath, run_id: str, most: int = _LONGEST_NAME, platform: str = sys.platform
) -> str:
    """Return the name that an earlier file gets beside its new one: NAME.before-RUN.

    A NAME that would be too long with that loses its end.

    Args:
        target: the absolute path of the file.
        most: how long a name may be there, as `longest_name` has it.
        platform: as sys.platform names it.
    """
    ending = f".before-{run_id}"
    room = most - len(ending + _NUMBER)
    if platform == "win32":
        room = min(room, LONGEST_ON_WINDOWS - len(f"{target.parent}/{ending}{_NUMBER}"))
    return f"{_cut(target.name, max(room, 1), platform)}{ending}"


def check_kept(kept: PurePath, platform: str = sys.platform) -> None:
    """Raise LabError where even the shortest name is too long for Windows."""
    if platform == "win32" and len(f"{kept}{_NUMBER}") > LONGEST_ON_WINDOWS:
        raise LabError(
            f"An earlier file would be kept as {kept}, which is too long for Windows.",
            "Nothing was changed. Move the file away, or the project to a folder with a short"
            " path, such as C:\\dlc; then fetch again.",
        )


def _length(name: str, platform: str = sys.platform) -> int:
    if platform == "win32":
        return len(name.encode("utf-16-le", "surrogatepass")) // 2
    return len(os.fsencode(name))


def _cut(name: str, most: int, platform: str) -> str:
    while _length(name, platform) > most:
        name = name[:-1]  # a character, not a half of it
    return name
