"""What the training process and the one that watches it say to each other.

The training process writes events, a JSON object a line, to a pipe; it reads commands, a word a
line, from its standard input. When that ends, its watcher is dead, and so must it be: two
trainings of one run would fight over its place in S3.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from dlc_batch_core.errors import DlcBatchError

INTERRUPT = "interrupt"  # make a last checkpoint and end with ExitCode.INTERRUPTED
STOP = "stop"  # end the training here and go on with the best snapshot
#: A step is told at most so often, in seconds; the watcher needs no more.
_STEP_SECONDS = 0.5
_ORPHANED = 70  # exit code, sysexits' EX_SOFTWARE: nobody is left to read it


class Channel:
    """The training process's end; a `plan.Monitor` for the engines."""

    def __init__(self, events: IO[str], commands: IO[str], is_stopped: bool = False) -> None:
        """
        Args:
            events: the pipe to the watcher.
            commands: its words.
            is_stopped: whether training is not to go on from where it is.
        """
        self._events = events
        self._lock = threading.Lock()
        self._interrupt = threading.Event()
        self._stop = threading.Event()
        if is_stopped:
            self._stop.set()
        self._told = 0.0
        self._images = 0
        self._place: dict[str, int] = {}  # the last step, told or not
        threading.Thread(target=self._listen, args=(commands,), daemon=True).start()

    def stage(self, name: str) -> None:
        """Tell that a stage begins."""
        self._send({"event": "stage", "stage": name})

    def note(self, text: str) -> None:
        """Tell a sentence for the lab."""
        self._send({"event": "note", "text": text})

    def phase(self, batch_size: int, step: int = 0, steps: int = 0) -> None:
        """See plan.Monitor."""
        self._place = {"step": step, "steps": steps} if steps else {}
        self._send({"event": "phase", "batch_size": batch_size})

    def step(
        self, phase: str, epoch: int, epochs: int, step: int, steps: int, images: int, loss: float
    ) -> None:
        """See plan.Monitor."""
        self._images += images
        self._place = {"step": step, "steps": steps}
        now = time.monotonic()
        if now - self._told < _STEP_SECONDS:
            return
        self._told = now
        where = {"phase": phase, "epoch": epoch, "epochs": epochs, **self._place}
        self._send({"event": "step", **where, "images": self._images, "loss": loss})
        self._images = 0

    def epoch(
        self,
        phase: str,
        epoch: int,
        epochs: int,
        losses: Mapping[str, float],
        metrics: Mapping[str, float],
        learning_rate: float,
    ) -> None:
        """See plan.Monitor."""
        said = {"phase": phase, "epoch": epoch, "epochs": epochs, "learning_rate": learning_rate}
        images, self._images = self._images, 0
        more = {"losses": dict(losses), "metrics": dict(metrics), "images": images, **self._place}
        self._send({"event": "epoch", **said, **more})

    def checkpoint(self, folder: Path) -> None:
        """See plan.Monitor."""
        self._send({"event": "checkpoint", "folder": str(folder)})

    def failed(self, error: DlcBatchError) -> None:
        """Tell why the process ends."""
        said = {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}
        self._send({"event": "failed", **said})

    def done(self, message: str, metrics: Mapping[str, float], course: str) -> None:
        """Tell that the results lie there."""
        said = {"message": message, "metrics": dict(metrics), "course": course}
        self._send({"event": "done", **said})

    def wants_interrupt(self) -> bool:
        """See plan.Monitor."""
        return self._interrupt.is_set()

    def wants_stop(self) -> bool:
        """See plan.Monitor."""
        return self._stop.is_set()

    def _send(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            self._events.write(json.dumps(event, default=float) + "\n")
            self._events.flush()

    def _listen(self, commands: IO[str]) -> None:
        for line in commands:
            if line.strip() == INTERRUPT:
                self._interrupt.set()
            elif line.strip() == STOP:
                self._stop.set()
        os._exit(_ORPHANED)
