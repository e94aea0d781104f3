"""Names and numbers in the words of a message: short, and on one line."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST, _MOST = 60, 5


def shown(name: object) -> str:
    """Return a name as a message has it."""
    text = " ".join(str(name).split())  # a name may hold line ends
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def listed(names: Iterable[object], most: int = _MOST) -> str:
    """Return the first names, and how many more there are."""
    every = [shown(name) for name in names]
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")


def percent(share: float) -> str:
    """Return a share of one as a percentage of two digits at the least: `8.5 %`, `184 %`."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def counted(count: int, things: str) -> str:
    """Return so many of some things, named by their plural with an s: `1 epoch`, `2 epochs`."""
    return f"{count} {things.removesuffix('s') if count == 1 else things}"


def short(value: float) -> str:
    """Return a number with two digits that count, and never by a power of ten: 0.27, 2.7, 270."""
    return f"{float(f'{value:.2g}'):.10g}"
