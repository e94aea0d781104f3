"""A remote object as a seekable file, read by ranges: a zip's directory without the zip."""

from __future__ import annotations

import io
from collections.abc import Callable

from dlc_batch_core.errors import CloudError, ProjectError
from dlc_batch_core.problems import Problem

#: Read from the end at once: holds the directory of a zip of about 8,000 members.
TAIL_BYTES = 1 << 20
#: Read at once elsewhere: a small text member is one request.
READ_AHEAD_BYTES = 1 << 16
#: The most that is read in all (our choice): a directory of 16 MB (`Limits.directory_bytes`),
#: label tables of 64 MB, and heads of images. It bounds the time of whoever reads, whatever the
#: object claims to be; the memory is bounded by what is kept, the tail and one range.
MAX_READ_BYTES = 96 << 20

#: Returns the bytes from start (inclusive) to end (exclusive).
Fetch = Callable[[int, int], bytes]


class RangedFile(io.RawIOBase):
    """Read-only file over `fetch`. Keeps the tail and the last range in memory."""

    def __init__(self, fetch: Fetch, size: int, name: str) -> None:
        """Make a file of `size` bytes; `name` is what problems call it."""
        super().__init__()
        self._fetch, self._size, self._name = fetch, size, name
        self._position = 0
        self._tail_start, self._tail = size, b""
        self._range_start, self._range = 0, b""
        self.requests = 0
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(f"{self._name}: seek before the start")
        self._position = base + offset
        return self._position

    def read(self, count: int | None = -1) -> bytes:
        rest = max(0, self._size - self._position)
        wanted = rest if count is None or count < 0 else min(count, rest)
        data = self._take(self._position, self._position + wanted) if wanted else b""
        self._position += len(data)
        return data

    def prefetch(self, start: int, length: int) -> None:
        """Fetch a range with one request, for the reads to come."""
        start, end = max(0, start), min(start + length, self._size)  # a directory may lie
        if start < end and self._held(start, end) is None:
            self._range_start, self._range = start, self._request(start, end)

    def _take(self, start: int, end: int) -> bytes:
        held = self._held(start, end)
        if held is not None:
            return held
        if end > self._size - TAIL_BYTES and not self._tail:
            self._tail_start = max(0, min(start, self._size - TAIL_BYTES))
            self._tail = self._request(self._tail_start, self._size)
        else:
            until = min(max(end, start + READ_AHEAD_BYTES), self._size)
            self._range_start, self._range = start, self._request(start, until)
        found = self._held(start, end)
        if found is None:
            raise _wrong_bytes(self._name)
        return found

    def _held(self, start: int, end: int) -> bytes | None:
        for offset, block in ((self._tail_start, self._tail), (self._range_start, self._range)):
            if offset <= start and end <= offset + len(block):
                return block[start - offset : end - offset]
        return None

    def _request(self, start: int, end: int) -> bytes:
        if self.bytes_read + end - start > MAX_READ_BYTES:
            raise ProjectError([directory_too_large(self._name, MAX_READ_BYTES)])
        try:
            data = self._fetch(start, end)
        except OSError as error:  # some of botocore's time-outs are; zipfile's callers take
            message = f"{self._name} could not be read: {error}."  # an OSError for a broken zip
            raise CloudError(message, "Try again.") from error
        self.requests += 1
        self.bytes_read += len(data)
        if len(data) != end - start:
            raise _wrong_bytes(self._name)
        return data


def _wrong_bytes(name: str) -> CloudError:
    # no OSError: zipfile takes one for "this is no zip", and the lab would be told so
    return CloudError(f"The storage gave other bytes of {name} than were asked for.")


def directory_too_large(name: str, most_bytes: int) -> Problem:
    """Return the problem of a zip of which more than so much would have to be read."""
    return Problem(
        "zip-directory-too-large",
        name,
        f"The zip's directory and text files are larger than {most_bytes >> 20} MB.",
        "Zip only the project: config.yaml, labeled-data and, if wanted, videos.",
    )
