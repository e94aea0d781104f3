"""Some poses side by side, for a page and for a figure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_trainer.three_d.film import MOST_NAMES, draw_frame
from dlc_batch_trainer.three_d.scene import Scene

_COLUMNS, _ROWS = 3, 2
_LETTERS = 2.0  # for the picture is half as large; of many body parts they are smaller
_QUALITY = 85  # of JPEG


def draw_poses(scene: Scene) -> bytes:
    """Return a JPEG of poses spread over the recording, each from another side."""
    numbers = chosen_frames(scene, _COLUMNS * _ROWS)
    turns = np.linspace(0, 2 * np.pi, len(numbers), endpoint=False)
    letters = min(_LETTERS, max(1.0, MOST_NAMES / max(len(scene.names), 1)))
    tiles = [
        draw_frame(scene, number, turn, letters, is_named=number == numbers[0])
        for number, turn in zip(numbers, turns, strict=True)
    ]
    tiles += [np.full_like(tiles[0], 250)] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[n : n + _COLUMNS]) for n in range(0, len(tiles), _COLUMNS)]
    image = cv2.resize(np.vstack(rows), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()


def chosen_frames(scene: Scene, most: int) -> NDArray[np.int64]:
    """Return frames spread over the recording, of those with the most points."""
    counts = np.isfinite(scene.points).all(axis=-1).sum(axis=1)
    fullest = np.flatnonzero(counts == counts.max())
    picked = np.linspace(0, len(fullest) - 1, min(most, len(fullest))).round().astype(int)
    chosen: NDArray[np.int64] = fullest[picked]
    return chosen
