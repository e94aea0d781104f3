"""What a check may use and do, kept by the operating system and Python's own audit."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: The largest bomb in an input inflates to 8 MB, and zipfile, ruamel.yaml and csv hold a text
#: several times over. The submit function has four times as much.
MEMORY_BYTES = 256 << 20
#: Of processor time, for an input of at most 1 MB. The submit function has 15 times as long.
SECONDS = 4.0
#: Audit events that a check has no reason for, by the beginning of their names.
_FORBIDDEN = (
    *(
        "open",
        "os.",
        "shutil.",
        "tempfile.",
        "fcntl.",
        "subprocess.",
        "pty.",
        "socket.",
        "ctypes.",
    ),
    *("pickle.", "marshal.", "exec", "compile", "sqlite3.", "urllib.", "webbrowser."),
)
#: ruamel.yaml looks for plug-ins in its own folder whenever a parser is made.
_ALLOWED = ("os.scandir", "os.listdir")


class BrokenRuleError(BaseException):
    """The check did what it must not; no `except Exception` of its own hides it."""


class Guard:
    """Rules for this process, for good; what it may do is watched only inside `watching`."""

    def __init__(self) -> None:
        self._is_armed = False
        self._broken: list[str] = []
        self.start_bytes = held_bytes()
        sys.dont_write_bytecode = True
        limit = _address_space() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGPROF, self._out_of_time)
        sys.addaudithook(self._audit)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Run the body under all rules.

        Raises:
            BrokenRuleError: when it broke one, also when it caught the exception itself.
        """
        self._broken.clear()
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        self._is_armed = True
        try:
            yield
        finally:
            self._is_armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - start
        if took > SECONDS:
            raise BrokenRuleError(f"it took {took:.1f} s of processor time")
        if self._broken:
            raise BrokenRuleError(self._broken[0])

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._is_armed or event in _ALLOWED or not event.startswith(_FORBIDDEN):
            return
        if not _is_importing():
            self._break(f"{event} {str(arguments)[:200]}")

    def _out_of_time(self, _signal: int, _frame: FrameType | None) -> None:
        if self._is_armed:
            self._break(f"it took more than {SECONDS} s of processor time")

    def _break(self, what: str) -> None:
        self._broken.append(what)
        raise BrokenRuleError(what)


def held_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _address_space() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123  # no path: a file of the kernel's
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _is_importing() -> bool:
    """Whether Python itself opens and runs a module's file, such as that of an encoding."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
