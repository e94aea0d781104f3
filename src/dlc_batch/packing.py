"""A project's folder as the zip that training needs: no videos, no old models."""

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
from dlc_batch_core.request import REQUEST_FILE

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
        ProjectError: labels would be lost.
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

    Images are compressed already, and are stored as they are.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file in files:
            is_image = file.source.suffix.lower() in IMAGES
            method = zipfile.ZIP_STORED if is_image else zipfile.ZIP_DEFLATED
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


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
