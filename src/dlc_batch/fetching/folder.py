"""The folder that a fetch goes into: its lock, its room, its names, and what waits in it.

PROJECT/
├── .dlc-batch-fetch.lock       held by the fetch under way
└── .dlc-batch-fetch-RUN/       gone when the run has been fetched
    ├── <name>.part             what has come of an object so far
    ├── <name>                  all of it, verified
    └── journal.json            from the moment on that files are put in place
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from dlc_batch import locks
from dlc_batch.fetching.names import LONGEST_ON_WINDOWS
from dlc_batch.locks import HeldError
from dlc_batch_core.errors import LabError
from dlc_batch_core.member_names import fold
from dlc_batch_core.words import listed

WAITING_PREFIX = ".dlc-batch-fetch-"
_LOCK = ".dlc-batch-fetch.lock"
#: Names that Windows keeps for devices, with any ending too (Microsoft, "Naming Files").
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10)}
)
_NOT_ON_WINDOWS = frozenset('<>:"|?*\\')
_FIRST_PRINTABLE = " "
#: Case-only differences are one file there, as they are installed.
_FOLDS_CASE = frozenset({"win32", "darwin"})


def waiting_folder(folder: Path, run_id: str) -> Path:
    """Return where what has come of a run waits."""
    return folder / f"{WAITING_PREFIX}{run_id}"


def left_by_others(folder: Path, run_id: str) -> Iterator[str]:
    """Yield in words what waits there of runs whose fetch was broken off, but for this one."""
    for waiting in sorted(folder.glob(f"{WAITING_PREFIX}*")):
        other = waiting.name.removeprefix(WAITING_PREFIX)
        if other == run_id or not waiting.is_dir():
            continue
        size = sum(each.lstat().st_size for each in waiting.iterdir())
        yield (
            f"{waiting} holds {size / 1e6:,.1f} MB of run {other}, whose fetch was broken off."
            f" To go on with it: dlc-batch fetch {other} {folder}. If you don't want it, delete"
            f" {waiting.name} there."
        )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and be the only fetch into it. One that was killed holds it no more.

    Raises:
        LabError: another fetch into it is under way.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locks.locked(folder / _LOCK):
            yield
    except HeldError as error:
        raise LabError(
            f"Another fetch into {folder} is under way.", "Try again when it has ended."
        ) from error
    finally:
        if made:
            with contextlib.suppress(OSError):  # there is something in it
                folder.rmdir()


def check_room(folder: Path, needed: int) -> None:
    """Raise LabError unless so many bytes can be written there."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise LabError(
            f"The disk of {folder} has not enough room: {needed / 1e6:,.1f} MB are still to come,"
            f" {free / 1e6:,.1f} MB are free.",
            "Make room, or fetch into a folder on another disk.",
        )


def check_names(
    paths: Iterable[PurePosixPath], folder: PurePath, platform: str = sys.platform
) -> None:
    """Refuse what this computer can't have, before anything is downloaded.

    Args:
        paths: of the files, below the folder.
        folder: absolute.
        platform: as sys.platform names it.

    Raises:
        LabError: a name that Windows keeps for itself, names that differ in case only where that
            is no difference, or a path that is too long.
    """
    paths = tuple(paths)
    elsewhere = "Fetch on a computer with Linux, or get them one by one with `aws s3 cp`."
    if platform == "win32":
        if bad := [path for path in paths if not all(map(_can_be_on_windows, path.parts))]:
            raise LabError(f"Windows can't have files of these names: {listed(bad)}.", elsewhere)
        if long := [p for p in paths if len(str(folder.joinpath(p))) > LONGEST_ON_WINDOWS]:
            raise LabError(
                f"With {folder} before them, these paths are too long for Windows"
                f" ({LONGEST_ON_WINDOWS} characters): {listed(long)}.",
                "Move the project to a folder with a short path, such as C:\\dlc.",
            )
    if platform in _FOLDS_CASE:
        _check_case(paths, elsewhere)


def _can_be_on_windows(name: str) -> bool:
    if name[-1] in ". " or name.split(".")[0].rstrip().casefold() in _DEVICES:
        return False
    return not any(char in _NOT_ON_WINDOWS or char < _FIRST_PRINTABLE for char in name)


def _check_case(paths: tuple[PurePosixPath, ...], remedy: str) -> None:
    seen = dict[str, PurePosixPath]()
    for path in paths:
        other = seen.setdefault(fold(str(path)), path)
        if other != path:
            raise LabError(f"{other} and {path} are one file on this computer.", remedy)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def disk_errors_as_ours(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error with a remedy."""
    try:
        yield
    except OSError as error:
        again = "then the same command goes on from where this one got."
        if error.errno in _FULL:
            raise LabError(f"The disk of {folder} is full.", f"Make room; {again}") from error
        what = f"{error.filename or folder}: {error.strerror or error}."
        raise LabError(
            what, f"See to it that it can be written (is it open elsewhere?); {again}"
        ) from error
