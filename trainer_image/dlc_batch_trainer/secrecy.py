"""Keeping the watcher's credentials from the process in which DeepLabCut runs.

That process is started without them (`supervisor.worker_environment`). Both have the same user,
though, and Linux lets a user's processes read each other's environment and memory, unless one says
that it wants no such thing.
"""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE, _NO = 4, 0  # prctl(2)


def close_to_other_processes() -> bool:
    """Have the kernel hide this process's environment and memory from others of the same user.

    What it starts is not affected. Returns whether the kernel did; no other system than Linux has
    the call.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_DUMPABLE, _NO, 0, 0, 0) == 0)
