"""Whether pictures show another board than the one that is told, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.detection import (
    Gray,
    find_corners,
    has_markers,
    seen_dictionary,
    seen_grid,
)
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem


def stop_at_other_board(board: Board, samples: Mapping[str, Sequence[Gray]]) -> None:
    """Look at a few pictures of each camera before all are searched for what they do not show.

    Raises:
        ProjectError: cameras see another board than the one that is told.
    """
    if faults := [each for name in samples for each in _other_board(name, board, samples[name])]:
        raise ProjectError(faults)


def _other_board(camera: str, board: Board, sample: Sequence[Gray]) -> list[Problem]:
    """Tell of a camera that sees another board than the one that is told."""
    find = _instead_of_charuco if board.is_charuco else _instead_of_chessboard
    seen = find(board, sample)
    if seen is None:
        return []
    return [problem("calibration-other-board", camera, f"Its images show {seen}.")]


def _instead_of_chessboard(board: Board, sample: Sequence[Gray]) -> str | None:
    told = f"{board.columns} x {board.rows}"
    if not _is_seen(board, sample) and (dictionary := _dictionary_of(sample)):
        seen = f"markers of {dictionary}, as on a ChArUco board"
        return f"{seen}; the board is told as a {board.name}"
    grid = other_grid(board, sample)
    return grid and f"{_chessboard(grid)}; the board is told as {told}"


def _instead_of_charuco(board: Board, sample: Sequence[Gray]) -> str | None:
    """Markers of another dictionary, or none at all, where nothing of the board was found."""
    if _is_seen(board, sample):
        return None
    dictionary = _dictionary_of(sample)
    if dictionary == board.dictionary:
        return None
    if dictionary is not None:
        return f"markers of {dictionary}; the board is told to have {board.dictionary}"
    grid = seen_grid(sample)
    if grid is None or has_markers(sample, str(board.dictionary)):
        return None  # the corners between markers are a grid too
    return f"{_chessboard(grid)} without markers; the board is told as a {board.name}"


def _is_seen(board: Board, sample: Sequence[Gray]) -> bool:
    return any(find_corners(each, board) is not None for each in sample)


def _dictionary_of(sample: Sequence[Gray]) -> str | None:
    pairs = (seen_dictionary(sample[each : each + 2]) for each in range(0, len(sample), 2))
    return next((each for each in pairs if each is not None), None)


def _chessboard(grid: tuple[int, int]) -> str:
    return f"a chessboard of {grid[0]} x {grid[1]} inner corners"


def other_grid(board: Board, sample: Sequence[Gray]) -> tuple[int, int] | None:
    """Return the inner corners of the board that pictures show, where it is not this one.

    A search for a smaller board finds a part of a larger one: a board is the one that is told only
    if no larger one fits as often, and a smaller one only if the one that is told never fits.
    """
    grid = seen_grid(sample)
    if grid is None or grid in (board.grid, board.grid[::-1]):
        return None
    other = Board(*grid, board.square_mm)
    as_told = sum(find_corners(each, board) is not None for each in sample)
    as_other = sum(find_corners(each, other) is not None for each in sample)
    is_part = grid[0] <= max(board.grid) and grid[1] <= min(board.grid)
    enough = as_told == 0 if is_part else as_other >= as_told
    return grid if enough and as_other >= 2 else None
