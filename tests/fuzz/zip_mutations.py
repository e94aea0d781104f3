"""Changes of a zip's bytes that know its fields (APPNOTE 4.3.7, 4.3.12, 4.3.14 to 4.3.16)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random

_LOCAL, _CENTRAL, _END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_END64, _LOCATOR64 = b"PK\6\6", b"PK\6\7"
#: By record, its fields as (offset, bytes): version, flags, method, time, CRC, sizes, lengths,
#: disk numbers, attributes, offsets.
_FIELDS = {
    _LOCAL: ((4, 2), (6, 2), (8, 2), (10, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    _CENTRAL: (
        *((4, 2), (6, 2), (8, 2), (10, 2), (12, 2), (16, 4), (20, 4), (24, 4), (28, 2)),
        *((30, 2), (32, 2), (34, 2), (36, 2), (38, 4), (42, 4)),
    ),
    _END: ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    _END64: ((4, 8), (12, 2), (14, 2), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8)),
    _LOCATOR64: ((4, 4), (8, 8), (16, 4)),
}
_NAME_AT = {_LOCAL: (26, 30), _CENTRAL: (28, 46)}
_NAMES = (
    *(b"../", b"..\\", b"/", b"\\", b"C:/", b"//", b"./", b"~/", b"\0", b"\xff\xfe", b"."),
    *(b"CON", b"a/../", b"__MACOSX/", b"config.yaml", b"\xc3\xa9", b"e\xcc\x81", b" ", b":ads"),
    *(b"\xe2\x80\xae", b"labeled-data/", b"IMG", b"\r\n", b"/.", b"*", b".DS_Store"),
)
#: Header ids of extra fields: zip64, Unicode path, AES, Unix, NTFS.
_EXTRAS = (0x0001, 0x7075, 0x9901, 0x7875, 0x000A, 0xFFFF)


def mutate_zip(data: bytes, dice: Random) -> bytes:
    """Return the zip with one change."""
    change = dice.choices(
        (_field, _name, _flag, _extra, _swap, _cut, _grow, _prepend, _bytes, _repeat, _mode),
        (30, 14, 6, 6, 6, 4, 4, 3, 12, 6, 6),
    )[0]
    return change(data, dice)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = data.find(b"PK")
    while at >= 0:
        if (mark := data[at : at + 4]) in _FIELDS:
            yield at, mark
        at = data.find(b"PK", at + 1)


def _pick(data: bytes, dice: Random, *marks: bytes) -> tuple[int, bytes] | None:
    found = [each for each in _records(data) if not marks or each[1] in marks]
    return dice.choice(found) if found else None


def _write(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _field(data: bytes, dice: Random) -> bytes:
    record = _pick(data, dice)
    if record is None:
        return _bytes(data, dice)
    offset, size = dice.choice(_FIELDS[record[1]])
    at = record[0] + offset
    old = int.from_bytes(data[at : at + size], "little")
    most = (1 << 8 * size) - 1
    values = (0, 1, most, most - 1, most >> 1, old + 1, old - 1, old * 2, old ^ 1, len(data))
    new = dice.choice((*values, dice.randint(0, most), dice.randint(0, len(data)), 99, 12, 14, 9))
    return _write(data, at, (new & most).to_bytes(size, "little"))


def _name(data: bytes, dice: Random) -> bytes:
    """Write something over the beginning, the end or the whole of a name."""
    record = _pick(data, dice, _LOCAL, _CENTRAL)
    if record is None:
        return _bytes(data, dice)
    length_at, name_at = _NAME_AT[record[1]]
    (length,) = struct.unpack_from("<H", data.ljust(record[0] + name_at), record[0] + length_at)
    new = (dice.choice(_NAMES) * dice.choice((1, 1, 1, 40)))[:length]
    shift = dice.choice((0, 0, max(0, length - len(new)), dice.randint(0, max(0, length - 1))))
    changed = _write(data, record[0] + name_at + shift, new[: length - shift])
    if dice.random() < 0.5:
        return changed
    old = data[record[0] + name_at : record[0] + name_at + length]
    return data.replace(old, changed[record[0] + name_at : record[0] + name_at + length])


def _flag(data: bytes, dice: Random) -> bytes:
    record = _pick(data, dice, _LOCAL, _CENTRAL)
    if record is None:
        return _bytes(data, dice)
    at = record[0] + (6 if record[1] == _LOCAL else 8)
    bits = int.from_bytes(data[at : at + 2], "little") ^ (1 << dice.randrange(16))
    return _write(data, at, bits.to_bytes(2, "little"))


def _mode(data: bytes, dice: Random) -> bytes:
    """Give a member the attributes of a link, a folder, a pipe, a device or of nothing."""
    record = _pick(data, dice, _CENTRAL)
    if record is None:
        return _bytes(data, dice)
    kind = dice.choice((0o120000, 0o040000, 0o010000, 0o020000, 0o060000, 0o140000, 0, 0o170000))
    attributes = (kind | 0o777) << 16 | dice.choice((0, 0x10, 0xFF))
    system = dice.choice((0, 3, 10, 19))
    changed = _write(data, record[0] + 38, attributes.to_bytes(4, "little"))
    return _write(changed, record[0] + 5, bytes([system]))


def _extra(data: bytes, dice: Random) -> bytes:
    """Put an extra field into a member of the directory, whether or not its size then fits."""
    record = _pick(data, dice, _CENTRAL, _LOCAL)
    if record is None:
        return _bytes(data, dice)
    (length_at, name_at), at = _NAME_AT[record[1]], record[0]
    (length, old) = struct.unpack_from("<HH", data.ljust(at + name_at), at + length_at)
    body = dice.randbytes(dice.choice((0, 1, 8, 16, 24, 28, 300)))
    claimed = dice.choice((len(body), len(body), 0, 0xFFFF, len(body) + 1))
    extra = struct.pack("<HH", dice.choice(_EXTRAS), claimed) + body
    end = at + name_at + length
    changed = _write(data, at + length_at + 2, struct.pack("<H", (old + len(extra)) & 0xFFFF))
    return changed[:end] + extra + changed[end:]


def _swap(data: bytes, dice: Random) -> bytes:
    """Give a record the head of another: its sizes, its offset, its name's length."""
    first, second = _pick(data, dice, _CENTRAL), _pick(data, dice, _CENTRAL)
    if first is None or second is None:
        return _bytes(data, dice)
    start, end = dice.choice(((42, 46), (16, 28), (10, 12), (4, 46)))
    return _write(data, first[0] + start, data[second[0] + start : second[0] + end])


def _repeat(data: bytes, dice: Random) -> bytes:
    """Repeat a stretch that begins at a record: members twice, directories with more entries."""
    record = _pick(data, dice)
    if record is None:
        return _bytes(data, dice)
    end = record[0] + dice.choice((22, 46, 80, 120, 400))
    stretch = data[record[0] : end] * dice.choice((1, 1, 2, 50))
    return data[:end] + stretch + data[end:]


def _cut(data: bytes, dice: Random) -> bytes:
    at = dice.randint(0, len(data))
    if dice.random() < 0.5:
        return data[:at]
    return data[: max(0, len(data) - dice.randint(1, 60))]


def _grow(data: bytes, dice: Random) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.choice((b"\0", b"PK\5\6", b"PK\1\2", dice.randbytes(30))) + data[at:]


def _prepend(data: bytes, dice: Random) -> bytes:
    return dice.choice((b"#!/bin/sh\n", b"\0" * 70_000, data[:200], b"MZ", data)) + data


def _bytes(data: bytes, dice: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8)) if changed else 0):
        changed[dice.randrange(len(changed))] = dice.choice((0, 255, dice.randrange(256)))
    return bytes(changed)
