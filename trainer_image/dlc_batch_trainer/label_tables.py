"""The lab's label tables, brought into the one form that DeepLabCut reads without surprises.

A CollectedData_<scorer>.csv has three header rows (scorer, bodyparts, coords; a fourth,
individuals, in multi-animal projects) and one row a frame. Its index is one column
(`labeled-data/<video>/<image>`) or three; Windows wrote backslashes; a copied folder names the
folder it was copied from. Written back: one column, slashes, the folder where the table lies.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from dlc_batch_trainer.errors import UserError

FOLDER = "labeled-data"
_SHOWN = 5  # images named in a message


@dataclass(frozen=True)
class LabelTable:
    """One folder's labels: the video's stem, what is labelled on how many frames, their size."""

    stem: str
    frames: int
    body_parts: frozenset[str]
    width: int  # pixels, of the first frame
    height: int


def mend_label_tables(
    project: Path, scorer: str, members: Sequence[str], mended: list[str]
) -> list[LabelTable]:
    """Normalise every table of this scorer in the unpacked project.

    Args:
        project: the unpacked project, changed in place.
        scorer: config.yaml's.
        members: all files of the upload, to notice labels that would be lost.
        mended: sentences about what was changed are added here.

    Raises:
        UserError: labels would be lost, or a labelled image is missing.
    """
    name = f"CollectedData_{scorer}.csv"
    _refuse_lost_labels(members, name)
    tables = [_mend(path, scorer, mended) for path in sorted(project.glob(f"{FOLDER}/*/{name}"))]
    if sum(table.frames for table in tables) < 2:
        raise UserError(
            f"The project has fewer than two labelled frames in {FOLDER}/*/{name}.",
            "Label more frames; one part of them is kept to score the network.",
        )
    return tables


def require_body_parts(config: Mapping[str, Any], tables: Iterable[LabelTable]) -> None:
    """Refuse a project with body parts that stand in no table, for which DeepLabCut has no word.

    Raises:
        UserError: naming them.
    """
    keys: tuple[str, ...] = ("multianimalbodyparts", "uniquebodyparts")
    if not config.get("multianimalproject"):
        keys = ("bodyparts",)
    wanted = [part for key in keys for part in config.get(key) or ()]
    labelled = frozenset[str]().union(*(table.body_parts for table in tables))
    unknown = [part for part in wanted if part not in labelled]
    if unknown:
        raise UserError(
            f"config.yaml lists body parts that are in no label table: {_listed(unknown)}.",
            f"Label them, or remove them from {' and '.join(keys)}.",
        )


def _refuse_lost_labels(members: Sequence[str], name: str) -> None:
    """Refuse folders whose labels exist, but not in a form or under a name that is read."""
    paths = [PurePosixPath(member) for member in members]
    labelled = {
        p.parent for p in paths if p.parts[0] == FOLDER and p.name.startswith("CollectedData")
    }
    read = {p.parent for p in paths if p.name == name}
    for folder in sorted(labelled - read):
        raise UserError(
            f"{folder} holds labels, but no {name}.",
            f"Save its labels as {name} (DeepLabCut writes the .csv beside the .h5), or remove"
            " the folder from the upload.",
        )


def _mend(path: Path, scorer: str, mended: list[str]) -> LabelTable:
    where = f"{FOLDER}/{path.parent.name}/{path.name}"
    rows = _read(path, where)
    headers = _count_headers(rows, where)
    index_columns = _index_columns(rows[headers:], where)
    _require_even_rows(rows, where)
    body = [_mend_row(row, path.parent.name, index_columns) for row in rows[headers:]]
    head = [[row[0], *row[index_columns:]] for row in rows[:headers]]
    head[0] = ["scorer", *[scorer] * (len(head[0]) - 1)]
    if [*head, *body] != rows:
        mended.append(f"{where}: brought into DeepLabCut's present form.")
    width, height = _require_images(path.parent, body, where)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([*head, *body])
    return LabelTable(path.parent.name, len(body), frozenset(head[-2][1:]), width, height)


def _read(path: Path, where: str) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{where} is not a CSV table in UTF-8.", "Save the labels in DeepLabCut again."
        ) from error


def _count_headers(rows: list[list[str]], where: str) -> int:
    names = [row[0] for row in rows[:4]]
    for headers in (3, 4):
        if names[headers - 1 : headers] == ["coords"] and names[0] == "scorer":
            return headers
    raise UserError(
        f"{where} does not begin with DeepLabCut's rows scorer, bodyparts and coords.",
        "Save the labels in DeepLabCut again.",
    )


def _require_even_rows(rows: list[list[str]], where: str) -> None:
    uneven = [row[0] for row in rows if len(row) != len(rows[0])]
    if uneven:
        raise UserError(
            f"{where} has rows with more or fewer columns than its header: {_listed(uneven)}.",
            "Save the labels in DeepLabCut again.",
        )


def _index_columns(body: list[list[str]], where: str) -> int:
    """1: the path in one column; 3: labeled-data, video and image in three."""
    three = [row[0].strip() == FOLDER for row in body]
    if all(three) and three:
        return 3
    if any(three):
        raise UserError(
            f"{where} names its images in two ways.", "Save the labels in DeepLabCut again."
        )
    return 1


def _mend_row(row: list[str], stem: str, index_columns: int) -> list[str]:
    image = row[index_columns - 1].replace("\\", "/").rpartition("/")[2].strip()
    return [f"{FOLDER}/{stem}/{image}", *row[index_columns:]]


def _require_images(folder: Path, body: list[list[str]], where: str) -> tuple[int, int]:
    """Refuse a table some of whose images are missing or broken; return the first one's size."""
    images = [folder / row[0].rpartition("/")[2] for row in body]
    missing = [image.name for image in images if not image.is_file()]
    if missing:
        raise UserError(
            f"{where} labels {len(missing)} images that the upload lacks: {_listed(missing)}.",
            "Upload the images too (upper and lower case must be the same), or remove the rows.",
        )
    sizes = [_size_of(image) for image in images]
    broken = [image.name for image, size in zip(images, sizes, strict=True) if size is None]
    if broken:
        raise UserError(
            f"{where} labels {len(broken)} images that can't be read: {_listed(broken)}.",
            "Extract these frames again, or remove their rows.",
        )
    return (sizes[0] if sizes else None) or (0, 0)


def _size_of(image: Path) -> tuple[int, int] | None:
    try:
        with Image.open(image) as opened:  # reads the header only
            return opened.size
    except (OSError, Image.DecompressionBombError):
        return None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
