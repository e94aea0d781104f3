"""The verdict of a report, as outcome.json, the run's record and the mails have it."""

from __future__ import annotations

from collections.abc import Mapping

#: Of a text that is a sentence or two: it stands in a record of bounded size (our choice).
_MOST_LENGTH = 600


def read_verdict(value: object) -> dict[str, str]:
    """Return a verdict as it was read from a file; empty where it is none.

    Returns:
        `grade` (good, fair, poor or unknown), and `headline`: why, in sentences, of which the
        first begins with the verdict's word and a colon.
    """
    found = value if isinstance(value, Mapping) else {}
    texts = {name: found.get(name) for name in ("grade", "headline")}
    return {
        name: text[:_MOST_LENGTH] for name, text in texts.items() if isinstance(text, str) and text
    }


def verdict_told(verdict: Mapping[str, str], whose: str = "") -> str:
    """Return a verdict for a mail or a terminal; empty where none is known.

    Args:
        whose: such as ` of shuffle 2`.
    """
    word, _, why = verdict.get("headline", "").partition(": ")
    if not why:
        return ""
    return f"Verdict{whose}: {_lower(word)}. {why[0].upper()}{why[1:]}"


def _lower(word: str) -> str:
    return word[0].lower() + word[1:] if word else word
