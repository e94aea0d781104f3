"""What is kept of runs between two looks: no more than of so many, and the oldest goes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Recent(Generic[_K, _V]):
    """The values that were asked for last."""

    def __init__(self, make: Callable[[_K], _V], most: int) -> None:
        self._make, self._most = make, most
        self._kept: OrderedDict[_K, _V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _K) -> _V:
        """Return a value, made anew where it is not kept."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._make(key)
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


@dataclass
class Fresh(Generic[_V]):
    """A value that is good for some seconds; several pages that ask at once ask once."""

    seconds: float
    _value: _V | None = None
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, ask: Callable[[], _V]) -> _V:
        """Return the value; where it is too old, what `ask` returns. An error is not kept."""
        with self._lock:
            if self._value is None or time.monotonic() >= self._until:
                self._value = ask()
                self._until = time.monotonic() + self.seconds
            return self._value

    def expire(self) -> None:
        """Let the next look be a new one."""
        with self._lock:
            self._until = 0.0
