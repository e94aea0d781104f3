"""Some lines of a terminal that are written over again and again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import click

#: ECMA-48: to the beginning of the line so many lines above; erase from there to the end.
_UP, _ERASE = "\x1b[{}F", "\x1b[J"
_NARROWEST = 20


@dataclass
class Screen:
    """Shows lines in place of those that it showed before.

    On Windows click sends both sequences through colorama, which knows them.
    """

    _shown: int = 0

    def show(self, lines: Sequence[str]) -> None:
        """Write lines, each cut to the terminal's width, and no more than it has rows."""
        size = shutil.get_terminal_size()
        width, height = max(size.columns, _NARROWEST), max(size.lines, 2)
        if len(lines) >= height:
            lines = [*lines[: height - 2], f"... and {len(lines) - height + 2} more lines"]
        back = f"{_UP.format(self._shown)}{_ERASE}" if self._shown else ""
        text = "".join(f"{_cut(line, width - 1)}\n" for line in lines)
        click.echo(back + text, nl=False, color=True)
        self._shown = len(lines)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3]}..."
