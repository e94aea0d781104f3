"""What a check finds, in the words of the lab."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass


class Severity(enum.StrEnum):
    """An error stops the run; a warning trains, but disappoints."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One finding: what is wrong, where it is, and how to mend it."""

    code: str
    where: str  # a member's path, with the row where one is known; never empty
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError(f"problem {self.code} names no place")
        for name in ("where", "what", "remedy"):  # quoted from an upload: half a character
            text = getattr(self, name).encode("utf-8", "backslashreplace").decode()
            object.__setattr__(self, name, text)  # can stand in no record and in no mail

    def to_dict(self) -> dict[str, str]:
        """Return the problem as the JSON answers and the record hold it."""
        return {**asdict(self), "severity": str(self.severity)}

    @classmethod
    def from_dict(cls, value: Mapping[str, str]) -> Problem:
        """Return the problem that `to_dict` wrote; fields it does not know are ignored."""
        known = {name: value[name] for name in ("code", "where", "what", "remedy")}
        return cls(**known, severity=Severity(value.get("severity", "error")))


def in_stable_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems without repeats: errors first, then by place, code and words."""

    def rank(problem: Problem) -> tuple[bool, str, str, str]:
        return (problem.severity is not Severity.ERROR, problem.where, problem.code, problem.what)

    return tuple(sorted(set(problems), key=rank))


def are_trainable(problems: Iterable[Problem]) -> bool:
    """Whether none of the problems is an error."""
    return all(problem.severity is not Severity.ERROR for problem in problems)
