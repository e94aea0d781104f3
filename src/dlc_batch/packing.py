"""A project's folder as the zip that training needs, the same bytes for the same project.

No old models; of the videos those that the request asks to be analysed, and those by which its
cameras are calibrated.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from dlc_batch import fast_zlib
from dlc_batch.zip_writer import Packed, ZipWriter
from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.errors import LabError
from dlc_batch_core.member_names import is_clutter
from dlc_batch_core.project_folder import FolderArchive, files_of
from dlc_batch_core.request import REQUEST_FILE, parse_request
from dlc_batch_core.roots import Roots, find_roots
from dlc_batch_core.videos import is_video

#: Images that are compressed already: a fast deflate finds what little is left in some of them.
_DENSE = (".png", ".jpg", ".jpeg")
_FAST, _THOROUGH = 1, 6  # levels of deflate; 6 is that of `zip`
#: A member that deflate makes no smaller than this share of itself is stored (our choice).
_WORTH = 0.995
#: Larger files are stored piece by piece; no image or table that can be trained is so large.
_MOST_IN_MEMORY = 64 << 20
_MOST_WORKERS = 8  # each has some files in memory


@dataclass(frozen=True)
class PackedFile:
    """One file of a project, and its name in the zip."""

    source: Path
    member: str
    size: int  # bytes
    content: bytes | None = None  # instead of what the file holds


def plan_packing(project: Path, request: str | None = None) -> tuple[PackedFile, ...]:
    """Return what of a project's folder goes into the zip, in a stable order.

    Args:
        project: its folder, or one that holds it and the 3D project beside it.
        request: what goes as dlc-batch.yaml; None: the project's own, where there is one.

    Raises:
        ProjectError: the request can't be read, or there are several projects.
        LabError: the folder is not a DeepLabCut project.
    """
    project = project.resolve()
    archive = FolderArchive(project)
    if not archive.roots():
        raise LabError(
            f"{project} holds no {CONFIG_FILE}, so it is not a DeepLabCut project.",
            f"Name the project's folder: the one that holds {CONFIG_FILE}.",
        )
    roots = find_roots(archive, project.name)
    files = {
        f"{project.name}/{path.relative_to(project).as_posix()}": path
        for path in _wanted(project, archive, roots, request)
    }
    plan = [PackedFile(path, name, path.stat().st_size) for name, path in files.items()]
    if request is not None:
        own, content = f"{project.name}/{roots.root}{REQUEST_FILE}", request.encode()
        plan = [file for file in plan if file.member != own]
        plan.append(PackedFile(project / roots.root / REQUEST_FILE, own, len(content), content))
    return tuple(sorted(plan, key=lambda file: file.member))


def pack(
    files: tuple[PackedFile, ...], target: Path, packed: Callable[[int], object] = lambda _: None
) -> None:
    """Write the zip; `packed` is told the bytes of each file that is in.

    Raises:
        LabError: a file became shorter or longer meanwhile.
        OSError: a file can't be read, or the zip can't be written.
    """
    with target.open("wb") as opened, ZipWriter(opened) as archive:
        for file, member in _in_order(files):
            if member is not None:
                archive.add(file.member, member)
            else:
                with file.source.open("rb") as source:
                    is_whole = archive.store(file.member, source, file.size)
                    if not is_whole or source.read(1):
                        raise _changed(file)
            packed(file.size)


def _in_order(files: tuple[PackedFile, ...]) -> Iterator[tuple[PackedFile, Packed | None]]:
    """Compress files in threads, a few ahead of what is written; None: to be stored in pieces."""
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(workers)  # zlib and files give way to other threads
    waiting: deque[tuple[PackedFile, Future[Packed] | None]] = deque()
    try:
        for file in files:
            is_long = is_video(file.member) or file.size > _MOST_IN_MEMORY
            waiting.append((file, None if is_long else pool.submit(_compress, file)))
            if len(waiting) > 3 * workers:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _done(file: PackedFile, member: Future[Packed] | None) -> tuple[PackedFile, Packed | None]:
    return file, member.result() if member is not None else None


def _compress(file: PackedFile) -> Packed:
    data = file.source.read_bytes() if file.content is None else file.content
    if len(data) != file.size:
        raise _changed(file)
    is_dense = file.source.suffix.lower() in _DENSE
    library, level = (fast_zlib, _FAST) if is_dense else (zlib, _THOROUGH)
    engine = library.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)  # raw, as zips have it
    small = engine.compress(data) + engine.flush()
    checksum = fast_zlib.crc32(data)
    if len(small) < _WORTH * len(data):
        return Packed(zipfile.ZIP_DEFLATED, checksum, len(data), small)
    return Packed(zipfile.ZIP_STORED, checksum, len(data), data)


def _changed(file: PackedFile) -> LabError:
    what = f"{file.source} was changed while it was packed."
    return LabError(what, "Say it again when nothing writes to the project.")


def _wanted(
    project: Path, archive: FolderArchive, roots: Roots, request: str | None
) -> Iterator[Path]:
    """Yield files of what the check sees: with what links lead to, but for a way back."""
    there = {name: path for name, path in files_of(project).items() if not is_clutter(name)}
    if own := there.get(roots.root + REQUEST_FILE):
        yield own
        request = own.read_text(encoding="utf-8-sig") if request is None else request
    asked = parse_request(request or "")
    asked = replace(asked, cameras=roots.cameras(asked.cameras))
    for member in roots.intake(asked.cameras).members(archive):
        if not _is_hidden(member.path):
            yield there[member.path]
    if roots.three_d is not None:
        yield there[roots.three_d.root + CONFIG_FILE]
    of_project = {path.removeprefix(roots.root) for path in there if path.startswith(roots.root)}
    for video in asked.videos(of_project):
        if video.path in of_project:  # one that lies in the bucket does not
            yield there[roots.root + video.path]


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))
