"""Poses side by side."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dlc_batch_trainer.three_d.pictures import chosen_frames, draw_poses
from dlc_batch_trainer.three_d.scene import Scene


def scene(frames: int) -> Scene:
    points = np.random.default_rng(0).normal(0, 10, (frames, 3, 3))
    return Scene.of(points, ["a", "b", "c"], [(0, 1)], np.array([0, 1.0, 0]))


@pytest.mark.parametrize(("frames", "rows"), [(100, 2), (4, 2), (1, 1)])
def test_there_is_a_picture_of_however_few(frames: int, rows: int) -> None:
    data = np.frombuffer(draw_poses(scene(frames)), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape == (240 * rows, 960, 3)


def test_frames_with_all_points_are_chosen_and_spread() -> None:
    seen = scene(100)
    seen.points[:50, 1] = np.nan
    assert chosen_frames(seen, 3).tolist() == [50, 74, 99]
