"""A project's folder as the zip that training needs.

No old models; of the videos those that the request asks to be analysed.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.errors import LabError
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.labels import FOLDER
from dlc_batch_core.member_names import is_clutter
from dlc_batch_core.project_folder import files_of
from dlc_batch_core.request import REQUEST_FILE, parse_request
from dlc_batch_core.videos import chosen, is_video

#: Settings and split of the shuffles that the lab made at home; the trainer honours them.
_FROM_HOME = (
    "dlc-models-pytorch/*/*/train/pytorch_config.yaml",
    "training-datasets/*/*/metadata.yaml",
    "training-datasets/*/*/Documentation_data-*.pickle",
    "training-datasets/*/*/CollectedData_*.csv",
)


@dataclass(frozen=True)
class PackedFile:
    """One file of a project, and its name in the zip."""

    source: Path
    member: str
    size: int  # bytes


def plan_packing(project: Path) -> tuple[PackedFile, ...]:
    """Return what of a project's folder goes into the zip, in a stable order.

    Raises:
        ProjectError: the request can't be read.
        LabError: the folder is not a DeepLabCut project.
    """
    project = project.resolve()
    if not (project / CONFIG_FILE).is_file():
        raise LabError(
            f"{project} holds no {CONFIG_FILE}, so it is not a DeepLabCut project.",
            f"Name the project's folder: the one that holds {CONFIG_FILE}.",
        )
    sources = sorted({path for path in _wanted(project) if path.is_file()})
    names = [f"{project.name}/{path.relative_to(project).as_posix()}" for path in sources]
    return tuple(PackedFile(p, n, p.stat().st_size) for p, n in zip(sources, names, strict=True))


def pack(
    files: tuple[PackedFile, ...], target: Path, packed: Callable[[int], object] = lambda _: None
) -> None:
    """Write the zip; `packed` is told the bytes of each file that is in.

    Images and videos are compressed already, and are stored as they are.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file in files:
            is_dense = file.source.suffix.lower() in IMAGES or is_video(file.member)
            method = zipfile.ZIP_STORED if is_dense else zipfile.ZIP_DEFLATED
            archive.write(file.source, file.member, compress_type=method)
            packed(file.size)


def _wanted(project: Path) -> Iterator[Path]:
    yield project / CONFIG_FILE
    yield project / REQUEST_FILE
    for pattern in _FROM_HOME:
        yield from project.glob(pattern)
    # with what links lead to, as `zip -r` does
    for folder, _, names in os.walk(project / FOLDER, followlinks=True):
        for path in (Path(folder, name) for name in names):
            is_wanted = path.suffix.lower() in (".csv", *IMAGES)
            if is_wanted and not _is_hidden(path.relative_to(project)):
                yield path
    yield from _wanted_videos(project)


def _wanted_videos(project: Path) -> Iterator[Path]:
    request = project / REQUEST_FILE
    if not request.is_file():
        return
    asked = parse_request(request.read_text(encoding="utf-8-sig")).analyze_videos
    if not asked:
        return
    there = {name: path for name, path in files_of(project).items() if not is_clutter(name)}
    for video in chosen(asked, there):
        if video.path in there:  # one that lies in the bucket does not
            yield there[video.path]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
