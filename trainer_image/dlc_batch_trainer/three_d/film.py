"""The poses as a film: the animal moves, and the view goes round it."""

from __future__ import annotations

import colorsys
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
_FILLED = 0.46  # of the image, by half of the scene
_SHIFT = 4  # bits below a pixel, as OpenCV's drawing takes them
MOST_NAMES = 24  # that a legend has room for
_LETTERS, _LINE_HEIGHT = 0.42, 18
#: Of a film: 100 seconds at 30 a second are 15 MB, and take half a minute to draw (our choice).
MOST_FRAMES = 3000


class FilmError(Exception):
    """OpenCV could not write the film."""


def write_film(
    scene: Scene, frames_per_second: float, target: Path, most: int = MOST_FRAMES
) -> None:
    """Write the film as MPEG-4 video; of a long recording, the part with the most points.

    Args:
        scene: what moves.
        frames_per_second: of the videos that it was seen in.
        target: an .mp4.
        most: frames at most.

    Raises:
        FilmError: OpenCV can't write it.
    """
    codec = cv2.VideoWriter.fourcc(*"mp4v")
    film = cv2.VideoWriter(str(target), codec, frames_per_second, (WIDTH, HEIGHT))
    if not film.isOpened():
        raise FilmError(f"{target.name} could not be opened for writing")
    try:
        for at, number in enumerate(_shown(scene, most)):
            turn = 2 * np.pi * at / (frames_per_second * _ROUND_SECONDS)
            film.write(draw_frame(scene, number, turn))
    finally:
        film.release()


def draw_frame(
    scene: Scene, number: int, turn: float, letters: float = 1.0, *, is_named: bool = True
) -> NDArray[np.uint8]:
    """Draw one instant (HEIGHT, WIDTH, 3), BGR, seen from a direction.

    Args:
        scene: what moves.
        number: of the instant.
        turn: of the direction about the vertical, radians.
        letters: how large they are.
        is_named: whether it has a legend, and the scale.
    """
    image = np.full((HEIGHT, WIDTH, 3), _GROUND, np.uint8)
    places, depths = seen_from(scene.points[number], turn, _TILT)
    pixels = _pixels(places, scale := _scale(scene))
    for line in _pixels(seen_from(scene.ground, turn, _TILT)[0], scale):
        cv2.line(image, _at(line[0]), _at(line[1]), _GRID, 1, cv2.LINE_AA, _SHIFT)
    for one, other in scene.bones:
        if np.isfinite(pixels[[one, other]]).all():
            cv2.line(image, _at(pixels[one]), _at(pixels[other]), _LINE, 2, cv2.LINE_AA, _SHIFT)
    colours = _colours(len(scene.names))
    for point in np.argsort(-depths):  # the nearest last; NaN has no place
        if np.isfinite(pixels[point]).all():
            place, radius = _at(pixels[point]), _DOT << _SHIFT
            cv2.circle(image, place, radius, colours[point], -1, cv2.LINE_AA, _SHIFT)
    if is_named:
        _tell(image, scene, colours, letters)
    return image


def _shown(scene: Scene, most: int) -> range:
    """Return the frames in a row, so many at most, in which most points are there."""
    count = min(most, len(scene.points))
    there = np.isfinite(scene.points).all(axis=-1).sum(axis=1)
    before = np.concatenate([[0], np.cumsum(there)])
    first = int(np.argmax(before[count:] - before[: len(before) - count]))
    return range(first, first + count)


def _tell(
    image: NDArray[np.uint8], scene: Scene, colours: list[tuple[int, int, int]], letters: float
) -> None:
    """Write the legend, and how far the lines of the grid are apart."""

    def write(text: str, x: float, y: float) -> None:
        place, size = (round(x), round(y)), _LETTERS * letters
        thick = round(letters)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, _INK, thick, cv2.LINE_AA)

    for row, name in enumerate(scene.names[: int(MOST_NAMES / letters)]):
        y = letters * (20 + _LINE_HEIGHT * row)
        spot = (round(12 * letters), round(y - 4 * letters))
        cv2.circle(image, spot, round(5 * letters), colours[row], -1, cv2.LINE_AA)
        write(name, 22 * letters, y)
    write(f"grid: {scene.square:g} {scene.unit}", 12, HEIGHT - 12)


def _scale(scene: Scene) -> float:
    """Pixels a unit, so that the scene fits into the image from all sides."""
    across, upwards = scene.extents(_TILT)
    sizes = ((WIDTH, across), (HEIGHT, upwards))
    return _FILLED * min(pixels / size for pixels, size in sizes if size > 0)


def _pixels(places: Array, scale: float) -> Array:
    """Places (..., 2) in the image, in sixteenths of a pixel; NaN stays."""
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
