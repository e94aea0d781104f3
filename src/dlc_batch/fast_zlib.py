"""What we use of zlib, from a library that is ten times as fast where there is a wheel of it."""

try:
    from isal.isal_zlib import compressobj, crc32
except ImportError:  # an unusual computer
    from zlib import compressobj, crc32  # type: ignore[assignment]

__all__ = ["compressobj", "crc32"]
