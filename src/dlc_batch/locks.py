"""A file's lock: one process at a time has it, and one that was killed has it no more."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_POLL = 0.05  # seconds

#: Somebody else has it: flock's answers, and Windows' own.
_HELD = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})
#: Of network disks without locks, Linux's and macOS's: then there is none.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


class HeldError(Exception):
    """Another process has the lock."""


@contextlib.contextmanager
def locked(path: Path, seconds: float = 0.0) -> Iterator[None]:
    """Have the lock that is a file of this name, which is gone afterwards.

    Args:
        path: of the file; its folder is there.
        seconds: how long another process is waited for.

    Raises:
        HeldError: another process has it.
        OSError: it can't be made.
    """
    file = _open_locked(path, time.monotonic() + seconds)
    try:
        yield
    finally:
        if sys.platform != "win32":  # while it is held, so that nobody locks what is gone
            path.unlink(missing_ok=True)
        file.close()
        if sys.platform == "win32":  # which removes no file that somebody has open
            with contextlib.suppress(OSError):
                path.unlink()


def _open_locked(path: Path, end: float) -> IO[bytes]:
    while True:
        file = path.open("ab")
        try:
            lock(file)
            if _is_still_at(file, path):
                return file
        except HeldError:
            if time.monotonic() >= end:
                file.close()
                raise
            time.sleep(_POLL)
        except BaseException:
            file.close()
            raise
        file.close()


def _is_still_at(file: IO[bytes], path: Path) -> bool:
    """Whether the one that held it before has not removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def lock(file: IO[bytes]) -> None:
    """Lock an open file.

    Raises:
        HeldError: another process has it locked.
        OSError: the disk refuses.
    """
    try:
        _lock(file)
    except OSError as error:
        if error.errno in _HELD:
            raise HeldError from error
        if error.errno not in _NO_LOCKS:
            raise


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
