"""SIGTERM: the host asks us to end, and kills us 30 seconds later."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from dlc_batch_trainer.errors import Interrupted


class Termination:
    """Ends the program where it stands, or lets the one who watches a training end it in order."""

    def __init__(self) -> None:
        self.asked = False
        self._deferred = 0

    def listen(self) -> None:
        """Listen for SIGTERM from now on."""
        signal.signal(signal.SIGTERM, self._hear)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block nothing is raised; `asked` tells."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self._deferred:
            raise Interrupted
