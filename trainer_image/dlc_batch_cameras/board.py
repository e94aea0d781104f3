"""The board that the cameras are calibrated with: a chessboard, or a ChArUco board.

A chessboard is told by its inner corners, as OpenCV and DeepLabCut do (a board of 10 x 7 squares
has 9 x 6), a ChArUco board by its squares, as the programs that print them do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.camera import Array
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem

Indices = NDArray[np.intp]
_FEWEST, _MOST = 3, 100  # inner corners along a side; OpenCV finds none with 2


@dataclass(frozen=True)
class Board:
    """What is printed on the board. Its first inner corner is the origin, its face looks to -z.

    Raises:
        ProjectError: there can be no such board.
    """

    columns: int  # inner corners, or squares of a ChArUco board, along x
    rows: int  # the same, along y
    square_mm: float  # the side of a square
    marker_mm: float | None = None  # the side of a marker: this makes it a ChArUco board
    dictionary: str | None = None  # of the markers, such as "DICT_4X4_50"

    def __post_init__(self) -> None:
        if faults := self._faults():
            raise ProjectError([_problem(fault) for fault in faults])

    @property
    def is_charuco(self) -> bool:
        return self.marker_mm is not None

    @property
    def grid(self) -> tuple[int, int]:
        """The inner corners along x and along y."""
        fewer = 1 if self.is_charuco else 0
        return self.columns - fewer, self.rows - fewer

    @property
    def name(self) -> str:
        """The board in the words of a message."""
        kind = "ChArUco board" if self.is_charuco else "chessboard"
        what = "squares" if self.is_charuco else "inner corners"
        return f"{kind} of {self.columns} x {self.rows} {what}"

    @cached_property
    def points(self) -> Array:
        """The inner corners in the board's coordinates, (N, 3), mm, row by row."""
        columns, rows = self.grid
        y, x = np.mgrid[0:rows, 0:columns]
        return np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3) * float(self.square_mm)

    @cached_property
    def turns(self) -> tuple[Indices, ...]:
        """The ways to number the corners that no picture tells apart, as permutations.

        A board of an odd and an even number of inner corners has one: turned by 180 degrees, white
        lies where black was. One of two odd or two even numbers has two, a square one up to four.
        """
        columns, rows = self.grid
        same = np.arange(columns * rows)
        if self.is_charuco or (columns + rows) % 2:
            return (same,)
        quarter = np.rot90(same.reshape(rows, columns)).ravel()
        if columns == rows and columns % 2 == 0:
            return same, quarter, quarter[quarter], quarter[quarter][quarter]
        return same, same[::-1]

    def with_legacy(self, legacy: bool) -> cv2.aruco.CharucoBoard:
        """Return the ChArUco board for OpenCV; boards printed before its 4.6 are legacy ones."""
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary or ""))
        size = (self.columns, self.rows)
        board = cv2.aruco.CharucoBoard(size, self.square_mm, self.marker_mm or 0, dictionary)
        board.setLegacyPattern(legacy)
        return board

    def _faults(self) -> list[str]:
        found = []
        if not all(_FEWEST <= each <= _MOST for each in self.grid):
            found.append(f"A {self.name} has too few or too many: 3 to 100 inner corners a side.")
        if not 0 < self.square_mm < float("inf"):
            found.append(f"A square's side of {self.square_mm} mm is not above 0.")
        if self.marker_mm is not None and not 0 < self.marker_mm < self.square_mm:
            found.append(
                f"A marker's side of {self.marker_mm} mm is not between 0 and a square's."
            )
        if self.is_charuco and not _is_dictionary(self.dictionary):
            found.append(f"There is no dictionary of markers named `{self.dictionary}`.")
        return found


def _is_dictionary(name: str | None) -> bool:
    return bool(name) and str(name).startswith("DICT_") and hasattr(cv2.aruco, str(name))


def _problem(what: str) -> Problem:
    return problem("calibration-board", "board", what)
