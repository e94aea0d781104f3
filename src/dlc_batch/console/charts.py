"""Curves as a page draws them: geometry only, in a square of 1000 by 1000."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SIDE = 1000
#: More points than these can't be seen (our choice).
_POINTS = 400
#: From this ratio on, of the greatest to the least, a scale is by powers of ten.
_DECADES = 20.0
_ROWS = 12  # of the table that says it in numbers


@dataclass(frozen=True)
class Curve:
    """Values of one training by epoch."""

    name: str
    values: Mapping[int, float]


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn."""

    name: str
    points: str  # of an SVG polyline
    last: str
    words: str  # what can be seen


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes."""

    title: str
    lines: tuple[Line, ...]
    most: str
    middle: str
    least: str
    first_place: str
    last_place: str
    place_name: str
    rows: tuple[tuple[str, ...], ...]  # the numbers: place, then a value of each curve

    @property
    def words(self) -> str:
        """Return the chart in a sentence for each curve."""
        return f"{self.title}. " + " ".join(f"{line.name}: {line.words}" for line in self.lines)


def draw(title: str, curves: Sequence[Curve], place_name: str) -> Chart | None:
    """Return a chart; None where no curve has two points.

    Args:
        place_name: what the values are by: epoch or iteration.
    """
    shown = [curve for curve in curves if len(curve.values) > 1]
    if not shown:
        return None
    values = [value for curve in shown for value in curve.values.values()]
    places = [place for curve in shown for place in curve.values]
    least, most = min(values), max(values)
    is_log = least > 0 and most / least > _DECADES
    low, high = _scaled(least, is_log), _scaled(most, is_log)
    if not is_log:
        low = min(0.0, low)  # an error that hardly falls looks so
    x_axis, y_axis = (min(places), max(places)), (low, high if high > low else low + 1.0)
    middle = sum(y_axis) / 2
    return Chart(
        title,
        tuple(_line(curve, x_axis, y_axis, is_log, place_name) for curve in shown),
        number(most),
        number(10**middle if is_log else middle),
        number(least if is_log else y_axis[0]),
        f"{x_axis[0]:,}",
        f"{x_axis[1]:,}",
        place_name,
        tuple(_rows(shown)),
    )


def number(value: float) -> str:
    """Return a value in three digits that mean something."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _line(
    curve: Curve,
    x_axis: tuple[float, float],
    y_axis: tuple[float, float],
    is_log: bool,
    place_name: str,
) -> Line:
    kept = _thinned(list(curve.values.items()), _POINTS)
    pairs = (
        (_share(place, *x_axis), 1 - _share(_scaled(value, is_log), *y_axis))
        for place, value in kept
    )
    points = " ".join(f"{_SIDE * x:.0f},{_SIDE * y:.0f}" for x, y in pairs)
    (first, start), (last, end) = kept[0], kept[-1]
    words = (
        f"{number(start)} at {place_name} {first:,}, {number(end)} at {place_name} {last:,};"
        f" the least is {number(min(curve.values.values()))}."
    )
    return Line(curve.name, points, number(end), words)


def _rows(curves: Sequence[Curve]) -> list[tuple[str, ...]]:
    places = sorted({place for curve in curves for place in curve.values})
    shown = [place for place, _ in _thinned([(place, 0.0) for place in places], _ROWS)]
    return [
        (
            f"{place:,}",
            *(number(c.values[place]) if place in c.values else "" for c in curves),
        )
        for place in shown
    ]


def _thinned(points: list[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """Return so many points at most, the first and the last among them."""
    if len(points) <= most:
        return points
    last = len(points) - 1
    return [points[round(number * last / (most - 1))] for number in range(most)]


def _scaled(value: float, is_log: bool) -> float:
    return math.log10(value) if is_log else value


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.0
