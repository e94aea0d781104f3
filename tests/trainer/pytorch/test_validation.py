"""The error on the validation frames."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.pytorch.validation import Points, distances_of

FAR = 500.0  # the diagonal of the image, in px


def animal(*points: tuple[float, float, float]) -> Points:
    return np.array([points], dtype=float)


def test_distance_of_each_labelled_point() -> None:
    labels = animal((0, 0, 2), (10, 0, 2), (5, 5, 0))
    found = animal((3, 4, 0.9), (10, 1, 0.1), (500, 500, 0.9))
    assert distances_of(labels, found, FAR) == pytest.approx([5, 1])


def test_animals_are_matched_whatever_their_order() -> None:
    labels = np.concatenate([animal((0, 0, 2), (10, 0, 2)), animal((100, 0, 2), (110, 0, 2))])
    found = np.concatenate([animal((100, 1, 1), (110, 1, 1)), animal((0, 2, 1), (10, 2, 1))])
    assert sorted(distances_of(labels, found, FAR)) == pytest.approx([1, 1, 2, 2])


def test_what_is_not_found_counts_as_far_away() -> None:
    """Otherwise a network that finds less would look better."""
    labels = np.concatenate([animal((0, 0, 2), (30, 40, 2)), animal((0, 0, 2), (0, 1, 2))])
    nothing = np.full((2, 2, 3), -1.0)
    assert distances_of(labels, nothing, 50) == pytest.approx([50, 50, 50, 50])
    none = np.empty((0, 2, 3))
    assert distances_of(labels, none, 50) == pytest.approx([50, 50, 50, 50])
    beyond = animal((0, 70, 0.9), (30, 40, 0.9))
    assert distances_of(animal((0, 0, 2), (30, 40, 2)), beyond, 50) == pytest.approx([50, 0])


def test_frame_without_label_says_nothing() -> None:
    assert distances_of(animal((0, 0, 0)), animal((1, 1, 1)), FAR) == []
    assert distances_of(animal((np.nan, np.nan, 2)), animal((1, 1, 1)), FAR) == []


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_no_other_matching_is_nearer(animals: int, parts: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    labels, found = (draw.uniform(1, 100, (animals, parts, 3)) for _ in range(2))
    gaps = [
        np.linalg.norm(labels[:, :, :2] - found[list(order)][:, :, :2], axis=-1).sum()
        for order in itertools.permutations(range(animals))
    ]
    assert sum(distances_of(labels, found, FAR)) == pytest.approx(min(gaps))
