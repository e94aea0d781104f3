"""Brings what training needs of an upload to the disk, without the upload.

The zip's directory is read first; then the members that are taken are fetched by ranges, several
at a time, and inflated and written as they arrive. Neighbours share a range, so that 5,000 small
frames are not 5,000 requests. Neither the disk nor the memory ever holds the zip: each range in
flight keeps two chunks (CHUNK_BYTES) in memory, whatever its members claim.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, cast

from dlc_batch_core.archive import Archive, read_archive
from dlc_batch_core.archive_safety import problem_of_method
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.intake import Intake
from dlc_batch_core.limits import Limits
from dlc_batch_core.member import LOCAL_HEADER_BYTES, Member
from dlc_batch_core.ranged_file import RangedFile
from dlc_batch_trainer.errors import DISK_REMEDY, InfrastructureError
from dlc_batch_trainer.transfer import Pause, RangeStream, Source, Stopped
from dlc_batch_trainer.unpack import unpack_member

#: Ranges fetched at a time: one connection to S3 gives about 80 MB/s, a training host takes
#: 600 MB/s and more. With it the memory is bounded: WORKERS times a few CHUNK_BYTES.
WORKERS = 8
#: Neighbouring members share a range up to here: 100 ms of one connection, some ten times what
#: a request costs; and small enough that all workers end at about the same time.
RANGE_BYTES = 8 << 20
#: Bytes between two members that are rather read than asked around: what one request costs.
GAP_BYTES = 256 << 10
#: The most that a local header's extra field can have (APPNOTE 4.3.7: a length of two bytes), and
#: a data descriptor (4.3.9) besides.
_HEADER_ROOM = (1 << 16) + 24
#: Disk that the data set, snapshots and results need beside the frames, as a multiple of them.
_DISK_FACTOR = 2
#: How long the ranges at work may take to stop, so that none writes where all is being removed.
_STOP_S = 10.0
#: Tells how many bytes of how many are there.
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Range:
    """Members that are fetched with one request."""

    start: int
    end: int
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes that its files have on the disk."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True)
class Ingest:
    """One upload whose directory has been read."""

    source: Source
    archive: Archive
    intake: Intake
    members: tuple[Member, ...]  # those that are taken

    @classmethod
    def begin(cls, source: Source, intake: Intake, limits: Limits) -> Ingest:
        """Read the upload's directory.

        Raises:
            ProjectError: it is no zip, holds what is not safe, or more than is accepted.
        """
        file = RangedFile(lambda start, end: _fetch(source, start, end), source.size, source.name)
        archive = read_archive(cast(IO[bytes], file), source.name, limits)
        if problems := intake.find_problems(archive):
            raise ProjectError(problems)
        return cls(source, archive, intake, intake.members(archive))

    @property
    def root(self) -> str:
        """The project's folder in the zip: "" or "a/b/"."""
        return self.intake.root

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of all files of the project, those left in the zip too, relative to its root."""
        return tuple(m.path.removeprefix(self.root) for m in self.archive.under(self.root))

    @property
    def size(self) -> int:
        """Bytes that are written."""
        return sum(member.size for member in self.members)

    def write(self, target: Path, tell: Tell) -> None:
        """Write the members into an empty folder; each file is there whole, or not at all.

        Raises:
            ProjectError: a member is damaged.
            InfrastructureError: the network failed for long, or the disk is too small.
        """
        require_room(target, self.size * _DISK_FACTOR)
        drafts = target.with_name(target.name + ".drafts")
        for folder in {drafts, *(self._path(target, m).parent for m in self.members)}:
            folder.mkdir(parents=True, exist_ok=True)
        done = 0
        try:
            with closing(self._write_all(target, drafts)) as ranges:
                for written in ranges:
                    done += written
                    tell(done, self.size)
        finally:
            shutil.rmtree(drafts, ignore_errors=True)

    def write_one(self, path: str, target: Path, pause: Pause) -> None:
        """Write one more file of the project, such as a video; it is there whole, or not at all.

        Args:
            path: in the project.
            target: its file; the folder exists.
            pause: see RangeStream.

        Raises:
            ProjectError: the member is damaged, or packed by a method that is not taken.
            InfrastructureError: the network failed for long, or the disk is too small.
            Stopped: nobody wants it any more.
        """
        (member,) = (m for m in self.archive.members if m.path == self.root + path)
        if problem := problem_of_method(member):
            raise ProjectError([problem])
        require_room(target.parent, member.size)
        (wanted,) = plan_ranges([member], self.archive.end_of)
        stream = RangeStream(self.source, wanted.start, wanted.end, pause)
        draft = target.with_name(target.name + ".draft")
        try:
            unpack_member(stream, member, wanted.end, draft, target)
        finally:
            stream.close()
            draft.unlink(missing_ok=True)

    def facts(self) -> dict[str, object]:
        """What identifies the files that were taken, without the zip around them."""
        lines = sorted(
            (m.path.removeprefix(self.root), f"{m.info.CRC:08x}", m.size) for m in self.members
        )
        digest = hashlib.sha256(json.dumps(lines).encode()).hexdigest()
        return {
            "files": len(self.members),
            "bytes": self.size,
            "listing_sha256": digest,
            "listing": "JSON list of [path, CRC-32 as hex, size] of the files taken, sorted",
        }

    def _write_all(self, target: Path, drafts: Path) -> Generator[int, None, None]:
        """Write all ranges, several at a time; yield the size of each one that is done."""
        stop, pool = Event(), ThreadPoolExecutor(WORKERS, "ingest")
        jobs: list[Future[int]] = []
        try:
            ranges = plan_ranges(self.members, self.archive.end_of)
            jobs += [
                pool.submit(self._write_range, each, target, drafts / str(number), stop.wait)
                for number, each in enumerate(ranges)
            ]
            for job in as_completed(jobs):
                yield job.result()
        finally:  # after a failure or a signal nobody goes on; who waits for the network is left
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            wait([job for job in jobs if not job.cancelled()], _STOP_S)

    def _write_range(self, wanted: Range, target: Path, draft: Path, pause: Pause) -> int:
        if pause(0):
            raise Stopped
        stream = RangeStream(self.source, wanted.start, wanted.end, pause)
        try:
            for member in wanted.members:
                end = self.archive.end_of[member.info.header_offset]
                unpack_member(stream, member, end, draft, self._path(target, member))
        finally:
            stream.close()
        return wanted.size

    def _path(self, target: Path, member: Member) -> Path:
        return target / self.intake.place(member)


def plan_ranges(members: Iterable[Member], end_of: dict[int, int]) -> list[Range]:
    """Share the members out into ranges of about RANGE_BYTES, in the zip's order.

    Args:
        end_of: by the offset of a member, where the next one begins.
    """
    ranges: list[Range] = []
    for member in sorted(members, key=lambda m: m.info.header_offset):
        start = member.info.header_offset
        most = start + LOCAL_HEADER_BYTES + _HEADER_ROOM + len(member.info.orig_filename) * 4
        end = min(end_of[start], most + member.info.compress_size)
        last = ranges[-1] if ranges else None
        if last and start - last.end <= GAP_BYTES and end - last.start <= RANGE_BYTES:
            ranges[-1] = Range(last.start, end, (*last.members, member))
        else:
            ranges.append(Range(start, end, (member,)))
    return ranges


def _fetch(source: Source, start: int, end: int) -> bytes:
    stream = RangeStream(source, start, end, Event().wait)
    try:
        return stream.take(end - start)
    finally:
        stream.close()


def require_room(folder: Path, needed: int) -> None:
    """Raise when a folder's disk has no room for so many bytes.

    Raises:
        InfrastructureError: the disk is too small.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InfrastructureError(
            f"The disk has {free / 1e9:.1f} GB free; this project needs {needed / 1e9:.1f} GB.",
            DISK_REMEDY,
        )
