"""Trying again what a lost network or a busy service broke, for minutes, and saying so."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import botocore.exceptions

from dlc_batch.cloud import may_pass

_T = TypeVar("_T")

#: How long the network may be away (our choice): a router that starts anew, a walk with a laptop.
MINUTES = 10.0
_FIRST_PAUSE, _MOST_PAUSE = 1.0, 30.0  # seconds
_POLL = 0.5  # seconds: Windows tells a waiting Python of Ctrl-C only between two waits


class StoppedError(Exception):
    """It is not to go on: somebody asked for an end."""


class Patience:
    """Shared by threads: one outage is told once."""

    def __init__(
        self, say: Callable[[str], object] = lambda _: None, minutes: float = MINUTES
    ) -> None:
        self._say, self._seconds = say, 60 * minutes
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._is_told = False

    def stop(self) -> None:
        """Let nothing go on."""
        self._stop.set()

    @property
    def is_stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raises:
        StoppedError: it was stopped.
        """
        if self.is_stopped:
            raise StoppedError

    def call(self, ask: Callable[[], _T]) -> _T:
        """Return what `ask` returns, asking again while what breaks it may pass.

        Raises:
            BotoCoreError, ClientError: it will not pass, or did not in time.
            StoppedError: it was stopped.
        """
        end, pause = None, _FIRST_PAUSE
        while True:
            self.check()
            try:
                answer = ask()
            except (
                botocore.exceptions.BotoCoreError,
                botocore.exceptions.ClientError,
            ) as error:
                self.check()  # stopped in the middle, it looks like a broken connection
                end = end or time.monotonic() + self._seconds
                if not may_pass(error) or time.monotonic() >= end:
                    raise
                self._tell(error)
                self._wait(pause * random.uniform(0.5, 1))  # noqa: S311  # no secret
                pause = min(2 * pause, _MOST_PAUSE)
            else:
                self._tell_the_end()
                return answer

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stop.wait(min(left, _POLL)):
            pass

    def _tell(self, error: Exception) -> None:
        with self._lock:
            if not self._is_told:
                self._say(
                    f"{error} Trying again for up to {self._seconds / 60:g} minutes;"
                    " Ctrl-C ends it, and the same command goes on later."
                )
            self._is_told = True

    def _tell_the_end(self) -> None:
        with self._lock:
            if self._is_told:
                self._say("It goes on.")
            self._is_told = False
