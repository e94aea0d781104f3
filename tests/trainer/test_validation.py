"""Which frames choose the best snapshot."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.split import Split
from dlc_batch_trainer.validation import LEAST_FRAMES, keep_validation


def split_of(frames: int, test: int) -> tuple[Split, list[str]]:
    images = [f"labeled-data/day{n % 3}/img{n:04}.png" for n in range(frames)]
    rows = tuple(range(frames))
    return Split(0.9, rows[test:], rows[:test], "random", 0, "Split."), images


@given(st.integers(50, 400), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_three_parts_have_no_frame_in_common(frames: int, test: int, seed: int) -> None:
    split, images = split_of(frames + test, test)
    kept = keep_validation(Split(**{**vars(split), "seed": seed}), images, 1)
    assert sorted(kept.train + kept.validation + kept.test) == sorted(split.train + split.test)
    assert kept.test == split.test
    assert LEAST_FRAMES <= len(kept.validation) <= len(split.train) / 10


def test_the_same_seed_keeps_the_same_frames() -> None:
    split, images = split_of(100, 10)
    assert keep_validation(split, images, 1) == keep_validation(split, images, 1)
    assert keep_validation(split, images, 1) != keep_validation(split, images, 2)


def test_too_few_frames_are_all_trained_on_and_the_lab_is_told() -> None:
    split, images = split_of(59, 10)
    kept = keep_validation(split, images, 1)
    assert (kept.train, kept.test, kept.validation) == (split.train, split.test, ())
    assert "too few to keep some back" in kept.note
    assert "the last snapshot is taken" in kept.note  # said before there is one
