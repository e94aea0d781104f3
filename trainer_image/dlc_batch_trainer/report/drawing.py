"""How a figure becomes a PNG file, and a part of the page that follows its colours."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure

#: What figures are drawn in, and the name of the page's colour that takes its place: there it
#: changes with light and dark. Each differs from the others, for they are found by value.
INK, QUIET, GRID = "#1c2127", "#5b6570", "#d5dae0"
ONE, TWO, THREE = "#0b62a4", "#b34700", "#6b3fa0"
_NAMES = {
    INK: "--ink",
    QUIET: "--quiet",
    GRID: "--grid",
    ONE: "--one",
    TWO: "--two",
    THREE: "--three",
}
#: Inches, of which the page makes as much as there is room for: even 320 pixels leave the text
#: readable.
WIDTH, HEIGHT = 4.7, 3.2
_DOTS_PER_INCH = 160
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "dlc-batch",  # the same figure gives the same bytes
    "text.parse_math": False,  # a `$` in a body part's name is one
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Drawn:
    """One figure, in both forms."""

    name: str  # of its file, without .png
    svg: str  # for the page
    png: bytes
    alt: str  # what it shows, for who can't see it
    caption: str = ""


def draw(
    name: str,
    alt: str,
    paint: Callable[[Figure], None],
    height: float = HEIGHT,
    caption: str = "",
) -> Drawn:
    """Draw a figure once, and give it in both forms.

    Args:
        name: of its file; letters and hyphens.
        alt: what it shows, in a sentence.
        paint: draws into an empty figure, in the colours above.
        height: in inches.
    """
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is in the page's font
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        paint(figure)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=_DOTS_PER_INCH, facecolor="white")
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    return Drawn(name, _for_page(svg.getvalue().decode(), name), png.getvalue(), alt, caption)


def _for_page(svg: str, name: str) -> str:
    """Make an SVG file a part of an HTML page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)  # it holds for all the page
    svg = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)  # each page has many
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    for colour, variable in _NAMES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
