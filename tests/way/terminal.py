"""A command that runs in a terminal of its own (a pty), or beside the test in pipes."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: What a terminal is told beside text (ECMA-48).
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """A command in a terminal, and what it has shown so far, controls and all."""

    process: subprocess.Popen[bytes]
    leader: int  # our end of the pty
    raw: str = ""

    @property
    def text(self) -> str:
        """What it wrote, without the controls."""
        return _CONTROLS.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, words: str, seconds: float = 90) -> None:
        """Wait until it has written something."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"no {words!r} in {self.text!r}"
            self._read(0.2)

    def press_ctrl_c(self) -> None:
        """As a person does: the terminal's driver sends the signal."""
        os.write(self.leader, b"\x03")

    def end(self, seconds: float = 90) -> int:
        """Wait for its end; return the exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"no end: {self.text!r}"
            self._read(0.2)
        while self._read(0):
            pass
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        if not select.select([self.leader], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.leader, 1 << 16)
        except OSError:  # Linux's word for the end of a pty
            return False
        self.raw += data.decode("utf-8", "replace")
        return bool(data)


@contextlib.contextmanager
def in_terminal(*arguments: str, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run `dlc-batch` in a terminal of 80 by 24, for as long as the block lasts."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dlc_batch", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**env, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        preexec_fn=_take_terminal,
    )
    os.close(follower)
    try:
        yield Terminal(process, leader)
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def _take_terminal() -> None:
    """Make stdin the process's controlling terminal, so that Ctrl-C reaches it."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def in_pipes(*arguments: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `dlc-batch` without a terminal, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dlc_batch", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(env),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupt(process: subprocess.Popen[str]) -> None:
    """As `kill -INT` does."""
    process.send_signal(signal.SIGINT)
