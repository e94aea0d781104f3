"""The corners of a board in a picture, to a fraction of a pixel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.board import Board, Indices
from dlc_batch_cameras.camera import Array

Gray = NDArray[np.uint8]
#: A larger picture is searched at this length, and refined as it is: the search of 4K takes
#: seconds where there is no board.
_SEARCH_PX = 1280
#: Half the window of the refinement, in squares. Above 0.35 the next corners, and a border of
#: half squares, pull at it: the reprojection error of OpenCV's stereo example is 0.20 px at 0.3,
#: 0.41 px at 0.4 and 0.44 px with a window of 11 pixels.
_WINDOW, _LEAST_WINDOW, _MOST_WINDOW = 0.3, 2, 15
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4)
#: Of a ChArUco board, so many tell a pose with a margin.
_FEWEST_CORNERS = 6
#: Of noise, every second picture shows a board of 3 x 3, and every tenth one of 4 x 3.
_SMALLEST_SEEN = (4, 4)
#: Noise is taken for a marker now and then; a board has a dozen.
_FEWEST_MARKERS = 4
#: Pixels by which OpenCV 4 has a ChArUco board's corners too far right and down: it takes a
#: pixel's corner for its middle. OpenCV 5 does not, and of chessboards neither does.
_CHARUCO_SHIFT = 0.5 if cv2.__version__.startswith("4.") else 0.0
#: OpenCV's ArUco dictionaries: cells a side, and how many markers.
_KINDS, _COUNTS = ("4X4", "5X5", "6X6", "7X7"), (50, 100, 250, 1000)

_NO_EDGE = 9999  # what OpenCV calls the width of edges where it could measure none


@dataclass(frozen=True, eq=False)
class Corners:
    """What was found of a board in one picture."""

    indices: Indices  # (n,), into the board's points
    pixels: Array  # (n, 2)
    edge_px: float  # how wide the edges of the squares are; NaN where it is not known

    def __len__(self) -> int:
        return len(self.indices)


def find_corners(gray: Gray, board: Board) -> Corners | None:
    """Return the corners of the board in a picture, or None.

    Of a chessboard all corners are found or none, of a ChArUco board those next to markers.
    They are numbered so that x and y turn as on the board and the first square is black, where
    that tells turned boards apart (see `Board.turns`).
    """
    return _charuco(gray, board) if board.is_charuco else _chessboard(gray, board)


def seen_grid(pictures: Sequence[Gray]) -> tuple[int, int] | None:
    """Return the inner corners of the chessboard that most pictures show, longer side first.

    None where no two pictures, or less than a third of them, agree: parts of boards are seen too.
    """
    sizes = Counter(size for each in pictures if (size := _any_grid(each)) is not None)
    (size, count), *_ = sizes.most_common(1) or [((0, 0), 0)]
    return size if count >= max(2, len(pictures) / 3) else None


def seen_dictionary(pictures: Sequence[Gray]) -> str | None:
    """Return the ArUco dictionary whose markers are seen, "DICT_4X4_50" say; None where few are.

    A dictionary begins with the markers of the smaller ones of its kind: the smallest that has
    all that are seen is returned.
    """
    seen = {kind: _markers(pictures, f"DICT_{kind}_{_COUNTS[-1]}") for kind in _KINDS}
    kind = max(_KINDS, key=lambda each: len(seen[each]))
    if len(seen[kind]) < max(_FEWEST_MARKERS * len(pictures), 1):
        return None
    count = next(each for each in _COUNTS if max(seen[kind]) < each)
    return f"DICT_{kind}_{count}"


def has_markers(pictures: Sequence[Gray], dictionary: str) -> bool:
    """Whether some markers of a dictionary are seen, so many as noise has not."""
    return len(_markers(pictures, dictionary)) >= _FEWEST_MARKERS


def spacing_of(pixels: Array, grid: tuple[int, int]) -> float:
    """Return the least distance of two neighbours on a whole chessboard, pixels."""
    rows = pixels.reshape(grid[1], grid[0], 2)
    gaps = [np.linalg.norm(np.diff(rows, axis=axis), axis=-1).min() for axis in (0, 1)]
    return float(min(gaps))


def _chessboard(gray: Gray, board: Board) -> Corners | None:
    small, scale = _reduced(gray)
    flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
    is_there, found = cv2.findChessboardCorners(small, board.grid, None, flags)
    if not is_there:  # slower, and finds what is dim or noisy (Duda and Frese, 2018)
        flags = cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_NORMALIZE_IMAGE
        is_there, found = cv2.findChessboardCornersSB(small, board.grid, None, flags)
    if not is_there:
        return None
    rough = (
        found.reshape(-1, 2).astype(float) + 0.5
    ) * scale - 0.5  # pixels have their centre at 0
    pixels = _refined(gray, rough, spacing_of(rough, board.grid))
    pixels = _in_order(gray, pixels, board)
    given = pixels.astype(np.float32).reshape(-1, 1, 2)
    sharpness, _ = cv2.estimateChessboardSharpness(gray, board.grid, given)
    edge = float(np.ravel(sharpness)[0])  # then two brightnesses, and nothing
    known = edge if edge < _NO_EDGE else np.nan
    return Corners(np.arange(len(pixels)), pixels, known)


def _reduced(gray: Gray) -> tuple[Gray, float]:
    scale = max(1.0, max(gray.shape) / _SEARCH_PX)
    if scale == 1:
        return gray, scale
    size = (round(gray.shape[1] / scale), round(gray.shape[0] / scale))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), gray.shape[1] / size[0]


def _refined(gray: Gray, rough: Array, spacing: float) -> Array:
    half = int(np.clip(round(_WINDOW * spacing), _LEAST_WINDOW, _MOST_WINDOW))
    start = rough.astype(np.float32).reshape(-1, 1, 2)
    found = cv2.cornerSubPix(gray, start, (half, half), (-1, -1), _STOP)
    return np.asarray(found.reshape(-1, 2), float)


def _in_order(gray: Gray, pixels: Array, board: Board) -> Array:
    """Number the corners as on the board, whatever corner the search began with."""
    columns, rows = board.grid
    grid = pixels.reshape(rows, columns, 2)
    across, down = grid[:, -1] - grid[:, 0], grid[-1] - grid[0]
    x, y = across.mean(axis=0), down.mean(axis=0)
    if x[0] * y[1] - x[1] * y[0] < 0:  # mirrored: no camera sees a board from behind
        grid = grid[:, ::-1]
    for _ in range(4):
        if _is_first_black(gray, grid):
            break
        grid = np.rot90(grid) if columns == rows else grid[::-1, ::-1]
    return np.ascontiguousarray(grid).reshape(-1, 2)


def _is_first_black(gray: Gray, grid: Array) -> bool:
    """Whether the squares of the first one's colour are the darker ones, by their middles."""
    middles = (grid[:-1, :-1] + grid[1:, :-1] + grid[:-1, 1:] + grid[1:, 1:]) / 4
    x, y = np.rint(middles).astype(int).reshape(-1, 2).T
    shade = gray[y.clip(0, gray.shape[0] - 1), x.clip(0, gray.shape[1] - 1)]
    rows, columns = np.indices(middles.shape[:2])
    is_like_first = ((rows + columns) % 2 == 0).ravel()
    return bool(shade[is_like_first].mean() < shade[~is_like_first].mean())


def _charuco(gray: Gray, board: Board) -> Corners | None:
    # the two patterns differ where the number of rows is even
    kinds = (False, True) if board.rows % 2 == 0 else (False,)
    found = [_charuco_of(gray, board, kind) for kind in kinds]
    best = max(found, key=len)
    return best if len(best) >= _FEWEST_CORNERS and _is_flat(best, board) else None


def _charuco_of(gray: Gray, board: Board, legacy: bool) -> Corners:
    detector = cv2.aruco.CharucoDetector(board.with_legacy(legacy))
    pixels, indices, _, _ = detector.detectBoard(gray)
    if indices is None:
        return Corners(np.empty(0, np.intp), np.empty((0, 2)), np.nan)
    order = np.asarray(indices, np.intp).ravel()
    return Corners(order, np.asarray(pixels, float).reshape(-1, 2) - _CHARUCO_SHIFT, np.nan)


def _is_flat(found: Corners, board: Board) -> bool:
    """Whether two rows have two corners each: less tells no pose, and those of one row none."""
    return int((np.bincount(found.indices // board.grid[0]) > 1).sum()) > 1


def _markers(pictures: Sequence[Gray], dictionary: str) -> list[int]:
    """Return the numbers of all markers found."""
    markers = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    detector = cv2.aruco.ArucoDetector(markers)
    found = [detector.detectMarkers(_reduced(each)[0])[1] for each in pictures]
    return [int(number) for each in found if each is not None for number in np.ravel(each)]


def _any_grid(gray: Gray) -> tuple[int, int] | None:
    flags = cv2.CALIB_CB_LARGER | cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_NORMALIZE_IMAGE
    small, _ = _reduced(gray)
    is_there, _, meta = cv2.findChessboardCornersSBWithMeta(small, _SMALLEST_SEEN, flags)
    return (max(meta.shape), min(meta.shape)) if is_there else None
