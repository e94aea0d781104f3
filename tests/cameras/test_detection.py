"""Corners of drawn boards: where they are, and numbered alike however the board is held."""

import cv2
import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.detection import (
    Corners,
    Gray,
    _is_flat,
    find_corners,
    seen_dictionary,
    seen_grid,
)
from dlc_batch_cameras.other_board import other_grid

CAMERA = drawn.rig(1).cameras[0]
LARGE = drawn.rig(1, size=(960, 720)).cameras[0]
CHARUCO = Board(8, 6, 30.0, 22.0, "DICT_4X4_50")
#: Numbers of corners of a board with seven in a row.
ROWS = ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 9], [0, 1, 2, 3, 9, 10])
#: Measured: 0.20 px at most, of squares of 18 px, with noise.
MOST_PX = 0.25


def off(pixels: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.square(pixels - true).sum(axis=1).mean()))


@pytest.mark.parametrize("board", [drawn.CHESS, CHARUCO], ids=lambda b: b.name)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_corners_are_where_they_are_drawn(board: Board, seed: int) -> None:
    (place,) = drawn.places(1, seed, board)
    found = find_corners(drawn.draw(LARGE, board, place), board)
    assert found is not None
    true = drawn.corners_of(LARGE, board, place)
    assert len(found) > 0.9 * len(true)
    assert off(found.pixels, true[found.indices]) < MOST_PX


@pytest.mark.parametrize("angle", [0, 60, 90, 135, 180, 270])
def test_a_turned_board_keeps_its_numbers(angle: int) -> None:
    small = Board(7, 4, 25.0)
    (place,) = drawn.places(1, 5, small, tilt=10, reach=20)
    middle = small.points.mean(axis=0)
    turn = np.array([0, 0, np.radians(angle), 0, 0, 0])
    turn[3:] = middle - drawn.motions.apply(turn, middle[None])[0]
    held = drawn.motions.compose(place, turn)
    found = find_corners(drawn.draw(CAMERA, small, held), small)
    assert found is not None
    assert off(found.pixels, drawn.corners_of(CAMERA, small, held)) < MOST_PX


def test_a_board_that_is_told_the_other_way_round_is_found() -> None:
    (place,) = drawn.places(1, 5)
    gray = drawn.draw(CAMERA, drawn.CHESS, place)
    found = find_corners(gray, Board(6, 9, 25.0))
    assert found is not None
    assert seen_grid([gray, gray]) == (9, 6)


def test_a_large_picture_is_searched_small_and_refined_large() -> None:
    (place,) = drawn.places(1, 5)
    gray = drawn.draw(CAMERA, drawn.CHESS, place)
    large = cv2.resize(gray, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    found = find_corners(large, drawn.CHESS)
    assert found is not None
    true = (drawn.corners_of(CAMERA, drawn.CHESS, place) + 0.5) * 5 - 0.5
    assert off(found.pixels, true) < 5 * MOST_PX


def test_where_there_is_no_board_none_is_found() -> None:
    pictures = np.random.default_rng(1).integers(0, 255, (4, 360, 480), np.uint8)
    assert find_corners(pictures[0], drawn.CHESS) is None
    assert find_corners(pictures[0], CHARUCO) is None
    assert seen_grid(list(pictures)) is None
    assert seen_dictionary([]) is None


def test_a_board_that_is_often_seen_in_part_is_the_one_that_is_told() -> None:
    pictures = [drawn.draw(CAMERA, drawn.CHESS, place) for place in drawn.places(4, 5, tilt=5)]
    parts = [with_two_rows_hidden(each) for each in pictures]
    assert seen_grid(parts) == (9, 4)
    assert other_grid(drawn.CHESS, [*pictures[:2], *parts]) is None
    assert other_grid(drawn.CHESS, parts) == (9, 4)
    assert other_grid(Board(8, 5, 25.0), pictures) == (9, 6)
    assert other_grid(Board(11, 8, 25.0), pictures) == (9, 6)


def with_two_rows_hidden(gray: Gray) -> Gray:
    """Return a picture of a board that has the first or last two rows of corners covered."""
    found = find_corners(gray, drawn.CHESS)
    assert found is not None
    rows = found.pixels.reshape(6, 9, 2)[..., 1]
    covered = gray.copy()
    if rows[0].mean() < rows[-1].mean():
        covered[: int(rows[1].max()) + 3] = 128
    else:
        covered[int(rows[1].min()) - 3 :] = 128
    return covered


def test_corners_of_one_row_and_one_more_tell_no_pose() -> None:
    board = Board(8, 6, 30.0, 22.0, "DICT_4X4_50")
    corners = [Corners(np.array(each), np.zeros((len(each), 2)), np.nan) for each in ROWS]
    assert [_is_flat(each, board) for each in corners] == [False, False, True]


def test_a_blurred_board_has_wide_edges() -> None:
    (place,) = drawn.places(1, 5)
    sharp = find_corners(drawn.draw(CAMERA, drawn.CHESS, place), drawn.CHESS)
    blurred = find_corners(
        drawn.draw(CAMERA, drawn.CHESS, place, drawn.Look(blur=3.0)), drawn.CHESS
    )
    assert sharp is not None
    assert blurred is not None
    assert blurred.edge_px > 2 * sharp.edge_px


@pytest.mark.parametrize(
    ("board", "count"),
    [
        (Board(9, 6, 1), 1),
        (Board(8, 6, 1), 2),
        (Board(7, 7, 1), 2),
        (Board(6, 6, 1), 4),
        (CHARUCO, 1),
    ],
    ids=str,
)
def test_turns_are_those_that_no_picture_tells_apart(board: Board, count: int) -> None:
    assert len(board.turns) == count
    for turn in board.turns:
        assert sorted(turn) == list(range(len(board.points)))
