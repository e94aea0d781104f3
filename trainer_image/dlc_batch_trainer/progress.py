"""How far the training is: a line on stdout, and now and then progress.json."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from dlc_batch_core.progress import PROGRESS_SECONDS, Progress
from dlc_batch_trainer.store import STORE_ERRORS

#: A line about what was fetched comes at most this often, in seconds (our choice).
_LINE_SECONDS = 5.0


class ProgressReporter:
    """Tells stages and epochs as they come, and keeps how long each stage took."""

    def __init__(self, write: Callable[[Progress], None], attempt: int) -> None:
        self._write = write
        self._attempt = attempt
        self._stage: str | None = None
        self._began = time.monotonic()
        self._written = self._epoch_began = self._line_printed = 0.0
        self._seconds: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """Begin a stage: fetch, unpack, prepare, train, evaluate or export."""
        self._close()
        self._stage, self._began = stage, time.monotonic()
        self._epoch_began = self._began
        print(f"== {stage}", flush=True)
        self._send(Progress(stage, _now(), attempt=self._attempt))

    def epoch(self, epoch: int, epochs: int, loss: float) -> None:
        """Tell one epoch that is done."""
        now = time.monotonic()
        left = (now - self._began) / epoch * (epochs - epoch)
        print(
            f"epoch {epoch}/{epochs}: loss {loss:.5f}, {now - self._epoch_began:.1f} s,"
            f" about {left / 60:.0f} min left",
            flush=True,
        )
        self._epoch_began = now
        if now - self._written >= PROGRESS_SECONDS or epoch == epochs:
            self._send(
                Progress(self._stage or "train", _now(), epoch, epochs, loss, self._attempt)
            )

    def fetched(self, done: int, total: int) -> None:
        """Tell how many bytes of how many of the project are there."""
        now, is_all = time.monotonic(), done == total
        if is_all or now - self._line_printed >= _LINE_SECONDS:
            self._line_printed = now
            rate = done / max(now - self._began, 1e-3) / 1e6
            print(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {rate:,.0f} MB/s", flush=True)
        if is_all or now - self._written >= PROGRESS_SECONDS:
            stage = self._stage or "unpack"
            of = {"bytes_done": done, "bytes_total": total}
            self._send(Progress(stage, _now(), attempt=self._attempt, **of))

    def timings(self) -> dict[str, float]:
        """Seconds by stage, the present one included."""
        self._close()
        return {stage: round(seconds, 1) for stage, seconds in self._seconds.items()}

    def _close(self) -> None:
        now = time.monotonic()
        if self._stage is not None:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0) + now - self._began
        self._began = now

    def _send(self, progress: Progress) -> None:
        self._written = time.monotonic()
        try:
            self._write(progress)
        except STORE_ERRORS as error:  # a training is worth more than a progress bar
            print(f"progress not written: {error}", flush=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
