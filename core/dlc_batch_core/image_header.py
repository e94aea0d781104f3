"""The size of an image from its first bytes, as its format's header has it.

Width and height are those of the stored pixels, before any rotation that EXIF asks for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

#: So much of an image holds its size, but for a TIFF with its directory at the end and a JPEG
#: with more than that of EXIF and colour profile before the picture.
HEAD_BYTES = 1 << 16

Size = tuple[int, int]  # width, height in pixels

#: JPEG's start-of-frame markers (T.81, table B.1): C0 to CF without DHT, JPG and DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers without a segment: TEM, restarts, start of image.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN, _END = 0xDA, 0xD9
#: TIFF 6.0: tags of width and height, and how their values are written.
_WIDTH, _HEIGHT = 256, 257
_TIFF_TYPES = {3: "H", 4: "L", 16: "Q"}  # SHORT, LONG, and BigTIFF's LONG8
#: Baseline TIFF has a dozen tags; no reader needs more to find the two.
_MAX_TAGS = 1000


def image_kind(head: bytes) -> str | None:
    """Return "png", "jpeg", "bmp" or "tiff" by the first bytes; None for anything else."""
    return next((kind for kind, (magics, _) in _KINDS.items() if head.startswith(magics)), None)


def image_size(head: bytes) -> Size | None:
    """Return the width and height in pixels.

    Args:
        head: the image's first bytes; `HEAD_BYTES` are enough for what cameras and DeepLabCut
            write.

    Returns:
        None for what is no PNG, JPEG, BMP or TIFF, or does not tell its size within `head`:
        `image_kind` tells the two apart.
    """
    kind = image_kind(head)
    if kind is None:
        return None
    try:
        size = _KINDS[kind][1](head)
    except (struct.error, IndexError, OverflowError):  # cut off, or an offset beyond reason
        return None
    return size if size is not None and min(size) > 0 else None


def _png(head: bytes) -> Size | None:
    # signature 8, then the first chunk: length 4, "IHDR", width 4, height 4 (ISO 15948, 11.2.2)
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">LL", head, 16)
    return width, height


def _bmp(head: bytes) -> Size | None:
    # file header 14, then the size of the second header, which tells its version
    (version,) = struct.unpack_from("<L", head, 14)
    if version == 12:  # BITMAPCOREHEADER
        width, height = struct.unpack_from("<HH", head, 18)
        return width, height
    width, height = struct.unpack_from("<ll", head, 18)
    return width, abs(height)  # below 0: rows from top to bottom


def _jpeg(head: bytes) -> Size | None:
    at = 2
    while True:
        while head[at] == 0xFF and head[at + 1] == 0xFF:  # fill bytes (B.1.1.2)
            at += 1
        marker = head[at + 1]
        if head[at] != 0xFF or marker in (0x00, _SCAN, _END):
            return None
        if marker in _FRAMES:  # length 2, precision 1, height 2, width 2 (B.2.2)
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 if marker in _BARE else 2 + struct.unpack_from(">H", head, at + 2)[0]


def _tiff(head: bytes) -> Size | None:
    order = "<" if head[:2] == b"II" else ">"
    (version,) = struct.unpack_from(order + "H", head, 2)
    found = dict(_tiff_tags(head, order, is_big=version == 43))
    if _WIDTH not in found or _HEIGHT not in found:
        return None
    return found[_WIDTH], found[_HEIGHT]


def _tiff_tags(head: bytes, order: str, is_big: bool) -> Iterator[tuple[int, int]]:
    """Yield width and height from the first directory (TIFF 6.0, section 2; BigTIFF)."""
    number, count_of = ("Q", "Q") if is_big else ("L", "H")
    (at,) = struct.unpack_from(order + number, head, 8 if is_big else 4)
    (count,) = struct.unpack_from(order + count_of, head, at)
    entry = struct.Struct(f"{order}HH{number}")  # tag, type, how many; then the value
    at += struct.calcsize(order + count_of)
    for _ in range(min(count, _MAX_TAGS)):
        tag, kind, _many = entry.unpack_from(head, at)
        if tag in (_WIDTH, _HEIGHT) and kind in _TIFF_TYPES:
            yield tag, struct.unpack_from(order + _TIFF_TYPES[kind], head, at + entry.size)[0]
        at += entry.size + struct.calcsize(order + number)


_KINDS: dict[str, tuple[tuple[bytes, ...], Callable[[bytes], Size | None]]] = {
    "png": ((b"\x89PNG\r\n\x1a\n",), _png),
    "jpeg": ((b"\xff\xd8\xff",), _jpeg),
    "bmp": ((b"BM",), _bmp),
    "tiff": ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff),
}
