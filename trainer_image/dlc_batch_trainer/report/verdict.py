"""How good a network is, in words. All rules stand here, each with its reason.

The verdict is of the test frames alone: the network was neither trained on them nor chosen by
them. A rule that can't be judged says nothing; none takes silence for praise.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dlc_batch_core.words import counted, listed
from dlc_batch_trainer.evaluation.points import ScoredPoint
from dlc_batch_trainer.report.scale import Scale

#: A point within a tenth of the animal's size counts as found in the strict form of the measure
#: that the field compares networks by (PCK; Yang and Ramanan, 2013). Half of it is what people
#: who label the same frames differ by, on a mouse of 50 to 100 px (Mathis et al., 2018: 2.7 px).
GOOD_SHARE, FAIR_SHARE = 0.05, 0.10
#: Where no animal has two labelled points: an animal is taken for a tenth of the frame's diagonal,
#: as a mouse in an arena is (our choice).
_ANIMAL_OF_FRAME = 0.1
#: With fewer frames the error may be luck: the interval itself is not to be relied on.
TOO_FEW_FRAMES = 5
#: With fewer frames a 95 % bootstrap interval is narrower than it says: of skewed errors, as these
#: are, it holds the truth in 81 % of draws of 5 frames, 89 % of 10, 91 % of 20 (measured).
FEW_FRAMES = 20
#: Test error over training error. DeepLabCut's guide asks for similar ones; twice is not, where
#: the difference can be seen at all: a pixel is what labels are placed by.
OVERFIT_RATIO, OVERFIT_PX = 2.0, 1.0
#: Shares of labelled points that a lab would feel in each tracking (our choices): nothing found;
#: sure and yet farther off than FAIR_SHARE; found, but dropped by pcutoff.
MISSED_SHARE, WRONG_SHARE, UNSURE_SHARE = 0.05, 0.05, 0.20
#: A body part whose error is so many times that of all stands out (our choice).
OUTSTANDING_RATIO = 2.0
#: The best snapshot among the last tenth: the error was still falling (our choice).
STILL_FALLING = 0.9


class Grade(enum.StrEnum):
    """The verdict in one word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """Something to know before the network is used."""

    text: str
    advice: str = ""
    is_care: bool = True  # False: only told


@dataclass(frozen=True)
class Verdict:
    """What the page begins with."""

    grade: Grade
    headline: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Facts:
    """What the rules judge by. Errors are mean distances in pixels; None: not known."""

    was_evaluated: bool = True
    points: Sequence[ScoredPoint] = ()  # labelled, of the test frames
    test_frames: int = 0
    test_px: float | None = None
    interval: tuple[float, float] | None = None  # 95 %, of test_px
    train_px: float | None = None
    test_like_train_px: float | None = None  # as train_px is computed
    body_parts: Mapping[str, float | None] = field(default_factory=dict)  # errors
    scale: Scale | None = None
    pcutoff: float = 0.6
    split: str = "videos"  # how it was made: home, videos, stretch or random
    taken: int = 0  # epochs or iterations after which the snapshot was taken
    done: int = 0
    total: int = 0
    unit: str = "epochs"
    was_chosen: bool = False  # by its error on validation frames


def judge(facts: Facts) -> Verdict:
    """Return the verdict."""
    grade = grade_of(facts)
    return Verdict(grade, _headline(facts, grade), tuple(_findings(facts)))


def grade_of(facts: Facts) -> Grade:
    """Grade the mean error on the test frames against the animal's size, or the frame's."""
    is_judged = facts.was_evaluated and facts.test_frames >= TOO_FEW_FRAMES
    if not is_judged or facts.test_px is None or facts.scale is None:
        return Grade.UNKNOWN
    return _grade(facts.test_px, facts.scale)


def _grade(error: float, scale: Scale) -> Grade:
    share = error / animal_px(scale)
    if share <= GOOD_SHARE:
        return Grade.GOOD
    return Grade.FAIR if share <= FAIR_SHARE else Grade.POOR


def animal_px(scale: Scale) -> float:
    """Return the size of an animal, or what is taken for it."""
    return scale.px if scale.is_animal else scale.px * _ANIMAL_OF_FRAME


def _headline(facts: Facts, grade: Grade) -> str:
    if not facts.was_evaluated:
        return "Not scored: this network was not evaluated, so nothing is known of its quality."
    if not facts.test_frames:
        return "Can't be judged: there are no test frames."
    if facts.test_px is None:
        return "Can't be judged: the network found nothing that is labelled on the test frames."
    words = {
        Grade.GOOD: "Good: a small error on frames that it did not train on.",
        Grade.FAIR: "Usable with care: a moderate error on frames that it did not train on.",
        Grade.POOR: "Poor: a large error on frames that it did not train on.",
        Grade.UNKNOWN: "Can't be judged yet: too little is known for a verdict.",
    }
    return f"{words[grade]} {_error(facts, facts.test_px)}"


def _error(facts: Facts, error: float) -> str:
    text = f"A point is off by {error:.1f} px in the mean"
    if facts.interval:
        low, high = facts.interval
        text += f" (95 % interval {low:.1f} to {high:.1f} px)"
    if facts.scale:
        share = 100 * error / facts.scale.px
        text += f", which is {share:.2g} % of {facts.scale.name} ({facts.scale.px:.0f} px)"
    return f"{text}."


def _findings(facts: Facts) -> Iterator[Finding]:
    if facts.was_evaluated:
        yield from _of_test_frames(facts)
        yield from _of_interval(facts)
        yield from _of_fit(facts)
        yield from _of_points(facts)
        yield from _of_body_parts(facts)
    yield from _of_length(facts)


def _of_test_frames(facts: Facts) -> Iterator[Finding]:
    frames = counted(facts.test_frames, "test frames")
    if 0 < facts.test_frames < TOO_FEW_FRAMES:
        yield Finding(
            f"There are only {frames}: the error may be luck.",
            "Label more frames, or lower TrainingFraction in config.yaml.",
        )
    elif 0 < facts.test_frames < FEW_FRAMES:
        yield Finding(
            f"There are only {frames}: the interval is likely to be too narrow.",
            f"With {FEW_FRAMES} or more it holds what it says.",
        )
    if facts.test_frames and facts.split == "random":
        yield Finding(
            "The test frames are single frames of videos that it trained on, so the error on a new"
            " video is likely to be larger.",
            "Label frames of more videos: then whole videos are kept back for the test.",
        )
    elif facts.test_frames and facts.split == "stretch":
        yield Finding(
            "The test frames are stretches of recordings that it trained on; a new recording may"
            " be harder.",
            is_care=False,
        )
    elif facts.test_frames and facts.split == "videos":
        yield Finding("The test frames are of videos that it never saw.", is_care=False)


def _of_interval(facts: Facts) -> Iterator[Finding]:
    if facts.interval is None or facts.scale is None or grade_of(facts) is Grade.UNKNOWN:
        return
    worse = _grade(facts.interval[1], facts.scale)
    if worse is not grade_of(facts):
        yield Finding(
            f"The interval reaches to {facts.interval[1]:.1f} px, which would be {worse}: more"
            " test frames would tell.",
        )


def _of_fit(facts: Facts) -> Iterator[Finding]:
    test, train = facts.test_like_train_px, facts.train_px
    if test is None or train is None:
        return
    if test > OVERFIT_RATIO * train and test - train > OVERFIT_PX:
        yield Finding(
            f"It knows its training frames better than others: {train:.1f} px against"
            f" {test:.1f} px on test frames (overfitting).",
            "Label frames that differ from those you have: other animals, light, postures.",
        )


def _of_points(facts: Facts) -> Iterator[Finding]:
    points = facts.points
    if not points:
        return
    found = [point for point in points if point.error_px is not None]
    missed = len(points) - len(found)
    sure = [point for point in found if point.is_sure(facts.pcutoff)]
    if missed:
        yield Finding(
            f"Nothing was found for {_part(missed, points)} of the labelled points. They are in no"
            " mean error.",
            is_care=missed > MISSED_SHARE * len(points),
        )
    wrong = wrong_points(facts)
    if wrong:
        yield Finding(
            f"It was sure and wrong at {_part(len(wrong), sure)} of the points above pcutoff"
            f" ({facts.pcutoff:g}): farther off than a tenth of the animal.",
            "Look at them below; pcutoff alone will not sort such points out.",
            is_care=len(wrong) > WRONG_SHARE * len(sure),
        )
    unsure = len(found) - len(sure)
    if unsure > UNSURE_SHARE * len(points):
        yield Finding(
            f"{_part(unsure, points)} of the labelled points were found with a confidence below"
            f" pcutoff ({facts.pcutoff:g}), and would be left out of an analysis.",
            "Train longer or label more; or choose another pcutoff by the figure below.",
        )


def far_px(facts: Facts) -> float | None:
    """Return from which error on a point is wrong, in pixels."""
    return None if facts.scale is None else FAIR_SHARE * animal_px(facts.scale)


def wrong_points(facts: Facts) -> list[ScoredPoint]:
    """Return the points of which the network was sure, and that are far off."""
    far = far_px(facts)
    if far is None:
        return []
    return [
        point
        for point in facts.points
        if (error := point.error_px) is not None and error > far and point.is_sure(facts.pcutoff)
    ]


def _of_body_parts(facts: Facts) -> Iterator[Finding]:
    if not facts.test_px or len(facts.body_parts) < 2:
        return
    far = [
        (error, name)
        for name, error in facts.body_parts.items()
        if error is not None and error > OUTSTANDING_RATIO * facts.test_px
    ]
    never = [name for name, error in facts.body_parts.items() if error is None]
    if far:
        named = listed(name for _, name in sorted(far, reverse=True))
        yield Finding(
            f"Much worse than the others: {named}.",
            "Check whether these were labelled at the same place in all frames.",
        )
    if never:
        yield Finding(
            f"No test frame tells anything of: {listed(never)}.",
            "They were not labelled there, or not found.",
        )


def _of_length(facts: Facts) -> Iterator[Finding]:
    unit = facts.unit
    if facts.done < facts.total:
        yield Finding(
            f"The training was ended after {counted(facts.done, unit)} of {facts.total}.",
            "A longer training may do better.",
        )
    elif facts.was_chosen and facts.taken >= STILL_FALLING * facts.total:
        yield Finding(
            "The error on the validation frames was least at the end of the training"
            f" (after {counted(facts.taken, unit)} of {facts.total}).",
            f"More {unit} may do better.",
            is_care=False,
        )
    if not facts.was_chosen and facts.total:
        yield Finding(
            "The last snapshot was taken: there were no validation frames to choose by.",
            is_care=False,
        )


def _part(count: int, of: Sequence[object]) -> str:
    return f"{count} of {len(of)}"
