"""Watches over the process that analyses videos, from outside it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, cast

from dlc_batch_trainer.after_steps import Step
from dlc_batch_trainer.orphans import collect_orphans
from dlc_batch_trainer.supervisor import worker_environment

_LOOK_SECONDS = 0.25  # how often what is not an answer is looked at
_DUMP_SECONDS = 2.0  # for the threads' stacks to be written before the process is killed
_MOST_READ = 1 << 16  # what a pipe holds
#: A progress bar's state becomes a line of the log at most so often, in seconds (our choice).
_BAR_SECONDS = 15.0


@dataclass
class _Log:
    """Passes on what a process prints; of a progress bar only a line now and then."""

    _rest: str = ""
    _bar_shown: float = 0.0

    def write(self, text: bytes) -> None:
        pieces = (self._rest + text.decode("utf-8", "replace")).splitlines(keepends=True)
        self._rest = pieces.pop() if pieces and not pieces[-1].endswith(("\n", "\r")) else ""
        for piece in pieces:
            now = time.monotonic()
            is_bar = piece.endswith("\r")
            if not piece.strip() or (is_bar and now - self._bar_shown < _BAR_SECONDS):
                continue
            self._bar_shown = now if is_bar else self._bar_shown
            print(piece.rstrip(), flush=True)


class Ended(Exception):
    """The steps were asked to end, for a reason in words."""


@dataclass(frozen=True)
class Answer:
    """What came of a step, beside its files."""

    notes: tuple[str, ...] = ()  # sentences on what failed
    uncertain: tuple[int, ...] = ()  # frames of the video, the least sure first
    frames_per_second: float = 0.0  # of the video; 0: not known
    frame_size: tuple[int, int] = (0, 0)  # its width and height, pixels; zeros: not known

    @classmethod
    def from_json(cls, text: bytes) -> Answer:
        value = json.loads(text)
        wide, high = value["frame_size"]
        notes, uncertain = tuple(value["notes"]), tuple(value["uncertain"])
        return cls(notes, uncertain, value["frames_per_second"], (wide, high))


@dataclass
class AfterProcess:
    """A process for steps: started for the first one, and anew after it died.

    DeepLabCut shows progress bars: whatever it prints is a sign of life.
    """

    stall_seconds: float  # without a word from it, it is taken for stuck
    reason_to_end: Callable[[], str | None]  # may come at any time
    _process: subprocess.Popen[bytes] | None = None
    _answers: int = -1
    _log: _Log = field(default_factory=_Log)

    def run(self, step: Step) -> Answer:
        """Do a step.

        Raises:
            Ended: there was a reason to.
            OSError: it died, or was stuck, and was ended.
        """
        process = self._started()
        commands = cast(IO[bytes], process.stdin)
        commands.write(step.to_json().encode() + b"\n")
        commands.flush()
        try:
            return self._wait(process)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        os.close(self._answers)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not read any more
                pipe.close()  # type: ignore[union-attr]  # it is a pipe

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._answers, writing = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "dlc_batch_trainer.after_steps", str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            env=worker_environment(os.environ),
        )
        os.close(writing)
        return self._process

    def _wait(self, process: subprocess.Popen[bytes]) -> Answer:
        output = cast(IO[bytes], process.stdout).fileno()
        answer, heard = b"", time.monotonic()
        while True:
            has_ended = process.poll() is not None
            collect_orphans(process.pid)
            ready, _, _ = select.select([output, self._answers], [], [], _LOOK_SECONDS)
            text = os.read(output, _MOST_READ) if output in ready else b""
            if text:
                heard = time.monotonic()
                self._log.write(text)
            more = os.read(self._answers, _MOST_READ) if self._answers in ready else b""
            answer += more
            if answer.endswith(b"\n"):
                return Answer.from_json(answer)
            if has_ended and not text and not more:
                raise OSError(f"its process died (exit code {process.returncode})")
            if reason := self.reason_to_end():
                raise Ended(reason)
            if time.monotonic() - heard >= self.stall_seconds:
                self._dump(process, output)
                raise OSError(f"it made no progress for {self.stall_seconds / 60:.0f} minutes")

    def _dump(self, process: subprocess.Popen[bytes], output: int) -> None:
        process.send_signal(signal.SIGUSR1)  # faulthandler: where its threads stand
        time.sleep(_DUMP_SECONDS)
        if select.select([output], [], [], 0)[0]:
            self._log.write(os.read(output, _MOST_READ))
