"""The chessboard of the demo: drawn where it is held, as OpenCV finds it."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from dlc_batch.demo import board, scene


@pytest.mark.parametrize("camera", scene.two_cameras(), ids=lambda each: each.name)
def test_each_camera_sees_all_corners_at_all_moments(camera: scene.Camera) -> None:
    grain = np.random.default_rng(0)
    off = []
    for held in board.hold():
        image = cv2.cvtColor(board.draw_board(held, camera, grain), cv2.COLOR_BGR2GRAY)
        is_found, corners = cv2.findChessboardCornersSB(
            image, (board.COLUMNS, board.ROWS), flags=cv2.CALIB_CB_ACCURACY
        )
        assert is_found
        truth = camera.project(held.corners())
        found = corners.reshape(-1, 2)
        off.append(min(np.abs(each - truth).mean() for each in (found, found[::-1])))
    assert np.median(off) < 0.06  # of a pixel


def test_it_is_held_in_ever_other_ways() -> None:
    held = list(board.hold())
    assert len(held) == board.MOMENTS
    for one, other in itertools.pairwise(held):
        assert np.linalg.norm(one.corners() - other.corners(), axis=1).max() > 10  # mm
    for each in held:
        np.testing.assert_allclose(each.rotation @ each.rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(each.rotation) == pytest.approx(1)
