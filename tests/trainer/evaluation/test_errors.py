"""Means, and how sure they are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.evaluation.errors import bootstrap, mean_errors, worst_frames
from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint


def _point(error: float | None, confidence: float = 0.9) -> ScoredPoint:
    found = (error, 0.0) if error is not None else None
    return ScoredPoint("", "nose", (0.0, 0.0), found, confidence if found else None)


def _frame(name: str, *errors: float | None) -> ScoredFrame:
    return ScoredFrame(name, tuple(_point(error) for error in errors))


def test_means_with_and_without_pcutoff() -> None:
    errors = mean_errors([_point(2, 0.6), _point(4, 0.59), _point(None)], 0.6)
    assert (errors.mean_px, errors.points) == (3, 2)
    assert (errors.mean_pcutoff_px, errors.points_pcutoff) == (2, 1)
    assert errors.missed == 1


def test_no_point_has_no_mean() -> None:
    errors = mean_errors([], 0.6)
    assert (errors.mean_px, errors.mean_pcutoff_px, errors.points) == (None, None, 0)
    assert bootstrap([], 1) is None
    assert bootstrap([_frame("a", None)], 1) is None


@given(st.lists(st.lists(st.floats(0, 1e4), min_size=1, max_size=5), min_size=1, max_size=30))
def test_interval_lies_between_the_best_and_the_worst_frame(errors: list[list[float]]) -> None:
    frames = [_frame(str(n), *each) for n, each in enumerate(errors)]
    interval = bootstrap(frames, seed=3, draws=200)
    assert interval is not None
    means = [frame.error_px for frame in frames]
    assert min(means) - 1e-6 <= interval.low_px <= interval.high_px <= max(means) + 1e-6
    assert interval == bootstrap(frames, seed=3, draws=200)
    assert bool(interval.note) == (len(frames) < 5)


def test_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    drawn = random.Random(5)
    held = 0
    for seed in range(100):
        frames = [_frame(str(n), drawn.gauss(10, 2)) for n in range(40)]
        interval = bootstrap(frames, seed, draws=300)
        assert interval is not None
        held += interval.low_px <= 10 <= interval.high_px
    assert 85 <= held <= 100


def test_frames_are_resampled_whole() -> None:
    """Points of a frame that err together make the interval wider than single points would."""
    together = bootstrap([_frame(str(n), *[float(n)] * 50) for n in range(10)], 1)
    apart = bootstrap([_frame(f"{n}/{m}", float(n)) for n in range(10) for m in range(50)], 1)
    assert together is not None
    assert apart is not None
    assert together.high_px - together.low_px > 3 * (apart.high_px - apart.low_px)


def test_worst_frames_come_first() -> None:
    frames = [_frame("b", 1), _frame("c", 7), _frame("a", 1), _frame("lost", None)]
    assert [frame.image for frame in worst_frames(frames, 2)] == ["c", "a"]
    assert worst_frames(frames, 9)[0].to_dict()["points"][0]["predicted"] == [7, 0]


def test_point_without_confidence_is_never_sure() -> None:
    assert not _point(None).is_sure(0.0)
    assert _point(1, 0.5).is_sure(0.5) is True
    assert _frame("a", 1, 3).error_px == pytest.approx(2)
