"""Each rule: what sets it off, and what does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.report.scale import Scale, find_scale
from dlc_batch_trainer.report.verdict import Facts, Grade, grade_of, judge

MOUSE = Scale(100.0, is_animal=True)


def point(error: float | None, confidence: float = 0.9) -> ScoredPoint:
    found = None if error is None else (error, 0.0)
    return ScoredPoint("", "nose", (0.0, 0.0), found, confidence if found else None)


GOOD = Facts(
    points=[point(3.0)] * 40,
    test_frames=40,
    test_px=3.0,
    interval=(2.5, 3.5),
    train_px=2.5,
    test_like_train_px=3.0,
    body_parts={"nose": 3.0, "tail": 3.0},
    scale=MOUSE,
    split="videos",
    taken=100,
    done=200,
    total=200,
    was_chosen=True,
)


def cares(facts: Facts) -> list[str]:
    return [finding.text for finding in judge(facts).findings if finding.is_care]


def test_a_good_network_gives_no_care() -> None:
    verdict = judge(GOOD)
    assert verdict.grade is Grade.GOOD
    assert cares(GOOD) == []
    assert verdict.headline == (
        "Good: a small error on frames that it did not train on. A point is off by 3.0 px in the"
        " mean (95 % interval 2.5 to 3.5 px), which is 3 % of the animal's size (100 px)."
    )


@pytest.mark.parametrize(
    ("error", "grade"),
    [(5.0, Grade.GOOD), (5.1, Grade.FAIR), (10.0, Grade.FAIR), (10.1, Grade.POOR)],
)
@pytest.mark.parametrize("scale", [MOUSE, Scale(1000.0, is_animal=False)])
def test_grade_is_by_size(error: float, grade: Grade, scale: Scale) -> None:
    assert grade_of(replace(GOOD, test_px=error, scale=scale)) is grade


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(was_evaluated=False), "Not scored"),
        (Facts(test_frames=0), "no test frames"),
        (Facts(test_frames=9), "found nothing"),
        (replace(GOOD, test_frames=4), "too little is known"),
        (replace(GOOD, scale=None), "too little is known"),
    ],
)
def test_what_is_not_known_is_not_graded(facts: Facts, words: str) -> None:
    verdict = judge(facts)
    assert verdict.grade is Grade.UNKNOWN
    assert words in verdict.headline


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test_frames": 4}, "may be luck"),
        ({"test_frames": 1}, "only 1 test frame:"),
        ({"test_frames": 19}, "too narrow"),
        ({"split": "random"}, "videos that it trained on"),
        ({"interval": (2.0, 5.2)}, "which would be fair"),
        ({"train_px": 1.4}, "overfitting"),
        ({"points": [point(3.0)] * 37 + [point(None)] * 3}, "Nothing was found for 3 of 40"),
        ({"points": [point(3.0)] * 37 + [point(11.0)] * 3}, "sure and wrong at 3 of 40"),
        ({"points": [point(3.0)] * 31 + [point(3.0, 0.5)] * 9}, "9 of 40"),
        ({"body_parts": {"nose": 2.0, "tail": 6.1}}, "Much worse than the others: tail"),
        ({"body_parts": {"nose": 3.0, "tail": None}}, "tells anything of: tail"),
        ({"done": 150}, "after 150 epochs of 200"),
    ],
)
def test_care_is_taken(change: dict[str, object], words: str) -> None:
    found = cares(replace(GOOD, **change))  # type: ignore[arg-type]
    assert [text for text in found if words in text], found


@pytest.mark.parametrize(
    "change",
    [
        {"test_frames": 20},
        {"interval": (2.0, 5.0)},
        {"train_px": 1.5},
        {"train_px": 0.1, "test_like_train_px": 0.9},  # what can't be seen
        {"points": [point(3.0)] * 38 + [point(None)] * 2},
        {"points": [point(3.0)] * 38 + [point(11.0)] * 2},
        {"points": [point(3.0)] * 39 + [point(99.0, 0.5)]},  # it was not sure
        {"points": [point(3.0)] * 32 + [point(3.0, 0.5)] * 8},
        {"body_parts": {"nose": 2.0, "tail": 6.0}},
        {"split": "home"},
    ],
)
def test_no_care_is_taken(change: dict[str, object]) -> None:
    assert cares(replace(GOOD, **change)) == []  # type: ignore[arg-type]


def test_what_is_only_told() -> None:
    told = [f.text for f in judge(replace(GOOD, taken=190, split="stretch")).findings]
    assert any("least at the end" in text for text in told)
    assert any("stretches of recordings" in text for text in told)
    last = judge(replace(GOOD, was_chosen=False)).findings
    assert any("last snapshot" in finding.text for finding in last)


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=9), st.floats(1, 1e4))
def test_a_larger_error_is_never_graded_better(errors: list[float], size: float) -> None:
    order = [Grade.GOOD, Grade.FAIR, Grade.POOR]
    scale = Scale(size, is_animal=True)
    grades = [grade_of(replace(GOOD, test_px=error, scale=scale)) for error in sorted(errors)]
    assert all(order.index(one) <= order.index(other) for one, other in pairwise(grades))


def labelled(individual: str, *places: tuple[float, float]) -> tuple[ScoredPoint, ...]:
    return tuple(ScoredPoint(individual, "p", place, None, None) for place in places)


def test_the_animals_size_is_that_of_its_labelled_points() -> None:
    frames = [
        ScoredFrame("a", labelled("one", (0, 0), (30, 40)) + labelled("two", (5, 5))),
        ScoredFrame("b", labelled("one", (0, 0), (0, 10)) + labelled("single", (0, 0), (900, 0))),
        ScoredFrame("c", labelled("two", (0, 0), (60, 80), (30, 10))),
    ]
    assert find_scale(frames, (640, 480)) == Scale(50.0, is_animal=True)


def test_without_two_points_of_an_animal_the_frame_is_the_measure() -> None:
    frames = [ScoredFrame("a", labelled("", (3, 4)))]
    assert find_scale(frames, (640, 480)) == Scale(800.0, is_animal=False)
    assert find_scale(frames, None) is None
    assert find_scale([ScoredFrame("a", labelled("", (3, 4), (3, 4)))], None) is None
