"""One bar for several things that are done to the same bytes: it begins anew for each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


def stage(bar: tqdm[Any], name: str) -> Callable[[int], None]:
    """Return what is told of the bytes of one thing, and shows it by a bar."""

    total = bar.total or 0

    def update(count: int) -> None:
        _turn_to(bar, name, total)
        bar.update(count)

    return update


class FetchBar:
    """Shows that a fetch compares what is there, gets what is not, and verifies that.

    Files are verified as each has come, while others come: that is shown once all have.
    """

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar, self._all = bar, bar.total or 0
        self._lock = threading.Lock()
        self._alike: int | None = None  # bytes; None: it still compares
        self._come = self._read = 0

    def got(self, count: int) -> None:
        """Be told of bytes that have come; at first, of those that were there already."""
        with self._lock:
            if self._alike is None:
                self._alike, self._read = count, 0
            self._come += count
            # where all was there already, nothing is fetched
            name = "Fetching" if self._alike < self._all else "Comparing"
            self._show(name, self._come, self._all)

    def read(self, count: int) -> None:
        """Be told of bytes that were read here."""
        with self._lock:
            self._read += count
            if self._alike is None:
                self._show("Comparing", self._read, self._all)
            elif self._come >= self._all:
                self._show("Verifying", self._read, self._all - self._alike)

    def _show(self, name: str, done: int, total: float) -> None:
        _turn_to(self._bar, name, total)
        self._bar.update(done - self._bar.n)


def _turn_to(bar: tqdm[Any], name: str, total: float) -> None:
    if bar.desc != name:
        bar.set_description_str(name, refresh=False)
        bar.reset(total)
