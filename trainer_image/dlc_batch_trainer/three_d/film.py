"""The poses as a film: the animal moves, and the view goes round it."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_trainer.three_d.scene import Array, Scene, seen_from

WIDTH, HEIGHT = 640, 480
#: Once round in so many seconds, from a little above (our choices).
_ROUND_SECONDS, _TILT = 12.0, 0.35
_GROUND, _LINE, _INK = (250, 250, 250), (120, 120, 120), (40, 40, 40)  # BGR
_GRID, _DOT = (215, 215, 215), 6
_FILLED = 0.47  # of the height, by the radius of the scene
_SHIFT = 4  # bits below a pixel, as OpenCV's drawing takes them
_MOST_NAMES = 24  # that a legend has room for


class FilmError(Exception):
    """OpenCV could not write the film."""


def write_film(
    scene: Scene,
    frames_per_second: float,
    target: Path,
    drawn: Callable[[], object] = lambda: None,
) -> None:
    """Write the film as MPEG-4 video.

    Args:
        scene: what moves.
        frames_per_second: of the videos that it was seen in.
        target: an .mp4.
        drawn: told after each frame.

    Raises:
        FilmError: OpenCV can't write it.
    """
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    film = cv2.VideoWriter(str(target), codec, frames_per_second, (WIDTH, HEIGHT))
    if not film.isOpened():
        raise FilmError(f"{target.name} could not be opened for writing")
    try:
        for number in range(len(scene.points)):
            turn = 2 * np.pi * number / (frames_per_second * _ROUND_SECONDS)
            film.write(draw_frame(scene, number, turn))
            drawn()
    finally:
        film.release()


def draw_frame(scene: Scene, number: int, turn: float) -> NDArray[np.uint8]:
    """Draw one instant (HEIGHT, WIDTH, 3), BGR, seen from a direction."""
    image = np.full((HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    places, depths = seen_from(scene.points[number], turn, _TILT)
    pixels = _pixels(places, scene.radius)
    for line in _pixels(seen_from(scene.ground, turn, _TILT)[0], scene.radius):
        cv2.line(image, _at(line[0]), _at(line[1]), _GRID, 1, cv2.LINE_AA, _SHIFT)
    for one, other in scene.bones:
        if np.isfinite(pixels[[one, other]]).all():
            cv2.line(image, _at(pixels[one]), _at(pixels[other]), _LINE, 2, cv2.LINE_AA, _SHIFT)
    colours = _colours(len(scene.names))
    for point in np.argsort(-depths):  # the nearest last; NaN has no place
        if np.isfinite(pixels[point]).all():
            place, radius = _at(pixels[point]), _DOT << _SHIFT
            cv2.circle(image, place, radius, colours[point], -1, cv2.LINE_AA, _SHIFT)
    for row, name in enumerate(scene.names[:_MOST_NAMES]):
        place = (22, 20 + 18 * row)
        cv2.circle(image, (12, place[1] - 4), 5, colours[row], -1, cv2.LINE_AA)
        cv2.putText(image, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return image


def _pixels(places: Array, radius: float) -> Array:
    """Places (..., 2) in the image, in sixteenths of a pixel; NaN stays."""
    scale = _FILLED * HEIGHT / radius
    right, up = places[..., 0], places[..., 1]
    return np.stack([WIDTH / 2 + scale * right, HEIGHT / 2 - scale * up], -1) * (1 << _SHIFT)


def _at(pixel: Array) -> tuple[int, int]:
    # a point far astray is drawn at the edge of what OpenCV can count to
    x, y = np.clip(np.round(pixel), -(1 << 18), 1 << 18).astype(int)
    return int(x), int(y)


def _colours(count: int) -> list[tuple[int, int, int]]:
    """Colours around the wheel, BGR, dark enough for a light ground."""
    shades = [colorsys.hsv_to_rgb(n / max(count, 1), 0.9, 0.8) for n in range(count)]
    return [(round(255 * b), round(255 * g), round(255 * r)) for r, g, b in shades]
