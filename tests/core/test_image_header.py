"""The size of an image from its first bytes; Pillow, which makes the images, is the oracle."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dlc_batch_core.image_header import HEAD_BYTES, image_kind, image_size

SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 40)) | st.tuples(
    st.integers(1, 40), st.integers(1, 3000)
)
MODES = {
    "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "jpeg": ("L", "RGB", "CMYK"),
    "bmp": ("1", "L", "P", "RGB"),
    "tiff": ("1", "L", "P", "RGB", "RGBA", "I;16", "F"),
}
KINDS = st.sampled_from([(kind, mode) for kind, modes in MODES.items() for mode in modes])


def made(size: tuple[int, int], kind: str, mode: str, **options: object) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size).save(target, kind, **options)
    return target.getvalue()


@given(SIZES, KINDS)
def test_it_agrees_with_pillow(size: tuple[int, int], kind_and_mode: tuple[str, str]) -> None:
    kind, mode = kind_and_mode
    data = made(size, kind, mode)
    assert image_kind(data) == kind
    assert image_size(data[:HEAD_BYTES]) == size


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("jpeg", {"progressive": True}),
        ("jpeg", {"exif": Image.Exif().tobytes() + bytes(30_000), "comment": b"c" * 20_000}),
        ("tiff", {"big_tiff": True}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("tiff", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_variants(kind: str, options: dict[str, object]) -> None:
    data = made((321, 123), kind, "RGB", **options)
    assert image_size(data[:HEAD_BYTES]) == (321, 123)


def test_variants_that_pillow_does_not_write() -> None:
    from_top = struct.pack("<2sLLLLll", b"BM", 0, 0, 54, 40, 30, -20)
    old = struct.pack("<2sLLLLHH", b"BM", 0, 0, 26, 12, 30, 20)
    big_endian = struct.pack(">2sHLH", b"MM", 42, 8, 2)
    tags = struct.pack(">HHLHH", 256, 3, 1, 30, 0) + struct.pack(">HHLL", 257, 4, 1, 20)
    filled = b"\xff\xd8\xff\xff\xff\xc0" + struct.pack(">HBHH", 17, 8, 20, 30)
    for head in (from_top, old, big_endian + tags, filled):
        assert image_size(head) == (30, 20)


def test_what_does_not_tell() -> None:
    far = struct.pack("<2sHL", b"II", 42, 10 * HEAD_BYTES)  # its directory is at the end
    assert (image_kind(far), image_size(far)) == ("tiff", None)
    assert (image_kind(b"GIF89a"), image_size(b"GIF89a")) == (None, None)
    assert image_size(b"") is None
    assert image_size(made((5, 5), "png", "L").replace(b"IHDR", b"JHDR")) is None


@given(st.sampled_from(sorted(MODES)), st.data())
def test_what_is_cut_off_or_changed_is_no_crash(kind: str, data: st.DataObject) -> None:
    head = bytearray(made((33, 44), kind, "L"))
    for _ in range(data.draw(st.integers(0, 4))):
        head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    size = image_size(bytes(head[: data.draw(st.integers(0, len(head)))]))
    assert size is None or min(size) > 0


@given(st.sampled_from([b"\xff\xd8\xff", b"II*\0", b"MM\0+", b"BM", b""]), st.binary(max_size=300))
def test_rubbish_is_no_crash(magic: bytes, rest: bytes) -> None:
    image_size(magic + rest)
