"""How good a network is, in words.

The verdict is of the test frames alone: the network was neither trained on them nor chosen by
them. It counts how far off points are that were found, and how many were not: a network that finds
only what is easy has a small error. A rule that can't be judged says nothing; none takes silence
for praise. The measure is in grade.py, all other rules in findings.py, each with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlc_batch_trainer.report.facts import Facts
from dlc_batch_trainer.report.findings import Finding, find
from dlc_batch_trainer.report.grade import Grade, grade_of, grade_of_error, missed_share

_GRADE_WORDS = {Grade.GOOD: "Good", Grade.FAIR: "Usable with care", Grade.POOR: "Poor"}
_ERROR_WORDS = {
    Grade.GOOD: "a small error",
    Grade.FAIR: "a moderate error",
    Grade.POOR: "a large error",
}
_MISSED_WORDS = {
    Grade.FAIR: "it did not find some of the labelled points",
    Grade.POOR: "it did not find many of the labelled points",
}


@dataclass(frozen=True)
class Verdict:
    """What the page begins with."""

    grade: Grade
    headline: str
    findings: tuple[Finding, ...]


def judge(facts: Facts) -> Verdict:
    """Return the verdict."""
    grade = grade_of(facts)
    return Verdict(grade, _headline(facts, grade), tuple(find(facts)))


def _headline(facts: Facts, grade: Grade) -> str:
    if not facts.was_evaluated:
        return "Not scored: this network was not evaluated, so nothing is known of its quality."
    if not facts.test_frames:
        return "Can't be judged: there are no test frames."
    if facts.test_px is None:
        return "Can't be judged: the network found nothing that is labelled on the test frames."
    if grade is Grade.UNKNOWN or facts.scale is None:
        words = "Can't be judged yet: too little is known for a verdict."
    else:
        by_error = grade_of_error(facts.test_px, facts.scale)
        what = _ERROR_WORDS[by_error] if by_error is grade else _MISSED_WORDS[grade]
        words = f"{_GRADE_WORDS[grade]}: {what} on frames that it did not train on."
    return f"{words} {_error(facts, facts.test_px)}"


def _error(facts: Facts, error: float) -> str:
    which = "A point that was found" if missed_share(facts) else "A point"
    text = f"{which} is off by {error:.1f} px in the mean"
    if facts.interval:
        low, high = facts.interval
        text += f" (95 % interval {low:.1f} to {high:.1f} px)"
    if facts.scale:
        share = 100 * error / facts.scale.px
        text += f", which is {share:.2g} % of {facts.scale.name} ({facts.scale.px:.0f} px)"
    return f"{text}."
