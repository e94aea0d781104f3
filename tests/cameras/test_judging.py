"""What can't be true of a camera."""

import numpy as np
import pytest

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Camera
from dlc_batch_cameras.intrinsics import Intrinsics
from dlc_batch_cameras.judging import find_implausible
from dlc_batch_cameras.sightings import Sighting

BOARD = Board(12, 9, 30.0, 22.0, "DICT_4X4_250")


@pytest.mark.parametrize(("columns", "folds"), [(4, False), (11, True)])
def test_the_image_may_fold_where_no_corner_was_seen(columns: int, folds: bool) -> None:
    """A ChArUco board may lie half outside the image, where no polynomial has to hold."""
    matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    # Folds from 1.15 times the depth on: from 231 mm off the axis; four columns reach 228.
    lens = np.array([-0.25, 0.0, 0.0, 0.0, 0.0])
    camera = Camera("left", (640, 480), matrix, lens, np.eye(3), np.zeros(3))
    indices = np.flatnonzero(np.arange(len(BOARD.points)) % BOARD.grid[0] < columns)
    poses = np.array([[0.0, 0, 0, 0, 0, 200], [0.2, 0, 0, 0, 0, 200]])
    views = tuple(
        Sighting("left", f"{shot}", f"{shot}.png", indices, np.zeros((len(indices), 2)))
        for shot in range(len(poses))
    )
    found = Intrinsics(camera, views, poses, np.full(len(poses), 0.1), (), 0.001)
    problems = find_implausible(found, BOARD)
    assert ["folds the image" in each.what for each in problems] == [True] * folds
