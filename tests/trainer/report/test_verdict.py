"""Each rule: what sets it off, and what does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.report.facts import Facts
from dlc_batch_trainer.report.grade import Grade, grade_of
from dlc_batch_trainer.report.scale import Scale, find_scale
from dlc_batch_trainer.report.verdict import judge

MOUSE = Scale(100.0, is_animal=True, of_frame=0.1)


def point(error: float | None, confidence: float = 0.9) -> ScoredPoint:
    found = None if error is None else (error, 0.0)
    return ScoredPoint("", "nose", (0.0, 0.0), found, confidence if found else None)


GOOD = Facts(
    points=[point(3.0)] * 40,
    test_frames=40,
    scored_frames=40,
    test_videos=4,
    test_px=3.0,
    interval=(2.5, 3.5),
    resampled=(40, "frames"),
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
        " mean (95 % interval 2.5 to 3.5 px), which is 3 % of the span of an animal's labels (100"
        " px)."
    )


@pytest.mark.parametrize(
    ("error", "grade"),
    [(5.0, Grade.GOOD), (5.1, Grade.FAIR), (10.0, Grade.FAIR), (10.1, Grade.POOR)],
)
@pytest.mark.parametrize("scale", [MOUSE, Scale(1000.0, is_animal=False)])
def test_grade_is_by_size(error: float, grade: Grade, scale: Scale) -> None:
    assert grade_of(replace(GOOD, test_px=error, scale=scale)) is grade


@pytest.mark.parametrize(
    ("error", "words"), [(0.0004, "0.0004 %"), (8.46, "8.5 %"), (9.99, "10 %"), (184.2, "184 %")]
)
def test_a_share_is_told_as_people_say_it(error: float, words: str) -> None:
    assert f"which is {words} of" in judge(replace(GOOD, test_px=error)).headline


@pytest.mark.parametrize(
    ("missed", "error", "grade", "words"),
    [
        (2, 3.0, Grade.GOOD, "Good: a small error"),
        (3, 3.0, Grade.FAIR, "Usable with care: it did not find some"),
        (8, 3.0, Grade.FAIR, "Usable with care: it did not find some"),
        (9, 3.0, Grade.POOR, "Poor: it did not find many"),
        (3, 10.1, Grade.POOR, "Poor: a large error"),
    ],
)
def test_what_is_not_found_counts(missed: int, error: float, grade: Grade, words: str) -> None:
    points = [point(error)] * (40 - missed) + [point(None)] * missed
    verdict = judge(replace(GOOD, points=points, test_px=error))
    assert verdict.grade is grade
    assert verdict.headline.startswith(words)
    assert "A point that was found is off by" in verdict.headline


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(was_evaluated=False), "Not scored"),
        (Facts(test_frames=0), "no test frames"),
        (Facts(test_frames=9), "found nothing"),
        (replace(GOOD, scored_frames=4), "too little is known"),
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
        ({"test_frames": 1}, "there is only 1 test frame."),
        ({"scored_frames": 4}, "something was found on 4 of the 40 test frames"),
        ({"resampled": (19, "frames")}, "of 19 frames, and likely to be too narrow"),
        ({"resampled": (5, "videos")}, "of 5 videos, and likely to be too narrow"),
        ({"resampled": (7, "stretches")}, "of 7 stretches, and likely to be too narrow"),
        ({"split": "stretch", "resampled": (30, "instants")}, "30 instants in few stretches"),
        ({"split": "stretch"}, "which are not independent: it is too narrow"),
        ({"train_px": 50.1, "test_like_train_px": 50.0}, "It has not learned: on the frames"),
        ({"test_px": 60.0, "weights": "random"}, "It began from random weights"),
        ({"split": "random", "test_frames_of_trained": 40}, "The test frames are single frames"),
        ({"split": "home", "test_frames_of_trained": 40}, "videos that it trained on"),
        ({"split": "home", "test_frames_of_trained": 7}, "7 of the 40 test frames"),
        ({"test_videos": 2}, "2 videos that it never saw: too few"),
        ({"scale": replace(MOUSE, of_frame=0.7)}, "the verdict is too kind"),
        ({"scale": replace(MOUSE, of_frame=0.02)}, "the verdict is too strict"),
        ({"is_nearest": True}, "mixed up animals are in no figure"),
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
        {"resampled": (20, "frames")},
        {"test_videos": 3},
        {"split": "stretch", "test_frames_of_trained": 40, "resampled": (20, "stretches")},
        {"weights": "random"},  # and it is good all the same
        {"train_px": 50.0, "test_like_train_px": 50.0},
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
    facts = replace(GOOD, taken=190, split="stretch", test_frames_of_trained=40)
    facts = replace(facts, resampled=(20, "stretches"))
    told = [f.text for f in judge(facts).findings]
    assert any("least at the end" in text for text in told)
    assert any("stretches of recordings" in text for text in told)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (0, "there were no validation frames to choose by."),
        (6, "the training ended before validation had run."),
    ],
)
def test_why_the_last_snapshot_was_taken(frames: int, why: str) -> None:
    found = judge(replace(GOOD, was_chosen=False, validation_frames=frames)).findings
    assert f"The last snapshot was taken: {why}" in [finding.text for finding in found]


@pytest.mark.parametrize(("sure", "is_offered"), [(0, False), (1, True)])
def test_another_pcutoff_is_offered_where_some_points_are_above(
    sure: int, is_offered: bool
) -> None:
    points = [point(3.0, 0.5)] * (40 - sure) + [point(3.0)] * sure
    found = judge(replace(GOOD, points=points)).findings
    (advice,) = (each.advice for each in found if "below pcutoff" in each.text)
    assert advice.startswith("Train longer or label more")
    assert ("another pcutoff" in advice) == is_offered


def test_a_network_that_has_not_learned_sends_nobody_to_the_labels() -> None:
    parts = {"nose": 60.0, "tail": 200.0}
    for train_px, is_sent in ((4.0, True), (260.0, False)):
        facts = replace(GOOD, test_px=80.0, train_px=train_px, body_parts=parts)
        (advice,) = (f.advice for f in judge(facts).findings if f.text.startswith("Much worse"))
        assert ("labelled at the same place" in advice) == is_sent


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
    assert find_scale(frames, (640, 480)) == Scale(50.0, is_animal=True, of_frame=50 / 800)
    assert find_scale(frames, None) == Scale(50.0, is_animal=True)


def test_without_two_points_of_an_animal_the_frame_is_the_measure() -> None:
    frames = [ScoredFrame("a", labelled("", (3, 4)))]
    assert find_scale(frames, (640, 480)) == Scale(800.0, is_animal=False, of_frame=1.0)
    assert find_scale(frames, None) is None
    assert find_scale([ScoredFrame("a", labelled("", (3, 4), (3, 4)))], None) is None
