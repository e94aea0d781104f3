"""Reading a remote object by ranges over a network that fails now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from dlc_batch_trainer.errors import Unreachable

#: Read from the network at once, for each range in flight: the unit of what is kept in memory.
CHUNK_BYTES = 256 * 1024
#: Faults in a row, without a byte between them, until the network is given up. With the pauses
#: below that is about half a minute; S3 and Spot hosts recover within seconds, or not at all.
MAX_FAULTS = 7
#: Seconds before the first try again; each fault doubles it, up to the second number.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0


class TransferFault(Exception):
    """The network failed; the same request may do next time."""


class Stopped(Exception):
    """Another range failed, or the program is asked to end: nobody wants this one any more."""


class Body(Protocol):
    """The answer to a request for a range."""

    def read(self, count: int) -> bytes:
        """Return up to so many bytes, none at its end. Raises TransferFault."""

    def close(self) -> None:
        """Let go of the connection."""


class Source(Protocol):
    """An object that can be read by ranges."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def open(self, start: int, end: int) -> Body:
        """Ask for the bytes from start (inclusive) to end (exclusive). Raises TransferFault."""


#: Waits so many seconds, and returns whether it was told to stop meanwhile.
Pause = Callable[[float], bool]


class RangeStream:
    """The bytes of one range, in their order. A fault, mid-body too, is taken up where it was."""

    def __init__(self, source: Source, start: int, end: int, pause: Pause) -> None:
        self._source, self._end, self._pause = source, end, pause
        self._asked = start  # what was read from the network, up to here
        self._body: Body | None = None
        self._held = memoryview(b"")
        self._faults = 0

    @property
    def position(self) -> int:
        """Offset in the object of the next byte."""
        return self._asked - len(self._held)

    def take(self, count: int) -> bytes:
        """Return exactly so many bytes: few, for they are kept in memory."""
        return b"".join(self.chunks(count))

    def chunks(self, count: int) -> Iterator[memoryview]:
        """Yield exactly so many bytes, in pieces of at most CHUNK_BYTES.

        Raises:
            EOFError: the range ends before.
            InfrastructureError: the network failed too often.
            Stopped: nobody wants them any more.
        """
        while count:
            if not self._held:
                self._held = memoryview(self._read())
            piece, self._held = self._held[:count], self._held[count:]
            count -= len(piece)
            yield piece

    def skip_to(self, offset: int) -> None:
        """Go on at an offset further on."""
        for _ in self.chunks(offset - self.position):
            pass

    def close(self) -> None:
        """Let go of the connection."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _read(self) -> bytes:
        if self._asked >= self._end:
            raise EOFError
        while True:
            if self._pause(0):
                raise Stopped
            try:
                data = self._read_once()
            except TransferFault as fault:
                self._wait(fault)
            else:
                self._faults = 0
                self._asked += len(data)
                return data

    def _read_once(self) -> bytes:
        if self._body is None:
            self._body = self._source.open(self._asked, self._end)
        data = self._body.read(min(CHUNK_BYTES, self._end - self._asked))
        if not data:
            raise TransferFault("the answer ended too early")
        return data

    def _wait(self, fault: TransferFault) -> None:
        self.close()
        self._faults += 1
        if self._faults >= MAX_FAULTS:
            raise Unreachable(
                f"{self._source.name} could not be read: {fault}.", "Submit the project again."
            ) from fault
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._faults - 1))
        print(f"{self._source.name}: {fault}; again in {seconds:g} s", flush=True)
        if self._pause(seconds):
            raise Stopped
