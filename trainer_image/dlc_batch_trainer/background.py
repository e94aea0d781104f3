"""Small things done beside the watching, which must never wait for S3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LatestWriter(Generic[Value]):
    """Writes values in the background; one that still waits is passed over for a newer one."""

    def __init__(self, write: Callable[[Value], None]) -> None:
        """
        Args:
            write: writes a value; what it raises must be dealt with in it.
        """
        self._write = write
        self._due: list[Value] = []
        self._busy = False
        self._change = threading.Condition()
        threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, value: Value) -> None:
        with self._change:
            self._due = [value]
            self._change.notify_all()

    def flush(self, seconds: float) -> None:
        """Wait until the last value is written, so many seconds at most."""
        with self._change:
            self._change.wait_for(lambda: not self._due and not self._busy, seconds)

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._due))
                value, self._due, self._busy = self._due.pop(), [], True
            try:
                self._write(value)
            finally:
                with self._change:
                    self._busy = False
                    self._change.notify_all()


class Poll(Generic[Value]):
    """Asks again and again in the background, and keeps the last answer."""

    def __init__(self, ask: Callable[[], Value | None], every: float) -> None:
        """
        Args:
            ask: returns an answer, or None; what it raises must be dealt with in it.
            every: seconds.
        """
        self.answer: Value | None = None
        self._ask = ask
        self._every = every
        self._done = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        self._done.set()

    def _work(self) -> None:
        while not self._done.is_set():
            self.answer = self._ask()
            self._done.wait(self._every)
