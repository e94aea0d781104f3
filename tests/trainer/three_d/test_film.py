"""The film of poses: a real video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dlc_batch_trainer.three_d.film import HEIGHT, WIDTH, FilmError, draw_frame, write_film
from dlc_batch_trainer.three_d.scene import Scene

DOWN = np.array([0, 0, -1.0])


def scene(points: np.ndarray) -> Scene:
    names = [f"part {n}" for n in range(points.shape[1])]
    return Scene.of(points, names, [(0, 1)], DOWN)


def test_a_film_has_all_frames(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(0, 10, (25, 3, 3))
    points[4] = np.nan
    write_film(scene(points), 30, tmp_path / "walk.mp4")
    film = cv2.VideoCapture(str(tmp_path / "walk.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 25
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(30)
    is_read, image = film.read()
    assert is_read
    assert image.shape == (HEIGHT, WIDTH, 3)
    film.release()


def test_a_long_recording_is_shown_in_part(tmp_path: Path) -> None:
    """A hundred thousand frames would take a quarter of an hour, and be half a gigabyte."""
    points = np.full((60, 3, 3), np.nan)
    points[40:55] = np.random.default_rng(0).normal(0, 10, (15, 3, 3))
    write_film(scene(points), 30, tmp_path / "walk.mp4", most=10)
    film = cv2.VideoCapture(str(tmp_path / "walk.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 10
    for _ in range(10):
        is_read, image = film.read()
        assert is_read
        assert (np.ptp(image[:, WIDTH // 4 :], axis=2) > 90).any()  # right of the legend
    film.release()


def test_points_stand_where_they_are() -> None:
    points = np.zeros((9, 2, 3))
    points[:, 1, 2] = 10  # above the first
    points[3, 1] = np.nan
    image = draw_frame(scene(points), 0, turn=0)
    middle = image[:, WIDTH // 2 - 3 : WIDTH // 2 + 3].astype(int)
    is_dot = (np.ptp(middle, axis=2) > 90).all(axis=1)
    upper, lower = is_dot[: HEIGHT // 2].sum(), is_dot[HEIGHT // 2 :].sum()
    assert upper > 5
    assert lower > 5
    without = draw_frame(scene(points), 3, turn=0)
    assert (without[: HEIGHT // 2, WIDTH // 2 - 3 : WIDTH // 2 + 3].std(axis=(0, 1)) < 20).all()


def test_a_point_far_astray_is_drawn_without_an_error() -> None:
    points = np.random.default_rng(0).normal(0, 10, (400, 2, 3))
    points[1, 0] = 1e12
    draw_frame(scene(points), 1, turn=0.1)


def test_what_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match=r"walk\.mp4"):
        write_film(scene(np.zeros((2, 2, 3))), 30, tmp_path / "missing" / "walk.mp4")
