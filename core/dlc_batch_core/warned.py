"""What the check warned of, in the shortest form: in mails, in request.json and in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.prose import entries

#: In a mail so many, and in request.json; of each so many characters (our choices): `check` has
#: all of it.
_MOST_IN_MAIL, _MOST_HANDED_ON = 5, 20
_MOST_LENGTH = 400


def has_warnings(problems: Iterable[Problem]) -> bool:
    """Whether the check warned of anything."""
    return any(each.severity is Severity.WARNING for each in problems)


def warnings_told(problems: Iterable[Problem]) -> str:
    """Return the warnings as a paragraph of a mail; empty where there is none."""
    texts = _shortened(problems, _MOST_IN_MAIL)
    if not texts:
        return ""
    head = "The check warned of (`dlc-batch check PROJECT_FOLDER` says what to do):"
    return "\n".join([head, *entries(texts)])


def handed_on(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Return the warnings as the trainer gets them: sentences, and how many more there are."""
    return _shortened(problems, _MOST_HANDED_ON)


def _shortened(problems: Iterable[Problem], most: int) -> tuple[str, ...]:
    warned = [each for each in problems if each.severity is Severity.WARNING]
    texts = tuple(map(_text, warned[:most]))
    return (*texts, _rest(warned[most:])) if len(warned) > most else texts


def _text(problem: Problem) -> str:
    text = f"{problem.where}: {problem.what}"
    return text if len(text) <= _MOST_LENGTH else f"{text[: _MOST_LENGTH - 4]} ..."


def _rest(left: Sequence[Problem]) -> str:
    return f"... and {len(left)} more: `dlc-batch check PROJECT_FOLDER` shows all."
