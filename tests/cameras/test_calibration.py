"""Drawn boards whose cameras are known: the calibration finds them, within its own errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras import motions
from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import Calibration, calibrate
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.sightings import Sightings, look_for_board

EVEN = Board(8, 6, 25.0)  # two ways to number it that no picture tells apart
SQUARE = Board(6, 6, 30.0)  # four ways
CHARUCO = Board(8, 6, 30.0, 22.0, "DICT_4X4_50")
#: Of small pictures of 14 boards: measured are 0.004, 4.8 px, 0.003 and 0.48 degrees at most.
MOST_FOCAL, MOST_CENTRE, MOST_BASELINE, MOST_DEGREES = 0.01, 6.0, 0.005, 0.7
MOST_STANDARD_ERRORS = 6  # of what is drawn, and not only of noise


def assert_true(found: Calibration, truth: CameraGroup) -> None:
    """The cameras are where they are, within fixed bounds, and within their own errors."""
    assert found.cameras.names == truth.names
    errors = found.standard_errors
    for mine, true in zip(found.cameras, truth, strict=True):
        assert np.diag(mine.matrix)[:2] == pytest.approx(np.diag(true.matrix)[:2], rel=MOST_FOCAL)
        assert np.abs(mine.matrix[:2, 2] - true.matrix[:2, 2]).max() < MOST_CENTRE
        for name, (row, column) in {"fx": (0, 0), "cx": (0, 2), "cy": (1, 2)}.items():
            off = abs(mine.matrix[row, column] - true.matrix[row, column])
            assert off < MOST_STANDARD_ERRORS * errors[f"{true.name}.{name}"]
        turn, _ = cv2.Rodrigues(mine.rotation @ true.rotation.T)
        assert np.degrees(np.linalg.norm(turn)) < MOST_DEGREES
    for each in found.baselines:
        ends = [c.centre for c in truth if c.name in (each.first, each.second)]
        true_mm = float(np.linalg.norm(ends[0] - ends[1]))
        assert each.mm == pytest.approx(true_mm, rel=MOST_BASELINE)
        assert abs(each.mm - true_mm) < MOST_STANDARD_ERRORS * each.error_mm
    assert 0.03 < found.total_rms_px < 0.25


def seen(tmp_path: Path, cameras: CameraGroup, board: Board, count: int, seed: int) -> Sightings:
    held = drawn.places(count, seed, board)
    return look_for_board(board, drawn.write(tmp_path, cameras, board, held))


@pytest.mark.parametrize("board", [drawn.CHESS, EVEN, SQUARE, CHARUCO], ids=lambda b: b.name)
def test_two_cameras_are_found(tmp_path: Path, board: Board) -> None:
    truth = drawn.rig(2)
    found = calibrate(seen(tmp_path, truth, board, 14, seed=3))
    assert_true(found, truth)


def test_four_cameras_are_found_where_each_board_is_seen_by_two() -> None:
    truth = drawn.rig(4, angle=25)
    held = drawn.places(27, 5)
    whole = drawn.sightings(truth, drawn.CHESS, held, np.random.default_rng(2), noise=0.1)

    def is_seen(camera: str, shot: int) -> bool:  # 1 and 2, then 2 and 3, then 3 and 4
        return int(camera[-1]) - shot % 3 in (1, 2)

    left = tuple(each for each in whole.seen if is_seen(each.camera, int(each.shot)))
    assert_true(calibrate(replace(whole, seen=left)), truth)


def test_moments_are_those_that_two_cameras_see() -> None:
    held = drawn.places(14, 3)
    whole = drawn.sightings(drawn.rig(2), drawn.CHESS, held, np.random.default_rng(2), noise=0.1)
    assert calibrate(whole).moments == 14
    lost = [each for each in whole.seen if (each.camera, each.shot) == ("camera-2", "01")]
    found = calibrate(whole.without(lost))
    assert found.moments == 13
    assert sum(view.is_used for view in found.views) == 27


def test_boards_turned_by_half_are_numbered_alike(tmp_path: Path) -> None:
    truth = drawn.rig(2)
    held = drawn.places(14, 3, EVEN)
    half = np.array([0.0, 0.0, np.pi, *EVEN.points[-1]])
    held[::2] = [motions.compose(place, half) for place in held[::2]]
    sightings = look_for_board(EVEN, drawn.write(tmp_path, truth, EVEN, held))
    upside_down = [
        each
        if each.camera == "camera-1"
        else replace(each, pixels=each.pixels[::-1] if int(each.shot) % 3 else each.pixels)
        for each in sightings.seen
    ]
    found = calibrate(replace(sightings, seen=tuple(upside_down)))
    assert_true(found, truth)
    assert all(view.is_used for view in found.views)


def test_boards_that_are_hidden_in_part_are_used(tmp_path: Path) -> None:
    truth = drawn.rig(2)
    held = drawn.places(18, 7, CHARUCO)
    pictures = drawn.write(tmp_path, truth, CHARUCO, held)
    for by_shot in pictures.values():
        for path in by_shot.values():
            gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            gray[:, : gray.shape[1] // 3 + 20] = 90  # a hand, or a wall of the cage
            cv2.imwrite(str(path), gray)
    sightings = look_for_board(CHARUCO, pictures)
    counts = [len(each.indices) for each in sightings.seen]
    assert min(counts) < len(CHARUCO.points) - 8
    found = calibrate(sightings)
    for each in found.baselines:
        assert each.mm == pytest.approx(np.linalg.norm(truth.cameras[1].centre), rel=0.02)


def test_the_standard_error_is_that_of_many_calibrations() -> None:
    """Corners with known noise, 25 times over: no picture is needed for it."""
    truth, held = drawn.rig(2), drawn.places(10, 11)
    random = np.random.default_rng(1)
    found = []
    for _ in range(25):
        sightings = drawn.sightings(truth, drawn.CHESS, held, random, noise=0.2)
        found.append(calibrate(sightings))
    lengths = np.array([each.baselines[0].mm for each in found])
    told = np.median([each.baselines[0].error_mm for each in found])
    assert lengths.std() == pytest.approx(told, rel=0.4)
    focals = np.array([each.cameras.cameras[0].matrix[0, 0] for each in found])
    told = np.median([each.standard_errors["camera-1.fx"] for each in found])
    assert focals.std() == pytest.approx(told, rel=0.4)
    noise = np.median([each.total_rms_px for each in found])
    assert noise == pytest.approx(0.2 * np.sqrt(2), rel=0.08)


def test_corners_of_a_coarser_camera_are_no_strays() -> None:
    """Its error is not that of the other, and what is cut off would make it seem smaller."""
    truth, held = drawn.rig(2), drawn.places(20, 5)
    fine, coarse = (
        drawn.sightings(truth, drawn.CHESS, held, np.random.default_rng(1), noise)
        for noise in (0.05, 0.5)
    )
    found = calibrate(replace(fine, seen=(*fine.of("camera-1"), *coarse.of("camera-2"))))
    assert all(view.corners == len(drawn.CHESS.points) for view in found.views)
    assert found.rms_px["camera-2"] == pytest.approx(0.5 * np.sqrt(2), rel=0.05)


def test_the_pictures_are_only_read(tmp_path: Path) -> None:
    pictures = drawn.write(tmp_path, drawn.rig(2), drawn.CHESS, drawn.places(2, 1))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    look_for_board(drawn.CHESS, pictures)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
