"""A label table: CollectedData_<scorer>.csv of one folder of labeled-data.

Header rows: scorer, individuals (several animals only), bodyparts, coords; then one row a frame.
The index is one column (`labeled-data/<video>/<image>`) or three; Windows wrote backslashes; a
copied folder names the folder it was copied from. Numbers are kept as the lab wrote them.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed, shown

FOLDER = "labeled-data"
#: DeepLabCut's own individual for the body parts that no animal has.
SINGLE = "single"
#: 5,000 frames of 100 body parts; they take 150 MB while read, a third of what submit has.
MAX_CELLS = 1_000_000
#: Rows without a cell cost time too.
MAX_LINES = 200_000
#: A table of so many cells has 20 MB; all of a project stay in memory.
MAX_TABLE_BYTES, MAX_TABLES_BYTES = 32 << 20, 64 << 20
MAX_ALL_CELLS = 1_500_000
#: What pandas takes for "no label", in lower case.
_EMPTY = frozenset({"", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "none"})
_IN_PROJECT = re.compile(rf"{FOLDER}/[^/\\]+/[^/\\]+")
_HEADS = (("scorer", "bodyparts", "coords"), ("scorer", "individuals", "bodyparts", "coords"))

Point = tuple[float, float]


@dataclass(frozen=True)
class Column:
    """What a pair of columns, x and y, is of."""

    individual: str  # empty for a single animal
    body_part: str


@dataclass(frozen=True)
class LabelRow:
    """One frame."""

    line: int  # of the file, from 1
    image: str  # labeled-data/<folder>/<file>
    points: tuple[Point | None, ...]  # pixels, one a column; None: not labelled
    digits: str = field(repr=False)  # the cells as the lab wrote them, joined by commas


@dataclass(frozen=True)
class LabelTable:
    """One folder's labels."""

    where: str
    scorer: str
    individuals: tuple[str, ...]  # empty for a single animal; never DeepLabCut's "single"
    columns: tuple[Column, ...]
    rows: tuple[LabelRow, ...]
    mended: tuple[str, ...] = ()  # sentences for the lab

    @property
    def cells(self) -> int:
        """How many cells it has, empty ones too."""
        return 2 * len(self.columns) * len(self.rows)

    @property
    def folder(self) -> str:
        """The folder's name, which is the video's stem."""
        return self.where.split("/")[-2]

    def to_csv(self) -> str:
        """Return DeepLabCut's present one-column form: the same text for the same labels."""
        lines = [["scorer", *[self.scorer] * (2 * len(self.columns))]]
        if self.individuals or any(column.individual for column in self.columns):
            lines.append(["individuals", *_twice(c.individual for c in self.columns)])
        lines.append(["bodyparts", *_twice(c.body_part for c in self.columns)])
        lines.append(["coords", *["x", "y"] * len(self.columns)])
        target = io.StringIO(newline="")
        writer = csv.writer(target, lineterminator="\n")
        writer.writerows(lines)
        for row in self.rows:
            writer.writerow([row.image, *row.digits.split(",")])
        return target.getvalue()


def parse_labels(text: str, where: str, folder: str) -> LabelTable:
    """Read a label table.

    Args:
        text: the file's content, without byte order mark.
        where: its path in the project; its name tells the scorer.
        folder: the folder of labeled-data in which it lies.

    Raises:
        ProjectError: with every problem found.
    """
    return _Parser(where, folder).parse(text)


@dataclass
class _Parser:
    where: str
    folder: str
    problems: dict[str, Problem] = field(default_factory=dict)  # the first of each code
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def parse(self, text: str) -> LabelTable:
        lines = self._lines(text)
        heads = self._heads(lines)
        index = self._index_columns(heads[-1][1])
        body = lines[len(heads) :]
        kept, columns = self._columns([row for _, row in heads], index, body)
        self._note_short_rows(body, kept[-1] + 1)
        rows = [row for line, cells in body if (row := self._row(line, cells, index, kept))]
        self._require_one_folder(body, index)
        rows = self._without_doubles(rows)
        if self.problems:
            raise ProjectError(self._gathered())
        scorer = self._scorer(heads[0][1][index:])
        individuals = dict.fromkeys(c.individual for c in columns if c.individual)
        return LabelTable(
            self.where,
            scorer,
            tuple(each for each in individuals if each != SINGLE),
            tuple(columns),
            tuple(rows),
            tuple(f"{self.where}: {note}" for note in dict.fromkeys(self.notes)),
        )

    def _fail(self, code: str, what: str, line: int | None = None, remedy: str = "") -> None:
        place = self.where if line is None else f"{self.where}, row {line}"
        self.counts[code] += 1
        if code not in self.problems:
            self.problems[code] = problem(code, place, what, remedy)

    def _stop(self, code: str, what: str, line: int | None = None) -> ProjectError:
        self._fail(code, what, line)
        return ProjectError(self._gathered())

    def _gathered(self) -> list[Problem]:
        """One problem a code: the first of each, and how many more rows have it."""
        return [_with_count(each, self.counts[code] - 1) for code, each in self.problems.items()]

    def _lines(self, text: str) -> list[tuple[int, list[str]]]:
        if text.count(",") > MAX_CELLS or text.count("\n") + text.count("\r") > 2 * MAX_LINES:
            what = f"The table has more than {MAX_CELLS:,} cells or {MAX_LINES:,} rows."
            raise self._stop("labels-too-large", what)
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        try:
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
        except csv.Error as error:
            raise self._stop("label-table-csv", f"It can't be read: {error}.") from error
        filled = [(line, row) for line, row in rows if any(row)]
        if not filled:
            raise self._stop("label-table-csv", "The table is empty.")
        if len(filled) < len(rows):
            self.notes.append("rows without a cell were left out.")
        return filled

    def _heads(self, lines: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
        names = tuple(row[0].lower() for _, row in lines[:4])
        for heads in _HEADS:
            if names[: len(heads)] == heads:
                return lines[: len(heads)]
        if len(lines[0][1]) == 1 and lines[0][1][0].lower().startswith(("scorer;", "scorer\t")):
            what = "The cells are separated by semicolons or tabs, not by commas."
            raise self._stop("label-table-csv", what)
        what = "The table does not begin with DeepLabCut's rows scorer, bodyparts and coords."
        raise self._stop("label-table-headers", what, lines[0][0])

    def _index_columns(self, coords: list[str]) -> int:
        """1: the path in one column; 3: labeled-data, video and image in three.

        DeepLabCut writes both, so neither is anything to tell of.
        """
        if len(coords) > 3 and coords[1] == coords[2] == "" and coords[3]:
            return 3
        return 1

    def _columns(
        self, heads: list[list[str]], index: int, body: list[tuple[int, list[str]]]
    ) -> tuple[list[int], list[Column]]:
        """Return where the x and y of each column stand, and what the columns are of."""
        cells = [list(each) for each in itertools.zip_longest(*heads, fillvalue="")][index:]
        while cells and not any(cells[-1]):
            cells.pop()
        if self._is_wider(body, index + len(cells)):
            raise ProjectError(self._gathered())
        kept = [(index + n, each) for n, each in enumerate(cells) if each[-1] != "likelihood"]
        if len(kept) < len(cells):
            self.notes.append("its columns of likelihoods were left out.")
        columns = []
        for (_, first), (_, second) in zip(kept[::2], kept[1::2], strict=False):
            if first[-1] != "x" or second[-1] != "y" or first[1:-1] != second[1:-1]:
                raise self._stop("label-table-columns", _not_a_pair(first, second))
            if not all(first[1:-1]):
                raise self._stop("label-table-columns", "A pair of columns has no body part.")
            columns.append(Column(first[1] if len(first) == 4 else "", first[-2]))
        if len(kept) % 2 or not kept:
            what = f"The header names {len(kept)} columns: not pairs of x and y."
            raise self._stop("label-table-columns", what)
        self._require_different(columns)
        return [place for place, _ in kept], columns

    def _is_wider(self, body: list[tuple[int, list[str]]], width: int) -> bool:
        for line, row in body:
            if any(row[width:]):
                what = f"The row has more cells than the header, which has {width}."
                self._fail("label-table-columns", what, line)
        return bool(self.problems)

    def _require_different(self, columns: list[Column]) -> None:
        seen: set[Column] = set()
        for column in columns:
            if column in seen:
                name = " of ".join(filter(None, (column.body_part, column.individual)))
                raise self._stop("label-column-twice", f"{shown(name)} has two pairs of columns.")
            seen.add(column)

    def _note_short_rows(self, body: list[tuple[int, list[str]]], width: int) -> None:
        # Excel leaves empty cells at the end of rows out; that nothing was lost can't be told
        if short := [line for line, row in body if len(row) < width]:
            self.notes.append(
                f"cells missing at the end of rows {listed(short)} were taken as empty."
            )

    def _row(self, line: int, cells: list[str], index: int, kept: list[int]) -> LabelRow | None:
        image = self._image(line, cells, index)
        if image is None:
            return None
        width = len(cells)
        picked = [cells[place] if place < width else "" for place in kept]
        digits = ["" if each and each.lower() in _EMPTY else each for each in picked]
        pairs = zip(digits[::2], digits[1::2], strict=True)
        points = []
        for x, y in pairs:
            point = _point(x, y)
            points.append(point)
            if point is None and (x or y):
                self._tell_no_point(x, y, line)
        return LabelRow(line, image, tuple(points), ",".join(digits))

    def _tell_no_point(self, x: str, y: str, line: int) -> None:
        if x and y:
            wrong = x if _number(x) is None else y
            self._fail("label-number", f"{shown(wrong)} is not a number.", line)
        else:
            what = f"A label has only one coordinate: {shown(x + y)}."
            self._fail("label-half", what, line)

    def _image(self, line: int, cells: list[str], index: int) -> str | None:
        is_split = cells[0] == FOLDER
        if is_split != (index == 3) or len(cells) < index:
            what = "The row names its image in another way than the header: one column or three."
            self._fail("label-index", what, line)
            return None
        path = cells[index - 1].replace("\\", "/")
        name = unicodedata.normalize("NFC", path.rpartition("/")[2].strip())  # as a member's path
        if name in ("", ".", "..") or "\0" in name:
            self._fail("label-index", "The row names no image.", line)
            return None
        if index == 1 and not _IN_PROJECT.fullmatch(cells[0]):
            self.notes.append("its paths were made those of the project.")
        return f"{FOLDER}/{self.folder}/{name}"

    def _require_one_folder(self, body: list[tuple[int, list[str]]], index: int) -> None:
        """A copied folder names the one it was copied from; several folders are a merged table."""
        named = dict.fromkeys(name for _, row in body if (name := _folder_of(row, index)))
        if len(named) > 1:
            what = f"Its rows are of {len(named)} folders: {listed(named)}."
            self._fail("label-index", what)
        elif named and self.folder not in named:
            self.notes.append(f"its rows named the folder {shown(next(iter(named)))}.")

    def _without_doubles(self, rows: list[LabelRow]) -> list[LabelRow]:
        first: dict[str, LabelRow] = {}
        for row in rows:
            other = first.setdefault(row.image, row)
            if other.points != row.points:
                name = row.image.rpartition("/")[2]
                what = f"{shown(name)} is labelled in row {other.line} too, differently."
                self._fail("label-row-twice", what, row.line)
            elif other is not row:
                self.notes.append("rows that stood there twice were left out.")
        return list(first.values())

    def _scorer(self, written: list[str]) -> str:
        name = self.where.rpartition("/")[2].removesuffix(".csv")
        scorer = name.removeprefix("CollectedData_")
        if {each for each in written if each} - {scorer}:
            self.notes.append(f"its scorer was set to {scorer}, as its name has it.")
        return scorer


def _point(x: str, y: str) -> Point | None:
    if not x or not y or (first := _number(x)) is None or (second := _number(y)) is None:
        return None
    return first, second


def _number(cell: str) -> float | None:
    if "_" in cell or not cell.isascii():  # Python reads 1_0 and other scripts' digits
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _folder_of(row: list[str], index: int) -> str:
    if index == 3:
        return row[1] if len(row) > 1 else ""
    parts = row[0].replace("\\", "/").split("/")
    return parts[-2] if len(parts) > 1 else ""


def _not_a_pair(first: list[str], second: list[str]) -> str:
    names = " and ".join(shown(" ".join(filter(None, each[1:]))) for each in (first, second))
    return f"These two columns are no x and y of one body part: {names}."


def _with_count(each: Problem, more: int) -> Problem:
    if not more:
        return each
    what = f"{each.what} So it is {more} more times in this table."
    return Problem(each.code, each.where, what, each.remedy, each.severity)


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name in names for _ in range(2)]
