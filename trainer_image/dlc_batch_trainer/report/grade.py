"""How far off is good: the grade of a network, and what counts as wrong."""

from __future__ import annotations

import enum

from dlc_batch_trainer.evaluation.points import ScoredPoint
from dlc_batch_trainer.report.facts import Facts
from dlc_batch_trainer.report.scale import Scale

#: A point within a tenth of the animal's size counts as found in the strict form of the measure
#: that the field compares networks by (PCK; Yang and Ramanan, 2013). Half of it is what people
#: who label the same frames differ by, on a mouse of 50 to 100 px (Mathis et al., 2018: 2.7 px).
GOOD_SHARE, FAIR_SHARE = 0.05, 0.10
#: A network that is so far off on the frames that it trained on has not learned the task: a label
#: anywhere on the animal would be as near (our choice).
UNLEARNED_SHARE = 0.5
#: Where no animal has two labelled points: an animal is taken for a tenth of the frame's diagonal,
#: as a mouse in an arena is (our choice).
_ANIMAL_OF_FRAME = 0.1
#: With fewer frames the error may be luck, and there is no interval.
TOO_FEW_FRAMES = 5
#: Shares of labelled points for which nothing was found, with which no network is good, and none
#: usable: a lab would feel them in each tracking (our choices).
MISSED_SHARE, MOST_MISSED_SHARE = 0.05, 0.20


class Grade(enum.StrEnum):
    """The verdict in one word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


#: Best first.
ORDER = (Grade.GOOD, Grade.FAIR, Grade.POOR)


def grade_of(facts: Facts) -> Grade:
    """Grade a network by its mean error on the test frames, and by what it did not find."""
    is_judged = facts.was_evaluated and facts.scored_frames >= TOO_FEW_FRAMES
    if not is_judged or facts.test_px is None or facts.scale is None:
        return Grade.UNKNOWN
    return max(
        grade_of_error(facts.test_px, facts.scale), _grade_of_missed(facts), key=ORDER.index
    )


def _grade_of_missed(facts: Facts) -> Grade:
    share = missed_share(facts)
    if share > MOST_MISSED_SHARE:
        return Grade.POOR
    return Grade.FAIR if share > MISSED_SHARE else Grade.GOOD


def missed_share(facts: Facts) -> float:
    """Return the share of the labelled points for which nothing was found."""
    missed = sum(point.error_px is None for point in facts.points)
    return missed / len(facts.points) if facts.points else 0.0


def grade_of_error(error: float, scale: Scale) -> Grade:
    """Grade a mean error alone, in pixels."""
    share = error / animal_px(scale)
    if share <= GOOD_SHARE:
        return Grade.GOOD
    return Grade.FAIR if share <= FAIR_SHARE else Grade.POOR


def animal_px(scale: Scale) -> float:
    """Return the size of an animal, or what is taken for it."""
    return scale.px if scale.is_animal else scale.px * _ANIMAL_OF_FRAME


def has_learned(facts: Facts) -> bool:
    """Whether a network knows even its own training frames; yes where that can't be told."""
    if facts.train_px is None or facts.scale is None:
        return True
    return facts.train_px <= UNLEARNED_SHARE * animal_px(facts.scale)


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
