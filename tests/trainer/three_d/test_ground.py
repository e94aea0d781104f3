"""Which way is down, of poses in whatever coordinates the calibration has."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cameras.scenes import draw_cameras, draw_walk
from tests.trainer.three_d.made_up import poses

from dlc_batch.demo import scene
from dlc_batch_cameras.camera import Camera, CameraGroup
from dlc_batch_trainer.three_d.ground import find_down

DOWN = np.array([0, 0, -1.0])


def two_cameras() -> CameraGroup:
    size = (scene.WIDTH, scene.HEIGHT)
    drawn = scene.two_cameras()
    return CameraGroup(tuple(Camera(c.name, size, c.K, np.zeros(5), c.R, c.t) for c in drawn))


def degrees(one: np.ndarray, other: np.ndarray) -> float:
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def looking_down(height: float) -> CameraGroup:
    """Two cameras that look straight down from beside each other."""
    rotation = np.diag([1.0, -1, -1])
    centres = (np.array([-100.0, 0, height]), np.array([100.0, 0, height]))
    matrix = np.array([[1000.0, 0, 640], [0, 1000, 512], [0, 0, 1]])
    return CameraGroup(
        tuple(
            Camera(f"{n}", (1280, 1024), matrix, np.zeros(5), rotation, -rotation @ centre)
            for n, centre in enumerate(centres)
        )
    )


def test_an_animal_that_walks_does_so_on_a_floor() -> None:
    points = poses(240)
    points[::7, 1:] = np.nan
    points[100] = 1e5
    assert degrees(find_down(points, two_cameras()), DOWN) < 8
    images = np.mean([camera.rotation.T @ [0, 1.0, 0] for camera in two_cameras()], axis=0)
    assert degrees(images, DOWN) > 20  # as the cameras alone have it


def test_cameras_that_look_straight_down_are_above() -> None:
    assert degrees(find_down(draw_walk(500), looking_down(600)), DOWN) < 8


@pytest.mark.parametrize("frames", [0, 1, 40])
def test_an_animal_that_stays_where_it_is_tells_of_no_floor(frames: int) -> None:
    group = draw_cameras(2)
    points = np.random.default_rng(0).normal(0, 5, (frames, 4, 3))
    images = np.mean([camera.rotation.T @ [0, 1.0, 0] for camera in group], axis=0)
    np.testing.assert_allclose(find_down(points, group), images)


def test_cameras_all_around_that_saw_nothing_have_a_down_all_the_same() -> None:
    rotations = [np.eye(3), np.diag([-1.0, -1, 1])]
    group = CameraGroup(
        tuple(
            Camera(f"{n}", (9, 9), np.eye(3), np.zeros(5), each, np.zeros(3))
            for n, each in enumerate(rotations)
        )
    )
    assert find_down(np.full((3, 2, 3), np.nan), group).tolist() == [0, 1, 0]
