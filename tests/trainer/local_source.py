"""An upload on the disk, as the trainer reads one in S3; it fails when told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dlc_batch_trainer.transfer import TransferFault

#: Takes the number of the request and the bytes it has given so far; returns whether it breaks.
Breaks = Callable[[int, int], bool]


@dataclass
class LocalSource:
    """Ranges of a file. `breaks` says where the network is cut."""

    path: Path
    breaks: Breaks = lambda _request, _given: False
    most: int = 1 << 30  # bytes that a read gives at once
    asked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self, start: int, end: int) -> LocalBody:
        self.asked.append((start, end))
        number = len(self.asked)
        if self.breaks(number, 0):
            raise TransferFault("no route to host")
        file = self.path.open("rb")
        file.seek(start)
        return LocalBody(file, end - start, self, number)


@dataclass
class LocalBody:
    file: BinaryIO
    left: int
    source: LocalSource
    number: int
    given: int = 0

    def read(self, count: int) -> bytes:
        if self.given and self.source.breaks(self.number, self.given):
            raise TransferFault("connection reset by peer")
        data = self.file.read(min(count, self.left, self.source.most))
        self.left -= len(data)
        self.given += len(data)
        return data

    def close(self) -> None:
        self.file.close()
