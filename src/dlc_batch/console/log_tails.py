"""The last lines of logs, read on from where they were read to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from dlc_batch.cloud import Cloud
from dlc_batch.console.memory import Recent
from dlc_batch.job_logs import Reader

#: Lines of a log that are kept, characters of a line, and logs (our choice).
_LINES, _LINE, _LOGS = 2000, 1000, 20


@dataclass(frozen=True)
class Shown:
    """Lines of a log."""

    lines: tuple[str, ...]
    end: int  # how many lines there have been, with these
    words: tuple[str, ...]  # why there are none, or not all

    @property
    def begins_later(self) -> bool:
        """Whether lines before these are not kept."""
        return self.end > len(self.lines)


class _Tail:
    def __init__(self, run_id: str, shuffle: int | None) -> None:
        self._run_id, self._shuffle = run_id, shuffle
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._words: list[str] = []
        self._reader: Reader | None = None
        self._count, self._attempt = 0, (0, 0)
        self._lock = threading.Lock()

    def read(self, cloud: Cloud, after: int) -> Shown:
        with self._lock:
            is_first = self._reader is None
            if self._reader is None:
                self._reader = Reader(cloud, self._run_id, self._shuffle, tell=self._hear)
            self._reader.cloud = cloud
            try:
                for text in self._texts(self._reader, _LINES if is_first else None):
                    self._lines.append(text[:_LINE])
                    self._count += 1
            except BaseException:
                if is_first:
                    self._reader = None
                raise
            new = max(0, min(self._count - after, len(self._lines)))
            lines = tuple(self._lines)[len(self._lines) - new :]
            return Shown(lines, self._count, () if self._lines else tuple(self._words[-1:]))

    def _texts(self, reader: Reader, most: int | None) -> Iterator[str]:
        for line in reader.read(most):
            attempt = (line.attempt.shuffle, line.attempt.number)
            if attempt != self._attempt:
                self._attempt = attempt
                yield f"-- shuffle {attempt[0]}, attempt {attempt[1]}"
            yield line.text

    def _hear(self, sentence: str) -> None:
        self._words.append(sentence)


class LogTails:
    """The tails of the logs that were asked for last."""

    def __init__(self) -> None:
        self._tails: Recent[tuple[str, int | None], _Tail] = Recent(lambda key: _Tail(*key), _LOGS)

    def read(self, cloud: Cloud, run_id: str, shuffle: int | None, after: int = 0) -> Shown:
        """Return the lines of a log.

        Args:
            shuffle: of the only training that is meant.
            after: how many lines are known already.

        Raises:
            LabError: there is no such run, or shuffle.
            CloudError: they can't be read now.
        """
        return self._tails.get((run_id, shuffle)).read(cloud, after)
