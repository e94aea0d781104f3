"""Labels that look like slips: left and right swapped, the same frame again and again."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from dlc_batch_core.catalogue import problem
from dlc_batch_core.labels import Column, LabelRow, LabelTable, Point
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed

#: Of a name: the word left or right, or the letter set apart (ear_L, L-ear, earL, L ear).
_SIDE = re.compile(r"(?i:(left|right))|(?:^|(?<=[\W_\da-z]))([LR])(?=$|[\W_\d])|"
                   r"(?:^|(?<=[\W_\d]))([lr])(?=$|[\W_\d])")  # fmt: skip
#: So many frames tell which way round is the usual one; our choice, as all of these.
_LEAST_FRAMES = 20
#: A part is on a side if the angle off the body's axis has at least this sine.
_LEAST_SINE = 0.3
#: If more frames are the other way round, the animal is seen from both sides: no slip.
_MOST_SWAPPED = 0.1
#: Two frames are nearly the same if no label moved by more pixels.
_NEAR_PIXELS = 0.5
#: Comparisons a table: enough for 5,000 frames that differ, an end where all are alike.
_MOST_COMPARISONS = 100_000


def find_suspicions(tables: Sequence[LabelTable]) -> list[Problem]:
    """Find what may be a slip in the labels."""
    return [found for table in tables for found in (*_swaps(table), *_near_doubles(table))]


def _swaps(table: LabelTable) -> Iterator[Problem]:
    for individual in dict.fromkeys(column.individual for column in table.columns):
        places = {
            c.body_part: n for n, c in enumerate(table.columns) if c.individual == individual
        }
        for left, right in _pairs(tuple(places)):
            axis = _axis(table, places)
            if axis is None:
                continue
            turns = [(row, _turn(row, places[left], places[right], *axis)) for row in table.rows]
            swapped = _odd_ones([(row, turn) for row, turn in turns if turn])
            if swapped:
                names = listed(row.image.rpartition("/")[2] for row in swapped)
                what = f"{left} and {right} lie the other way round than usual in {names}."
                place = f"{table.where}, row {swapped[0].line}"
                yield problem("left-right-swapped", place, what)


def _pairs(parts: Sequence[str]) -> list[tuple[str, str]]:
    sides: dict[str, dict[str, str]] = defaultdict(dict)
    for part in parts:
        if (found := _SIDE.search(part)) is not None:
            side = found[0][0].lower()
            sides[_SIDE.sub("*", part, count=1)][side] = part
    return [(each["l"], each["r"]) for each in sides.values() if len(each) == 2]


def _axis(table: LabelTable, places: dict[str, int]) -> tuple[int, int] | None:
    """Two parts in the middle of the body, the ones that are labelled most often."""
    paired = {name for pair in _pairs(tuple(places)) for name in pair}
    middle = [place for name, place in places.items() if name not in paired]
    counts = {place: sum(1 for row in table.rows if row.points[place]) for place in middle}
    best = sorted(middle, key=lambda place: -counts[place])[:2]
    return (best[0], best[1]) if len(best) == 2 else None


def _turn(row: LabelRow, left: int, right: int, front: int, back: int) -> int:
    """1 or -1: on which side of the axis right is of left; 0: it can't be told."""
    points = [row.points[place] for place in (left, right, front, back)]
    if any(point is None for point in points):
        return 0
    across, along = _between(points[0], points[1]), _between(points[2], points[3])
    sine = across[0] * along[1] - across[1] * along[0]
    length = ((across[0] ** 2 + across[1] ** 2) * (along[0] ** 2 + along[1] ** 2)) ** 0.5
    return 0 if abs(sine) <= _LEAST_SINE * length else (1 if sine > 0 else -1)


def _between(first: Point | None, second: Point | None) -> Point:
    (x, y), (u, v) = first or (0.0, 0.0), second or (0.0, 0.0)
    return max(-1e9, min(1e9, u - x)), max(-1e9, min(1e9, v - y))  # whose square is a number


def _odd_ones(turns: list[tuple[LabelRow, int]]) -> list[LabelRow]:
    sides = [[row for row, turn in turns if turn == side] for side in (1, -1)]
    fewer = min(sides, key=len)
    is_slip = len(turns) >= _LEAST_FRAMES and len(fewer) <= _MOST_SWAPPED * len(turns)
    return fewer if is_slip else []


def _near_doubles(table: LabelTable) -> Iterator[Problem]:
    found = list(_doubles(table.rows, table.columns))
    if found:
        first, second = found[0]
        names = [row.image.rpartition("/")[2] for row in (first, second)]
        what = f"{names[0]} and {names[1]} have the same labels, to within {_NEAR_PIXELS} pixels"
        what += f"; so have {len(found) - 1} more pairs." if len(found) > 1 else "."
        yield problem("rows-nearly-same", f"{table.where}, row {second.line}", what)


def _doubles(
    rows: Sequence[LabelRow], columns: Sequence[Column]
) -> Iterator[tuple[LabelRow, LabelRow]]:
    """Pairs of rows that are nearly the same; each row is the second of one pair at most."""
    cells: dict[tuple[object, ...], list[LabelRow]] = defaultdict(list)
    left = _MOST_COMPARISONS * 50 // max(len(columns), 50)
    for row in rows:
        marks = tuple(point is not None for point in row.points)
        if sum(marks) < 2:
            continue
        x, y = (int(each // _NEAR_PIXELS) for each in next(p for p in row.points if p))
        near = [
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in cells.get((marks, x + dx, y + dy), ())
        ]
        left -= len(near)
        if left < 0:
            return
        twin = next((other for other in near if _are_near(row, other)), None)
        if twin is not None:
            yield twin, row
        cells[marks, x, y].append(row)


def _are_near(row: LabelRow, other: LabelRow) -> bool:
    return all(
        abs(a[0] - b[0]) <= _NEAR_PIXELS and abs(a[1] - b[1]) <= _NEAR_PIXELS
        for a, b in zip(row.points, other.points, strict=True)
        if a is not None and b is not None
    )
