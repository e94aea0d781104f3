"""Writing a zip whose members were compressed elsewhere, such as in threads.

zipfile compresses itself, in one thread. Fields are named as in PKWARE's APPNOTE.TXT 6.3.10. The
same members give the same bytes: every date is 1980-01-01, where a zip's clock begins.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Self

#: 4.3.7: signature, version needed, flags, method, time, date, CRC-32, sizes packed and unpacked,
#: bytes of name and of extra fields.
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
#: 4.3.12: signature, version made by, version needed, flags, method, time, date, CRC-32, sizes
#: packed and unpacked, bytes of name, extra and comment, disk, internal and external attributes,
#: offset of the local header.
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
#: 4.3.14: signature, bytes that follow, versions, disks, entries here and in all, bytes of the
#: directory and its offset.
_END_64 = struct.Struct("<4sQHHLLQQQQ")
#: 4.3.15: signature, disk and offset of the record above, disks.
_LOCATOR_64 = struct.Struct("<4sLQL")
#: 4.3.16: signature, disks, entries here and in all, bytes of the directory, its offset, comment.
_END = struct.Struct("<4sHHHHLLH")
_EXTRA_64 = struct.Struct("<HH")  # 4.5.3: id 1, bytes that follow
_MOST_32, _MOST_16 = 0xFFFFFFFF, 0xFFFF  # in a field: see the record of ZIP64
_UTF8 = 0x800  # bit 11 of the flags
_DATE = 0x21  # 1980-01-01
_UNIX, _PLAIN_FILE = 3 << 8, 0o100644 << 16
_VERSION, _VERSION_64 = 20, 45
_PIECE = 1 << 20


@dataclass(frozen=True)
class Packed:
    """A member's content as it stands in the zip."""

    method: int  # zipfile.ZIP_STORED or ZIP_DEFLATED
    checksum: int  # CRC-32 of the content
    size: int  # bytes, unpacked
    data: bytes


@dataclass(frozen=True)
class _Entry:
    name: bytes
    method: int
    checksum: int
    packed: int
    size: int
    offset: int


class ZipWriter:
    """Writes members one after the other, then the directory."""

    def __init__(self, file: IO[bytes], zip64_from: int = _MOST_32) -> None:
        """Take a seekable file. From `zip64_from` bytes on, sizes and offsets are of 64 bits."""
        self._file, self._zip64_from = file, zip64_from
        self._entries: list[_Entry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()

    def add(self, name: str, member: Packed) -> None:
        """Write a member."""
        entry = self._entry(name, member.method, member.checksum, len(member.data), member.size)
        self._file.write(self._local(entry))
        self._file.write(member.data)
        self._entries.append(entry)

    def store(self, name: str, source: IO[bytes], size: int) -> bool:
        """Write the first `size` bytes of a file as they are; False if it has fewer."""
        start = self._file.tell()
        self._file.write(self._local(self._entry(name, zipfile.ZIP_STORED, 0, size, size)))
        checksum, left = 0, size
        while left and (piece := source.read(min(left, _PIECE))):
            checksum, left = zlib.crc32(piece, checksum), left - len(piece)
            self._file.write(piece)
        end = self._file.tell()
        self._file.seek(start)  # now the checksum is known
        entry = self._entry(name, zipfile.ZIP_STORED, checksum, size, size)
        self._file.write(self._local(entry))
        self._file.seek(end)
        self._entries.append(entry)
        return not left

    def _entry(self, name: str, method: int, checksum: int, packed: int, size: int) -> _Entry:
        raw = name.encode("utf-8", "replace")  # a name on this disk may be no text
        return _Entry(raw, method, checksum, packed, size, self._file.tell())

    def _local(self, entry: _Entry) -> bytes:
        is_long = max(entry.packed, entry.size) >= self._zip64_from
        # both sizes stand there, or neither (4.5.3)
        extra = _extra_64([entry.size, entry.packed]) if is_long else b""
        head = _LOCAL.pack(
            b"PK\3\4",
            _VERSION_64 if is_long else _VERSION,
            _UTF8,
            entry.method,
            0,
            _DATE,
            entry.checksum,
            _MOST_32 if is_long else entry.packed,
            _MOST_32 if is_long else entry.size,
            len(entry.name),
            len(extra),
        )
        return head + entry.name + extra

    def _central(self, entry: _Entry) -> bytes:
        values = [entry.size, entry.packed, entry.offset]
        longs = [each for each in values if each >= self._zip64_from]
        size, packed, offset = (_MOST_32 if each in longs else each for each in values)
        extra = _extra_64(longs) if longs else b""
        version = _VERSION_64 if longs else _VERSION
        head = _CENTRAL.pack(
            *(b"PK\1\2", _UNIX | version, version, _UTF8, entry.method, 0, _DATE),
            *(entry.checksum, packed, size, len(entry.name), len(extra), 0),
            *(0, 0, _PLAIN_FILE, offset),
        )
        return head + entry.name + extra

    def _finish(self) -> None:
        start = self._file.tell()
        for entry in self._entries:
            self._file.write(self._central(entry))
        end, count = self._file.tell(), len(self._entries)
        if count >= _MOST_16 or end >= self._zip64_from:
            rest = _END_64.size - 12  # without this field and those before it
            numbers = (0, 0, count, count, end - start, start)
            versions = (_UNIX | _VERSION_64, _VERSION_64)
            self._file.write(_END_64.pack(b"PK\6\6", rest, *versions, *numbers))
            self._file.write(_LOCATOR_64.pack(b"PK\6\7", 0, end, 1))
            start, size, count = _MOST_32, _MOST_32, _MOST_16
        else:
            size = end - start
        self._file.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0))


def _extra_64(values: list[int]) -> bytes:
    return _EXTRA_64.pack(1, 8 * len(values)) + struct.pack(f"<{len(values)}Q", *values)
