"""Writes one member of a zip to the disk while its bytes arrive."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from dlc_batch_core.archive_safety import damaged
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.member import LOCAL_HEADER_BYTES, Member
from dlc_batch_core.member_names import raw_name
from dlc_batch_trainer.transfer import CHUNK_BYTES, RangeStream

#: Local header (APPNOTE 4.3.7): signature, version, flags, method, time, date, CRC-32, packed
#: size, size, length of the name, length of the extra field. CRC and sizes are 0 where a data
#: descriptor follows; the directory's are used.
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"


def unpack_member(stream: RangeStream, member: Member, end: int, draft: Path, path: Path) -> None:
    """Write a member to `draft`, and rename it to `path` once its CRC is found to be right.

    Args:
        stream: stands at the member's local header, or before it.
        member: as the directory has it; not a byte more than its size is inflated.
        end: where the next member begins.
        draft: on the same disk as `path`; both folders exist.

    Raises:
        ProjectError: its bytes are not what the directory says.
    """
    stream.skip_to(member.info.header_offset)
    try:
        _pass_header(stream, member, end)
        with draft.open("wb") as file:
            checksum = size = 0
            for piece in _inflated(stream, member):
                size += len(piece)
                _require(size <= member.size, member, "it is larger than the zip says")
                checksum = zlib.crc32(piece, checksum)
                file.write(piece)
    except (zlib.error, EOFError) as error:
        raise ProjectError([damaged(member.path)]) from error
    _require(size == member.size, member, "it is smaller than the zip says")
    _require(checksum == member.info.CRC, member, "its checksum does not fit")
    draft.replace(path)


def _pass_header(stream: RangeStream, member: Member, end: int) -> None:
    header = _LOCAL_HEADER.unpack(stream.take(LOCAL_HEADER_BYTES))
    signature, method, name_length, extra_length = header[0], header[3], header[9], header[10]
    _require(signature == _SIGNATURE, member, "it is not where the zip says")
    is_same = method == member.info.compress_type
    name = stream.take(name_length)
    _require(is_same and name == raw_name(member.info), member, "the zip tells of it in two ways")
    stream.skip_to(stream.position + extra_length)
    fits = stream.position + member.info.compress_size <= end
    _require(fits, member, "its bytes are those of another member too")


def _inflated(stream: RangeStream, member: Member) -> Iterator[bytes | memoryview]:
    """Yield the member's bytes in pieces of at most CHUNK_BYTES."""
    packed = stream.chunks(member.info.compress_size)
    if member.info.compress_type == zipfile.ZIP_STORED:
        yield from packed
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)  # without zlib's own header
    for chunk in packed:
        data: bytes | memoryview = chunk
        while piece := inflater.decompress(data, CHUNK_BYTES):
            yield piece
            data = inflater.unconsumed_tail
        # zlib would gather all that follows the end of its stream
        _require(not inflater.unused_data, member, "bytes follow its end")
    _require(inflater.eof or not member.size, member, "it is cut off")


def _require(holds: bool, member: Member, why: str) -> None:
    if not holds:
        raise ProjectError([damaged(member.path, f"The member is damaged: {why}.")])
