"""The train/test split that the lab made at home, taken over where it still fits.

DeepLabCut's Documentation pickle holds row numbers of the merged label table of its time, and the
images of the frames that train (those without a label are left out, and the test frames are named
nowhere). What its rows were then is found by, in this order:

- the merged table in the folder of the pickle, CollectedData_<scorer>.csv;
- the table as it is merged now, if the named frames stand at just their rows of it;
- the names alone, if it counts as many frames as there are now: those not named score.

Frames that are new since are drawn, by the seed, to keep the train fraction; those of the split
stay on their sides. Frames that the lab's own table has, and its split has on no side, stay left
out. If nothing of this fits, the split is drawn anew. The notes say which of it was done.

The pickle lies outside of the folders that DeepLabCut reads (core's intake.place_of), is read by a
process of its own (split_document.py), and is removed before DeepLabCut does anything.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlc_batch_core.intake import HOME_SPLITS, place_of
from dlc_batch_core.words import counted
from dlc_batch_trainer import split_document
from dlc_batch_trainer.split import Lot, Split, count_test, draw_test

_READER_SECONDS = 60.0  # on a loaded computer; its own limit on the CPU's time is stricter
_MAX_TABLE_BYTES = 64 * 1024**2  # as for the pickle


class UnfitSplitError(Exception):
    """The lab's split can't be taken over; the message says why, without its place."""


@dataclass(frozen=True)
class Document:
    """What DeepLabCut's Documentation pickle tells."""

    frames: tuple[str, ...]  # images that train, in the order of the train rows
    train: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class HomeSplits:
    """The splits that came with the upload, in our copy of the project."""

    project: Path
    task: str
    date: str
    scorer: str
    iteration: int

    @property
    def _dataset(self) -> str:
        """Folder of the data set in the lab's project."""
        name = f"UnaugmentedDataSet_{self.task}{self.date}"
        return f"training-datasets/iteration-{self.iteration}/{name}"

    def percents(self, shuffle: int) -> list[int]:
        """Train fractions, as folders are named by them, for which a shuffle has a split."""
        head = re.escape(f"Documentation_data-{self.task}_")
        name = re.compile(rf"{head}([0-9]{{1,3}})shuffle{shuffle}")
        found = (name.fullmatch(path.name) for path in self._table().parent.glob("*"))
        return sorted(int(each[1]) for each in found if each)

    def take(
        self, shuffle: int, fraction: float, images: Sequence[str], seed: int, notes: list[str]
    ) -> Split | None:
        """Return the split made at home, or None where there is none that fits.

        Args:
            shuffle: its number.
            fraction: config.yaml's train fraction.
            images: of each row of the merged table, as it is now.
            seed: for what must be drawn.
            notes: why a split was not taken over is added here.
        """
        percent = int(100 * fraction)  # as DeepLabCut names its files
        name = f"Documentation_data-{self.task}_{percent}shuffle{shuffle}.pickle"
        path, where = self._place(name), f"{self._dataset}/{name}"
        if not path.is_file():
            return None
        try:
            document = read_document(path)
            sides = find_sides(document, _rows_of_table(self._table()), images)
            return complete(sides, fraction, images, Lot(seed, shuffle), where)
        except UnfitSplitError as error:
            notes.append(f"{where}: the split made at home was not taken over: {error}.")
            return None

    def remove(self) -> None:
        """Remove them from the disk, so that nothing can load them."""
        shutil.rmtree(self.project / HOME_SPLITS, ignore_errors=True)

    def _table(self) -> Path:
        return self._place(f"CollectedData_{self.scorer}.csv")

    def _place(self, name: str) -> Path:
        return self.project / place_of(f"{self._dataset}/{name}")


def read_document(path: Path) -> Document:
    """Read a pickle that nobody may trust, in a process that can do little.

    Raises:
        UnfitSplitError: it is broken, hostile or too large.
    """
    command = [sys.executable, "-I", "-S", split_document.__file__]
    try:
        with path.open("rb") as content:
            done = subprocess.run(  # noqa: S603  # our own program
                command,
                stdin=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_READER_SECONDS,
                env={},
                cwd="/",
                check=False,
            )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise UnfitSplitError("reading it takes too long") from error
    except ValueError as error:  # no answer: the system ended it at one of its limits
        raise UnfitSplitError("reading it takes too much time or memory") from error
    if "refused" in answer:
        why = "".join(c if c.isprintable() else "?" for c in answer["refused"])
        raise UnfitSplitError(f"the file is not as DeepLabCut writes it ({why})")
    return _without_padding(answer)


def _without_padding(answer: Mapping[str, Any]) -> Document:
    train, test = (tuple(n for n in answer[side] if n != -1) for side in ("train", "test"))
    rows = {*train, *test}
    if len(rows) < len(train) + len(test):
        raise UnfitSplitError("a frame stands in it twice")
    if not train or not test or min(rows) < 0 or len(answer["frames"]) > len(train):
        raise UnfitSplitError("its rows are not those of a split")
    return Document(tuple(answer["frames"]), train, test)


@dataclass(frozen=True)
class Sides:
    """The split made at home, by the names of images."""

    train: frozenset[str]
    test: frozenset[str]
    left_out: frozenset[str] = frozenset()


def find_sides(document: Document, table: Sequence[str], images: Sequence[str]) -> Sides:
    """Find the images on each side of the split.

    Args:
        document: DeepLabCut's own record.
        table: images of the rows of the lab's merged table; empty where there is none.
        images: of the rows as they are merged now.

    Raises:
        UnfitSplitError: they can't be told.
    """
    for rows in (table, images):
        if _is_of(document, rows):
            train = frozenset(rows[i] for i in document.train)
            test = frozenset(rows[i] for i in document.test) - train
            known = frozenset(rows) if rows is table else frozenset()
            return Sides(train, test, known - train - test)
    train, now = frozenset(document.frames), frozenset(images)
    if train <= now and len(document.train) + len(document.test) == len(now):
        return Sides(train, now - train)
    raise UnfitSplitError(
        "frames were added, removed or renamed since, and which it kept to score can't be told"
    )


def _is_of(document: Document, rows: Sequence[str]) -> bool:
    """Whether the named frames stand at the train rows, in order; some may have no name."""
    if not document.frames or max(*document.train, *document.test) >= len(rows):
        return False
    named = iter(document.frames)
    expected = next(named)
    for row in document.train:
        if rows[row] == expected:
            expected = next(named, "")
    return expected == ""


def complete(sides: Sides, fraction: float, images: Sequence[str], lot: Lot, where: str) -> Split:
    """Put the frames of today on the sides of the split made at home.

    Raises:
        UnfitSplitError: a side would be empty.
    """
    train = {i for i, image in enumerate(images) if image in sides.train}
    test = {i for i, image in enumerate(images) if image in sides.test}
    out = {i for i, image in enumerate(images) if image in sides.left_out}
    if not train or not test:
        raise UnfitSplitError("none of the frames on one of its sides is there any more")
    new = sorted(set(range(len(images))) - train - test - out)
    wanted = count_test(len(images) - len(out), fraction) - len(test)
    drawn = _draw_new(new, images, wanted, lot)
    gone = len((sides.train | sides.test) - set(images))
    note = (
        f"Split: the one made at home was taken over ({where}): {counted(len(train), 'frames')}"
        f" to train on, {len(test)} to score."
    )
    note += "".join(_changes(len(new), len(drawn), gone, len(out)))
    train |= set(new) - drawn
    test |= drawn
    return Split(fraction, tuple(sorted(train)), tuple(sorted(test)), "home", lot.seed, note)


def _draw_new(new: Sequence[int], images: Sequence[str], wanted: int, lot: Lot) -> set[int]:
    """Return which of the new frames score."""
    if wanted <= 0 or len(new) < 2:
        return set()
    if wanted >= len(new):
        return set(new)
    return {new[i] for i in draw_test([images[row] for row in new], wanted, lot).test}


def _changes(new: int, drawn: int, gone: int, out: int) -> Iterator[str]:
    if gone:
        yield f" {gone} of its frames are not there any more."
    if new:
        yield f" {counted(new, 'new frames')}: {drawn} drawn to score, the others to train on."
    if out:
        yield (
            f" Left out, as at home: {counted(out, 'frames')} on neither of its sides; to use"
            " them, train another shuffle."
        )


def _rows_of_table(path: Path) -> list[str]:
    """Images of the rows of a merged table; none where it can't be read."""
    try:
        if path.stat().st_size > _MAX_TABLE_BYTES:
            return []
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [_image_of(row) for row in csv.reader(file) if row and _is_frame(row[0])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []  # it is there to help; the split may fit without


def _is_frame(cell: str) -> bool:
    return cell.replace("\\", "/").split("/")[0] == "labeled-data"


def _image_of(row: Sequence[str]) -> str:
    """The image's path, which older versions wrote into one cell and newer ones into three."""
    parts = row[:3] if row[0] == "labeled-data" else row[:1]
    return "/".join(parts).replace("\\", "/")
