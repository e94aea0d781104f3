"""The split of the labelled frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import LabError
from dlc_batch_trainer.split import draw_split

FRACTIONS = st.integers(1, 99).map(lambda percent: percent / 100)


@given(st.integers(2, 400), FRACTIONS, st.integers(0, 2**32 - 1), st.integers(1, 999))
def test_every_frame_is_on_one_side(frames: int, fraction: float, seed: int, shuffle: int) -> None:
    split = draw_split(frames, fraction, seed, shuffle)
    assert sorted(split.train + split.test) == list(range(frames))
    assert split.train
    assert split.test
    assert list(split.train) == sorted(split.train)
    assert split == draw_split(frames, fraction, seed, shuffle)


@given(st.integers(2, 400), FRACTIONS)
def test_padded_lists_have_the_fraction(frames: int, fraction: float) -> None:
    split = draw_split(frames, fraction, 0, 1)
    train, test = split.padded()
    # DeepLabCut's own arithmetic, by which it names folders and looks up the fraction
    assert round(len(train) / (len(train) + len(test)), 2) == fraction
    assert [row for row in train if row != -1] == list(split.train)
    assert [row for row in test if row != -1] == list(split.test)


def test_another_seed_or_shuffle_is_another_split() -> None:
    splits = {draw_split(100, 0.8, seed, shuffle) for seed in (0, 1) for shuffle in (1, 2)}
    assert len(splits) == 4


def test_keeps_the_labs_fraction() -> None:
    assert len(draw_split(116, 0.95, 0, 1).train) == 110
    assert len(draw_split(100, 0.29, 0, 1).train) == 29  # int(0.29 * 100) is 28


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 0.955])
def test_refuses_fractions_that_name_no_folder(fraction: float) -> None:
    with pytest.raises(LabError, match="train fraction"):
        draw_split(10, fraction, 0, 1)
