"""A chessboard held into the view of both cameras: what they are calibrated by.

It is drawn as a camera would take it: eight times as large, made smaller, with the sensor's grain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from dlc_batch.demo.scene import HEIGHT, WIDTH, Array, Camera, Image

#: Inner corners, and the side of a square in mm: about 10 pixels in these small frames.
COLUMNS, ROWS, SQUARE_MM = 6, 5, 22.0
#: Moments at which the board is shown.
MOMENTS = 26
_FINER = 8
_PAPER, _INK, _ROOM = 232, 28, 92  # shades of grey
_PIXELS = 24  # of a square, in the board's own picture


@dataclass(frozen=True)
class Held:
    """A board as it is held: a point (x, y, 0) of it is in the arena at rotation @ point + place.

    Its origin is the first inner corner.
    """

    rotation: Array  # (3, 3)
    place: Array  # (3,), mm

    def corners(self) -> Array:
        """Return the inner corners in the arena (rows * columns, 3), mm, row after row."""
        y, x = np.mgrid[:ROWS, :COLUMNS] * SQUARE_MM
        board = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        return np.asarray(board @ self.rotation.T + self.place)


def hold(moments: int = MOMENTS, seed: int = 1) -> Iterator[Held]:
    """Yield how the board is held, tilted and turned towards the cameras in ever other ways."""
    drawn = np.random.default_rng([seed, 99])
    for number in range(moments):
        around = 2 * np.pi * number / moments
        aside, along = 42 * np.cos(around), 33 * np.sin(around)
        middle = np.array([aside, along, 17 + 43 * np.cos(3 * around)])
        tilt = np.deg2rad([22 * np.cos(2 * around), 14 * np.sin(3 * around), 15 * np.cos(around)])
        rotation = _facing() @ cv2.Rodrigues(tilt + drawn.normal(0, 0.06, 3))[0]
        half = np.array([(COLUMNS - 1) / 2, (ROWS - 1) / 2, 0]) * SQUARE_MM
        yield Held(rotation, middle - rotation @ half)


def draw_board(held: Held, camera: Camera, grain: np.random.Generator) -> Image:
    """Draw what the camera takes of it (HEIGHT, WIDTH, 3), BGR."""
    picture, to_board = _picture()
    flat = np.column_stack([held.rotation[:, :2], held.place])  # of a board's (x, y, 1)
    seen = camera.K @ (camera.R @ flat + np.outer(camera.t, [0, 0, 1]))
    finer = np.array([[_FINER, 0, (_FINER - 1) / 2], [0, _FINER, (_FINER - 1) / 2], [0, 0, 1.0]])
    large = cv2.warpPerspective(
        picture,
        finer @ seen @ to_board,
        (_FINER * WIDTH, _FINER * HEIGHT),
        flags=cv2.INTER_AREA,
        borderValue=_ROOM,
    )
    image = cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(float)
    noisy = image[..., None] + grain.normal(0, 1.5, (HEIGHT, WIDTH, 3))
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def _facing() -> Array:
    """The rotation of a board turned to between the cameras; its z leads away from them."""
    away = np.array([0.0, 0.51, -0.86])
    away /= np.linalg.norm(away)
    right = np.array([1.0, 0, 0])
    return np.stack([right, np.cross(away, right), away], axis=1)


def _picture() -> tuple[Image, Array]:
    """The printed board, and the matrix (3, 3) from its pixels to the board's mm."""
    columns, rows = COLUMNS + 1, ROWS + 1
    squares = (np.indices((rows + 2, columns + 2)).sum(axis=0) % 2).astype(bool)
    paper = np.full((rows + 2, columns + 2), _PAPER, np.uint8)  # with a white margin
    paper[1:-1, 1:-1][squares[1:-1, 1:-1]] = _INK
    picture = np.kron(paper, np.ones((_PIXELS, _PIXELS), np.uint8))
    scale = SQUARE_MM / _PIXELS
    # the first inner corner lies two squares in; a pixel's coordinate is that of its middle
    shift = 0.5 * scale - 2 * SQUARE_MM
    to_board = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1.0]])
    return picture, to_board
