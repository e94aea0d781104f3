"""`dlc-batch` as a process of its own, at a terminal or without one."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TRACEBACK = "Traceback"


def answer_at_home(home: Path, *arguments: str) -> Any:
    """Run `dlc-batch ... --json` with a local cloud, as a lab does; return the answer."""
    done = subprocess.run(
        [sys.executable, "-m", "dlc_batch", *arguments, "--json"],
        env={**os.environ, "DLC_BATCH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass
class Command:
    """A command at work; `shown` is what a person would have seen so far."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    in_terminal: bool
    shown: str = ""
    out: str = ""
    _process: Any = field(init=False, default=None)
    _ends: tuple[int, ...] = field(init=False, default=())

    def start(self) -> Command:
        """Start it; with a terminal, it is the terminal's own process."""
        command = [sys.executable, "-m", "dlc_batch", *self.arguments]
        environment = {**os.environ, **self.environment}
        if self.in_terminal:
            mine, its = pty.openpty()
            termios.tcsetwinsize(its, (24, 100))
            take = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # noqa: E731
            self._process = subprocess.Popen(
                command,
                stdin=its,
                stdout=its,
                stderr=its,
                env=environment,
                start_new_session=True,
                preexec_fn=take,
            )
            os.close(its)
            self._ends = (mine,)
        else:
            pipes = [os.pipe(), os.pipe()]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                env=environment,
            )
            for _, its in pipes:
                os.close(its)
            self._ends = tuple(mine for mine, _ in pipes)
        return self

    def interrupt(self) -> None:
        """Press Ctrl-C, or send what it sends."""
        if self.in_terminal:
            os.write(self._ends[0], b"\x03")
        else:
            self._process.send_signal(signal.SIGINT)

    def type(self, text: str) -> None:
        """Type a line into the terminal."""
        os.write(self._ends[0], f"{text}\n".encode())

    def kill(self) -> None:
        self._process.kill()

    def read_until(self, words: str, seconds: float = 240) -> None:
        """Read until words are shown."""
        end = time.monotonic() + seconds
        while words not in self.shown and time.monotonic() < end:
            if not self._read():
                break
        assert words in self.shown, self.shown

    def wait(self, seconds: float = 90) -> int:
        """Read to the end; returns the exit code."""
        end = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < end, f"it does not end: {self.shown}"
        code = int(self._process.wait(10))
        for each in self._ends:
            os.close(each)
        assert _TRACEBACK not in self.shown
        return code

    def _read(self) -> bool:
        """Read what there is; whether there may be more."""
        ready, _, _ = select.select(self._ends, (), (), 0.2)
        ended = 0
        for each in ready:
            data = b""
            with contextlib.suppress(OSError):  # Linux tells the end of a terminal so
                data = os.read(each, 65536)
            text = data.decode("utf-8", "replace")
            self.shown += text
            self.out += text if each == self._ends[0] and not self.in_terminal else ""
            ended += not data
        return ended < len(self._ends) and not (ended and self._process.poll() is not None)
