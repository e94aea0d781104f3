"""The trainer's program as a process to be ended in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench


@contextlib.contextmanager
def running(bench: Bench, attempt: int = 1, **more: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a process group of its own, its output in a file."""
    log = bench.folder / f"log-{attempt}.txt"
    environment = {**bench.environment, "AWS_BATCH_JOB_ATTEMPT": str(attempt), **more}
    with log.open("w") as output:
        process = subprocess.Popen(
            bench.command(),
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(what: str, bench: Bench, process: subprocess.Popen[str], attempt: int = 1) -> str:
    log = bench.folder / f"log-{attempt}.txt"
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if what in (text := log.read_text()):
            return text
        if process.poll() is not None:
            pytest.fail(f"it ended with {process.returncode} before {what!r}:\n{log.read_text()}")
        time.sleep(0.05)
    pytest.fail(f"{what!r} did not come:\n{log.read_text()}")


def worker_of(process: subprocess.Popen[str]) -> int:
    """The process in which DeepLabCut runs."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    children = children or [c for t in threads for c in (t / "children").read_text().split()]
    (child,) = children
    return int(child)
