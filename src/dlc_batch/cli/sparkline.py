"""A small curve, in characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*#%"


def sparkline(values: Sequence[float], width: int, encoding: str | None = "utf-8") -> str:
    """Return a curve of values from its least to its greatest; empty for fewer than two.

    Args:
        width: most characters; more values than that are averaged.
        encoding: of where it is shown: where it lacks the block characters, ASCII does.
    """
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2 or width < 2:
        return ""
    points = _averaged(finite, width)
    least, most = min(points), max(points)
    steps = _BLOCKS if _has_blocks(encoding) else _ASCII
    scale = (len(steps) - 1) / (most - least) if most > least else 0.0
    return "".join(steps[round((value - least) * scale)] for value in points)


def _averaged(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    edges = [number * len(values) // most for number in range(most + 1)]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]


def _has_blocks(encoding: str | None) -> bool:
    try:
        _BLOCKS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
