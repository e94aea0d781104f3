"""Prose of a mail: lines that any mail program shows whole."""

from __future__ import annotations

import re
import textwrap

#: Columns; plain mails are quoted and shown at 80 (RFC 3676 asks for 78 at most).
WIDTH = 76
#: What stands between backticks is typed as it is: it is not broken over two lines.
_TYPED = re.compile(r"`[^`\n]{1,60}`")
#: Nor is a number parted from what it counts.
_MEASURED = re.compile(r"(?<=[0-9]) (?=(?:[$%]|px|GB|MB)(?:\W|$))")
#: Stands for a space that is no place to break: to `split` it is one, to textwrap it is not.
_KEPT = "\x1f"


def wrapped(text: str, first: str = "", later: str = "") -> str:
    """Return a paragraph in lines of at most `WIDTH` columns; a longer word stands alone.

    Args:
        first, later: how the first line begins, and the others.
    """
    whole = _TYPED.sub(lambda found: found[0].replace(" ", _KEPT), " ".join(text.split()))
    whole = _MEASURED.sub(_KEPT, whole)
    lines = textwrap.wrap(
        whole,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_KEPT, " ")


def entries(texts: tuple[str, ...]) -> list[str]:
    """Return paragraphs as the entries of a list."""
    return [wrapped(text, "  - ", "    ") for text in texts]
