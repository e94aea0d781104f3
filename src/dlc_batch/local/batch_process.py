"""One attempt of a Batch job as an operating system process."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from dlc_batch.local.containers import kill_container
from dlc_batch.local.images import Launch
from dlc_batch.local.log_lines import LogLines

_CHUNK = 64 * 1024
# A process that left the group (a daemon) may keep the pipe open; its output is not waited for.
_PIPE_END_S = 5.0
_NOTE = ".pid"

WriteLines = Callable[[list[str]], None]


class JobProcess:
    """A process in a group of its own, whose output goes line by line to `write`."""

    def __init__(self, launch: Launch, scratch: Path, write: WriteLines, kill_grace_s: float):
        self._launch = launch
        self._grace_s = kill_grace_s
        self._stopping = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - the job's command is what Batch runs
            launch.argv,
            env=launch.environment,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout  # noqa: S101 - for the type checker: it is a pipe
        self._output = threading.Thread(
            target=_copy_lines, args=(self._process.stdout, write), daemon=True
        )
        self._output.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def in_container(self) -> bool:
        return self._launch.container is not None

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until the process ended; False when it did not within `timeout_s` seconds."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._signal(signal.SIGKILL)  # what it started ends with it, as in a container
        self._output.join(_PIPE_END_S)
        return True

    def stop(self) -> None:
        """SIGTERM now, SIGKILL when the grace is over; returns at once."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._kill_after_grace, daemon=True).start()

    def kill(self) -> None:
        """SIGKILL to all of it, as when its host is gone."""
        self._signal(signal.SIGKILL)
        self._launch.kill_container()

    @property
    def exit_code(self) -> int:
        """As a container reports it: 128 + N after signal N."""
        code = self._process.returncode
        return code if code >= 0 else 128 - code

    def _kill_after_grace(self) -> None:
        try:
            self._process.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _copy_lines(pipe: IO[bytes], write: WriteLines) -> None:
    lines = LogLines(time.monotonic())
    with pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            ready = lines.feed(chunk, time.monotonic())
            if ready:
                write(ready)
    rest = lines.close()
    if rest:
        write(rest)


def note_process(scratch: Path, pid: int, container: tuple[str, str] | None) -> None:
    """Leave the process id, and engine and name of its container, beside the scratch directory,
    where `end_leftovers` finds them."""
    scratch.with_suffix(_NOTE).write_text("\n".join([str(pid), *(container or ())]), "utf-8")


def end_leftovers(jobs: Path) -> None:
    """Kill the job processes that a crashed server left behind, and clear their directories."""
    for note in jobs.glob(f"*{_NOTE}"):
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            number, *container = note.read_text("utf-8").splitlines()
            if container:
                kill_container(*container)
            pid = int(number)
            # The leader of a session, in that very directory: not merely a number used again.
            if os.getsid(pid) == pid and Path(f"/proc/{pid}/cwd").readlink() == note.with_suffix(
                ""
            ):
                os.killpg(pid, signal.SIGKILL)
    shutil.rmtree(jobs, ignore_errors=True)
