"""The names of a zip's members, as every computer agrees on them."""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
import zlib

#: What archivers and desktops add beside the project: not part of it.
_CLUTTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$|Icon\r$)")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_IS_UTF8 = 0x800  # general purpose flag, bit 11 (APPNOTE 4.4.4)
_UNICODE_PATH = 0x7075  # extra field of Info-ZIP (APPNOTE 4.6.9)
_FIELD = struct.Struct("<HH")  # of an extra field: its id, the bytes that follow
_UNICODE_HEAD = struct.Struct("<BL")  # version 1, CRC-32 of the name in the header


def raw_name(info: zipfile.ZipInfo) -> bytes:
    """Return the name as it stands in the directory."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & _IS_UTF8 else "cp437")


def path_of(info: zipfile.ZipInfo) -> str:
    """Return a member's path: slashes, Unicode composed (NFC), folders with a / at their end.

    zipfile cuts names at a NUL; Windows archivers of old wrote backslashes; a//b and a/./b are
    the same file as a/b once unpacked; macOS decomposes letters with accents, others do not.
    """
    path = unicodedata.normalize("NFC", _decode(info)).replace("\\", "/")
    top = "/" if path.startswith("/") else ""
    end = "/" if path.endswith(("/", "/.")) else ""
    return top + "/".join(part for part in path.split("/") if part not in ("", ".")) + end


def is_clutter(path: str) -> bool:
    """Whether an archiver or a desktop added the file, and no person."""
    return _CLUTTER.search(path) is not None


def leads_outside(path: str) -> bool:
    """Whether the path leaves the folder that it would be unpacked in."""
    is_absolute = path.startswith("/") or _DRIVE.match(path) is not None
    return is_absolute or ".." in path.split("/") or "\0" in path


def has_controls(path: str) -> bool:
    """Whether the path holds what would act on a terminal, a log or a mail that shows it."""
    return _CONTROL.search(path) is not None


def shown(path: str) -> str:
    """Return the path as a message may hold it: never empty, nothing that acts when printed."""
    if path.isprintable() and path:
        return path
    safe = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
    return "".join(safe) or "(a member without a name)"


def fold(path: str) -> str:
    """Return what two paths share that are one file where case does not matter."""
    return unicodedata.normalize("NFC", path.casefold())


def _decode(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _IS_UTF8 or info.orig_filename.isascii():
        return info.orig_filename
    raw = raw_name(info)
    for encoded in (_unicode_path(info.extra, raw), raw):  # Linux's zip writes UTF-8 unmarked
        try:
            return encoded.decode() if encoded else info.orig_filename
        except UnicodeDecodeError:
            continue
    return info.orig_filename  # code page 437, as the format has it


def _unicode_path(extra: bytes, raw: bytes) -> bytes:
    """Return the UTF-8 name of the extra field; what `raw` is where there is none."""
    at = 0
    while at + _FIELD.size <= len(extra):
        kind, size = _FIELD.unpack_from(extra, at)
        body = extra[at + _FIELD.size : at + _FIELD.size + size]
        at += _FIELD.size + size
        if kind == _UNICODE_PATH and len(body) > _UNICODE_HEAD.size:
            version, checksum = _UNICODE_HEAD.unpack_from(body)
            if version == 1 and checksum == zlib.crc32(raw):  # else the name was changed since
                return body[_UNICODE_HEAD.size :]
    return raw
