"""What takes a while, and goes on while the user looks at other pages: sending and fetching."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dlc_batch_core.errors import DlcBatchError, LabError

_KEPT = 50
_SENTENCES = 5
#: At once (our choice): a line is full with one.
_AT_ONCE = 4


@dataclass
class Errand:
    """One of them. Written by its own thread only."""

    id: str
    title: str
    total: int  # bytes
    page: str = ""  # that tells how far it is
    done: int = 0
    result: object = None
    error: DlcBatchError | None = None
    is_over: bool = False
    sentences: deque[str] = field(default_factory=lambda: deque(maxlen=_SENTENCES))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def got(self, count: int) -> None:
        """Be told of bytes that are there."""
        with self._lock:
            self.done += count

    def say(self, sentence: str) -> None:
        """Be told what is waited for."""
        self.sentences.append(sentence)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0

    @property
    def has_failed(self) -> bool:
        return self.error is not None


class Errands:
    """Those of this console, the newest last."""

    def __init__(self) -> None:
        self._all: dict[str, Errand] = {}
        self._lock = threading.Lock()

    def start(self, title: str, total: int, work: Callable[[Errand], object]) -> Errand:
        """Begin one; `work` returns its result, or raises.

        Raises:
            LabError: there are too many.
        """
        with self._lock:
            if len(self.under_way()) >= _AT_ONCE:
                what = f"{_AT_ONCE} transfers are under way already."
                raise LabError(what, "Wait for one of them to end.")
            errand = Errand(secrets.token_hex(8), title, total)
            self._all[errand.id] = errand
            for old in [each for each in self._all.values() if each.is_over][:-_KEPT]:
                del self._all[old.id]
        threading.Thread(target=_run, args=(errand, work), daemon=True).start()
        return errand

    def find(self, errand_id: str) -> Errand:
        """Return one of them.

        Raises:
            LabError: there is no such one.
        """
        found = self._all.get(errand_id)
        if found is None:
            raise NoSuchErrand("This console knows of no such transfer.", "")
        return found

    def under_way(self) -> list[Errand]:
        """Return those that have not ended."""
        return [each for each in list(self._all.values()) if not each.is_over]


class NoSuchErrand(LabError):
    """It was another console's, or is long over."""


def _run(errand: Errand, work: Callable[[Errand], object]) -> None:
    try:
        errand.result = work(errand)
    except DlcBatchError as error:
        errand.error = error
    except OSError as error:  # a disk that is full, a folder that may not be written
        where = f"{error.filename}: " if error.filename else ""
        errand.error = LabError(f"{where}{error.strerror or error}.", "Mend that, and try again.")
    except Exception as error:
        errand.error = LabError(f"It failed: {type(error).__name__}: {error}.", "")
    finally:
        errand.is_over = True
