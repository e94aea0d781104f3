"""What of a zip must not be unpacked: told from its directory, before a member is read.

Where a member is unsafe, the whole zip is refused: leaving it out would lose data in silence.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable, Iterator, Sequence

from dlc_batch_core.limits import GIB, MIB, Limits
from dlc_batch_core.member import LOCAL_HEADER_BYTES, Member
from dlc_batch_core.member_names import (
    fold,
    has_controls,
    leads_outside,
    path_of,
    raw_name,
    shown,
)
from dlc_batch_core.problems import Problem
from dlc_batch_core.videos import is_video

#: General purpose flags (APPNOTE 4.4.4): encrypted, strongly encrypted, directory encrypted.
_ENCRYPTED = 0x1 | 0x40 | 0x2000
#: The methods that need no memory of the archiver's choosing: an LZMA member may ask for 4 GB.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ANEW = "Zip the project folder anew, with the file manager or `zip -r`, and upload it again."


def find_dangers(
    members: Sequence[Member], folders: Iterable[str], limits: Limits
) -> list[Problem]:
    """Find what is unsafe about a zip's members.

    Args:
        members: the files, without clutter.
        folders: paths of the zip's entries for folders.
        limits: what a name may be.
    """
    found = [problem for member in members for problem in _dangers_of(member, limits)]
    return found + _collisions(members) + _files_that_are_folders(members, folders)


def find_overlaps(infos: Sequence[zipfile.ZipInfo], directory_start: int) -> list[Problem]:
    """Find members whose bytes are those of another: one kernel inflated many times over.

    A member takes at least its header, its name and its packed bytes: what else follows (a longer
    extra field, a data descriptor) can't be told from the directory. Every member counts.
    """
    spans = sorted((info.header_offset, _least_end(info), path_of(info)) for info in infos)
    starts = [*(start for start, _, _ in spans[1:]), directory_start]
    bad = [
        path
        for (start, end, path), following in zip(spans, starts, strict=bool(spans))
        if start < 0 or end > following
    ]
    return [_overlap(bad)] if bad else []


def find_excess(members: Sequence[Member], limits: Limits) -> list[Problem]:
    """Find what is too large among the members that are unpacked.

    The sizes are the directory's. They hold: nobody inflates a member beyond its declared size,
    and members that do not overlap can't be packed in more bytes than the zip has.
    """
    large = [
        _too_large(m, limits)
        for m in members
        if m.size > limits.file_bytes and not is_video(m.path)  # a video is read frame by frame
    ]
    total, packed = sum(m.size for m in members), sum(m.info.compress_size for m in members)
    if total > limits.total_bytes:
        large.append(_too_much(members[0], total, limits))
    elif total > max(limits.ratio_free_bytes, limits.ratio * packed):
        large.append(_bomb(members, total // max(packed, 1), limits))
    return large


def problem_of_method(member: Member) -> Problem | None:
    """Return what is wrong with how a member is compressed, if it can't be unpacked."""
    if member.info.compress_type in _METHODS:
        return None
    what = "The member is compressed in a way that can't be unpacked here."
    remedy = "Zip with the usual method, Deflate: not LZMA, BZip2 or Deflate64."
    return Problem("zip-compression", member.path, what, remedy)


def too_many(name: str, limits: Limits) -> Problem:
    """Return the problem of a zip with more members than are accepted."""
    what = f"The zip holds more than {limits.members:,} files."
    remedy = "Zip only the project: config.yaml, labeled-data and, if wanted, videos."
    return Problem("zip-too-many-members", name, what, remedy)


def damaged(path: str, what: str = "") -> Problem:
    """Return the problem of a member whose bytes are not what the zip says."""
    said = what or "The member is damaged: it can't be unpacked, or its checksum does not fit."
    return Problem("zip-damaged", path, said, "Zip the project anew and upload it again.")


def _dangers_of(member: Member, limits: Limits) -> Iterator[Problem]:
    path = shown(member.path)
    kind = stat.S_IFMT(member.info.external_attr >> 16)
    if not member.path or leads_outside(member.path):
        what = "The member's path leads outside the project."
        yield Problem("zip-unsafe-path", path, what, "Zip the project folder anew, from outside.")
    elif has_controls(member.path):
        what = "The member's name holds a control character, such as a line break."
        yield Problem("zip-unsafe-path", path, what, "Rename the file or its folder.")
    elif not _fits(member.path, limits):
        most = f"{limits.name_bytes} bytes, or its path more than {limits.path_bytes}"
        what = f"The member's name has more than {most}."
        yield Problem("zip-name-too-long", path, what, "Give the file or its folder a short name.")
    elif kind == stat.S_IFLNK:
        what = "The member is a link, not a file."
        remedy = "Zip without `-y`, so that the zip holds the file that the link points to."
        yield Problem("zip-link", path, what, remedy)
    elif kind not in (0, stat.S_IFREG):
        what = "The member is a device, a pipe or a socket, not a file."
        yield Problem("zip-special-file", path, what, "Remove it from the folder, and zip anew.")
    elif member.info.flag_bits & _ENCRYPTED:
        what = "The member is encrypted."
        yield Problem("zip-encrypted", path, what, "Zip without a password.")


def _fits(path: str, limits: Limits) -> bool:
    names = (len(part.encode("utf-8", "surrogatepass")) for part in path.split("/"))
    sizes = list(names)
    is_short = sum(sizes) + len(sizes) - 1 <= limits.path_bytes
    return is_short and max(sizes) <= limits.name_bytes


def _collisions(members: Iterable[Member]) -> list[Problem]:
    seen: dict[str, Member] = {}
    problems = []
    for member in members:
        first = seen.setdefault(fold(member.path), member)
        if first is not member and member.path:
            problems.append(_collision(member, first))
    return problems


def _collision(member: Member, first: Member) -> Problem:
    is_form = member.path == first.path and member.info.orig_filename != first.info.orig_filename
    remedy = "Rename or remove one of the two."
    if is_form and not member.path.isascii():
        what = "The zip holds the same name twice, its letters with accents written in two ways."
        return Problem("zip-unicode-collision", member.path, what, remedy)
    what = f"The zip holds another member of the same name, case apart: {first.path}."
    return Problem("zip-case-collision", member.path, what, remedy)


def _files_that_are_folders(members: Iterable[Member], folders: Iterable[str]) -> list[Problem]:
    parents = {fold(path.rstrip("/")) for path in folders}
    files = list(members)
    for member in files:
        parent = member.path.rpartition("/")[0]
        while parent and fold(parent) not in parents:
            parents.add(fold(parent))
            parent = parent.rpartition("/")[0]
    return [_file_and_folder(m.path) for m in files if m.path and fold(m.path) in parents]


def _file_and_folder(path: str) -> Problem:
    what = "The zip holds a file and a folder of the same name."
    return Problem("zip-file-is-folder", path, what, "Rename or remove one of the two.")


def _least_end(info: zipfile.ZipInfo) -> int:
    name = len(raw_name(info))
    return info.header_offset + LOCAL_HEADER_BYTES + name + info.compress_size


def _overlap(paths: Sequence[str]) -> Problem:
    what = f"{len(paths):,} members share bytes with others, as in a zip bomb, or lie outside it."
    return Problem("zip-overlap", shown(paths[0]), what, _ANEW)


def _too_large(member: Member, limits: Limits) -> Problem:
    what = (
        f"The file has {member.size / MIB:,.0f} MiB; at most {limits.file_bytes // MIB} are taken."
    )
    return Problem(
        "zip-file-too-large", member.path, what, "Crop or compress it, or leave it out."
    )


def _too_much(first: Member, total: int, limits: Limits) -> Problem:
    folder = first.path.partition("/")[0]
    what = f"Labels and images have {total / GIB:,.1f} GiB; {limits.total_bytes // GIB} are taken."
    remedy = "Leave frames out, or ask your admin to raise MaxProjectGiB of the stack."
    return Problem("zip-too-large", folder, what, remedy)


def _bomb(members: Sequence[Member], ratio: int, limits: Limits) -> Problem:
    worst = max(members, key=lambda m: m.size / max(m.info.compress_size, 1))
    what = (
        f"Labels and images are {ratio:,} times as large unpacked as in the zip; {limits.ratio}"
        " times is accepted."
    )
    remedy = "Save frames as PNG; if the zip is not your own, do not open it: it may be a bomb."
    return Problem("zip-ratio", worst.path, what, remedy)
