"""Poses turned so that they can be looked at."""

from __future__ import annotations

import numpy as np
import pytest

from dlc_batch_trainer.three_d.scene import Scene, round_length, seen_from, upright

NAMES = ("nose", "tail")


@pytest.mark.parametrize("down", [(0, 1, 0), (0, 0, -1), (0.3, 0.9, 0.1), (-2.0, 0, 0)])
def test_up_is_up_and_nothing_is_mirrored(down: tuple[float, float, float]) -> None:
    rotation = upright(np.array(down, float))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(rotation @ down / np.linalg.norm(down), [0, 0, -1], atol=1e-12)


def test_the_middle_is_that_of_the_points_and_one_astray_does_not_move_it() -> None:
    points = np.random.default_rng(0).uniform(90, 110, (500, 2, 3))
    points[7, 1] = 1e6
    points[9, 0] = np.nan
    scene = Scene.of(points, NAMES, [(0, 1)], np.array([0, 0, -1.0]))
    assert np.abs(np.nanmedian(scene.points, axis=(0, 1))).max() < 1
    assert 10 < scene.radius < 20
    assert np.isnan(scene.points[9, 0]).all()
    assert scene.ground[..., 2].max() < -9  # below them
    assert scene.square == 5
    assert np.unique(scene.ground[..., 0]).tolist() == [-10, -5, 0, 5, 10]


@pytest.mark.parametrize(
    ("least", "length"), [(1.0, 1), (1.01, 2), (3, 5), (6, 10), (0.03, 0.05), (170, 200)]
)
def test_squares_have_round_sides(least: float, length: float) -> None:
    assert round_length(least) == pytest.approx(length)


def test_axes_are_those_of_the_poses() -> None:
    points = np.random.default_rng(0).normal(0, 10, (50, 2, 3))
    scene = Scene.of(points, NAMES, [], np.array([0.3, 0.9, 0.1]))
    step = scene.points[1, 0] - scene.points[0, 0]
    np.testing.assert_allclose(scene.axes @ step, points[1, 0] - points[0, 0], atol=1e-9)


def test_without_any_point_there_is_a_scene_all_the_same() -> None:
    scene = Scene.of(np.full((3, 2, 3), np.nan), NAMES, [], np.array([0, 1.0, 0]))
    assert scene.radius == 1
    assert len(scene.ground) == 0


def test_from_the_side_up_is_up_and_what_is_near_is_near() -> None:
    points = np.array([[0, 0, 1.0], [1, 0, 0], [0, 5, 0]])
    places, depths = seen_from(points, turn=0, tilt=0)
    np.testing.assert_allclose(places, [[0, 1], [1, 0], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(depths, [0, 0, 5], atol=1e-12)
    above, _ = seen_from(points, turn=0, tilt=np.pi / 2)
    np.testing.assert_allclose(above, [[0, 0], [1, 0], [0, 5]], atol=1e-12)
