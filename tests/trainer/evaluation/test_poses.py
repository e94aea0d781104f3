"""Which prediction belongs to which animal, and how far it is from the labels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.labels import parse_labels
from dlc_batch_trainer.evaluation.points import score_frame
from dlc_batch_trainer.evaluation.poses import Layout, Poses, match_animals, read_labels

TWO = Layout(("a", "b"), ("front", "back"), ("corner",), is_multi_animal=True)
NOTHING = [math.nan, math.nan, math.nan]


def _poses(animals: list[list[list[float]]], unique: list[float]) -> Poses:
    return Poses(np.array(animals, float), np.array([unique], float))


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.tuples(
            st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=n, max_size=n),
            st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=n, max_size=n),
        )
    )
)
def test_no_other_matching_is_nearer(
    both: tuple[list[tuple[float, float]], list[tuple[float, float]]],
) -> None:
    labels, found = both
    matches = match_animals(np.array(labels)[:, None], np.array(found)[:, None])
    taken = sum(math.dist(labels[n], found[m]) for n, m in matches.items())
    best = min(
        sum(math.dist(*pair) for pair in zip(labels, order, strict=True))
        for order in itertools.permutations(found)
    )
    assert len(set(matches.values())) == len(matches) == len(labels)
    assert taken == pytest.approx(best, abs=1e-6)


def test_swapped_animals_are_matched_and_the_corner_stays() -> None:
    labels = _poses([[[0, 0], [10, 0]], [[50, 50], [60, 50]]], [5, 5])
    found = _poses([[[50, 53, 0.9], [60, 53, 0.8]], [[0, 1, 0.7], [10, 1, 0.6]]], [5, 9, 0.5])
    frame = score_frame("i", labels, found, TWO)
    errors = {(p.individual, p.body_part): p.error_px for p in frame.points}
    assert errors == {
        ("a", "front"): 1,
        ("a", "back"): 1,
        ("b", "front"): 3,
        ("b", "back"): 3,
        ("single", "corner"): 4,
    }
    assert frame.error_px == pytest.approx(12 / 5)


def test_what_is_not_labelled_counts_nowhere() -> None:
    labels = _poses([[[0, 0], [math.nan, math.nan]], [[math.nan] * 2] * 2], [math.nan] * 2)
    found = _poses([[[3, 4, 0.9], [9, 9, 0.9]], [[7, 7, 0.9]] * 2], [1, 1, 0.9])
    frame = score_frame("i", labels, found, TWO)
    assert [(p.individual, p.body_part, p.error_px) for p in frame.points] == [("a", "front", 5)]


def test_what_was_not_found_has_no_error() -> None:
    labels = _poses([[[0, 0], [1, 1]], [[5, 5], [6, 6]]], [2, 2])
    found = _poses([[NOTHING, NOTHING], [[5, 6, 0.5], NOTHING]], NOTHING)
    frame = score_frame("i", labels, found, TWO)
    assert len(frame.points) == 5
    assert frame.errors_px == [1]


def test_labels_are_read_from_tables() -> None:
    text = (
        "scorer,s,s,s,s,s,s\nindividuals,a,a,b,b,single,single\n"
        "bodyparts,front,front,front,front,corner,corner\ncoords,x,y,x,y,x,y\n"
        "labeled-data/v/i.png,1,2,,,5,6\n"
    )
    table = parse_labels(text, "labeled-data/v/CollectedData_s.csv", "v")
    poses = read_labels([table], TWO)["labeled-data/v/i.png"]
    assert poses.animals[0, 0].tolist() == [1, 2]
    assert np.isnan(poses.animals[1]).all()
    assert np.isnan(poses.animals[0, 1]).all()
    assert poses.unique.tolist() == [[5, 6]]
