"""Means, and how sure they are."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.evaluation.errors import bootstrap, mean_errors, worst_frames
from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.stretches import Neighbours


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


@given(st.lists(st.lists(st.floats(0, 1e4), min_size=1, max_size=5), min_size=5, max_size=30))
def test_interval_lies_between_the_best_and_the_worst_frame(errors: list[list[float]]) -> None:
    frames = [_frame(str(n), *each) for n, each in enumerate(errors)]
    interval = bootstrap(frames, seed=3, draws=200)
    assert interval is not None
    means = [frame.error_px for frame in frames]
    assert min(means) - 1e-6 <= interval.low_px <= interval.high_px <= max(means) + 1e-6
    assert interval == bootstrap(frames, seed=3, draws=200)
    assert (interval.resampled, interval.unit) == (len(frames), "frames")


def test_of_too_few_frames_there_is_no_interval() -> None:
    frames = [_frame(str(n), float(n)) for n in range(4)]
    assert bootstrap([*frames, _frame("lost", None)], 1) is None
    assert bootstrap([*frames, _frame("found", 4.0)], 1) is not None


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
    apart = bootstrap([_frame(f"{n}-{m}", float(n)) for n in range(10) for m in range(50)], 1)
    assert together is not None
    assert apart is not None
    assert together.high_px - together.low_px > 3 * (apart.high_px - apart.low_px)


def test_interval_of_a_body_part_holds_its_mean() -> None:
    frames = [_frame(str(n), n % 7, None if n % 3 else 2.0) for n in range(20)]
    interval = bootstrap([frame.of("nose") for frame in frames], 1)
    mean = mean_errors([point for frame in frames for point in frame.points], 0.6).mean_px
    assert interval is not None
    assert mean is not None
    assert interval.low_px < mean < interval.high_px


def test_of_enough_videos_whole_ones_are_resampled() -> None:
    """Frames of a video that err together make the interval wider than so many frames would."""
    videos = [
        _frame(f"labeled-data/v{n}/img{m}.png", float(n)) for n in range(6) for m in range(9)
    ]
    frames = [
        _frame(f"labeled-data/v/img{n}-{m}.png", float(n)) for n in range(6) for m in range(9)
    ]
    of_videos, of_frames = bootstrap(videos, 1), bootstrap(frames, 1)
    assert of_videos is not None
    assert of_frames is not None
    assert (of_videos.resampled, of_videos.unit) == (6, "videos")
    assert (of_frames.resampled, of_frames.unit) == (54, "frames")
    assert of_videos.high_px - of_videos.low_px > 2 * (of_frames.high_px - of_frames.low_px)
    few = bootstrap(
        [frame for frame in videos if "v5" not in frame.image and "v4" not in frame.image], 1
    )
    assert few is not None
    assert (few.resampled, few.unit) == (36, "frames")


def _views(instants: int, cameras: int, error_of: Callable[[int], float]) -> list[ScoredFrame]:
    return [
        _frame(f"labeled-data/cam{camera}/img{10 * instant:04d}.png", error_of(instant))
        for instant in range(instants)
        for camera in range(cameras)
    ]


def _neighbours(frames: list[ScoredFrame], length: int) -> Neighbours:
    instants = {frame.image: frame.image.rpartition("/")[2] for frame in frames}
    order = sorted(set(instants.values()))
    stretches = {image: str(order.index(name) // length) for image, name in instants.items()}
    return Neighbours(stretches, instants)


def test_of_stretches_whole_ones_are_resampled_over_all_views() -> None:
    frames = _views(instants=40, cameras=2, error_of=lambda instant: float(instant // 5))
    of_stretches = bootstrap(frames, 1, neighbours=_neighbours(frames, 5))
    of_frames = bootstrap(frames, 1)
    assert of_stretches is not None
    assert of_frames is not None
    assert (of_stretches.resampled, of_stretches.unit) == (8, "stretches")
    assert (of_frames.resampled, of_frames.unit) == (80, "frames")
    assert of_stretches.high_px - of_stretches.low_px > 2 * (of_frames.high_px - of_frames.low_px)


def test_of_few_stretches_instants_are_resampled() -> None:
    frames = _views(instants=12, cameras=2, error_of=float)
    found = bootstrap(frames, 1, neighbours=_neighbours(frames, 5))
    assert found is not None
    assert (found.resampled, found.unit) == (12, "instants")


def test_two_views_of_few_instants_have_no_interval() -> None:
    frames = _views(instants=4, cameras=2, error_of=float)
    assert bootstrap(frames, 1, neighbours=_neighbours(frames, 5)) is None
    assert bootstrap(frames, 1) is not None


def test_worst_frames_come_first() -> None:
    frames = [_frame("b", 1), _frame("c", 7), _frame("a", 1), _frame("lost", None), _frame("bare")]
    assert [frame.image for frame in worst_frames(frames, 3)] == ["lost", "c", "a"]
    assert len(worst_frames(frames, 9)) == 4


def test_a_frame_is_read_as_it_was_written() -> None:
    frame = _frame("labeled-data/v/img1.png", 7, None)
    assert frame.to_dict()["points"][0]["predicted"] == [7, 0]
    assert ScoredFrame.from_dict(frame.to_dict()) == frame


def test_point_without_confidence_is_never_sure() -> None:
    assert not _point(None).is_sure(0.0)
    assert _point(1, 0.5).is_sure(0.5) is True
    assert _frame("a", 1, 3).error_px == pytest.approx(2)
