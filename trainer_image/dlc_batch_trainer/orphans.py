"""Collecting what DeepLabCut's processes leave behind when they are killed: loader processes.

Linux gives them to process 1, which has to collect them when they end. In its container the
trainer is process 1: an init would show its environment to DeepLabCut (see secrecy.py).
"""

from __future__ import annotations

import contextlib
import os


def collect_orphans(own: int) -> None:
    """Collect every process that has ended, but for `own`, whose end its starter waits for."""
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):  # there is none
        while True:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid == own:
                return
            os.waitpid(dead.si_pid, 0)
