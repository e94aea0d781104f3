"""The worst test frames, with each label and its prediction drawn."""

from __future__ import annotations

import io
import math
import traceback
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint

#: Of a picture, its longer side in pixels: readable on a page, and ten of them stay small.
_LONGER_SIDE = 560
#: Around labels and predictions, as a share of their span, and at least of the frame: enough to
#: see where in the frame it is (our choices).
_MARGIN, _LEAST_MARGIN = 0.4, 0.08
_QUALITY = 82  # of JPEG: lines stay clean, at about 30 kB a picture
_RADIUS, _WIDTH = 9, 3
#: Told apart by shape as well: a ring is the label, a cross the prediction. On any frame one of
#: light and dark stands out, so each line has a dark edge.
_LABEL, _PREDICTION, _LINK, _EDGE = "#35c9ff", "#ffb000", "#ffffff", "#000000"


@dataclass(frozen=True)
class Picture:
    """A frame as the page shows it."""

    frame: ScoredFrame
    jpeg: bytes
    width: int
    height: int

    @property
    def alt(self) -> str:
        """What is to be seen, for who can't see it."""
        error = self.frame.error_px
        mean = "nothing was found" if error is None else f"mean error {error:.1f} px"
        return f"Test frame, {len(self.frame.points)} labelled points, {mean}."


def size_of(path: Path) -> tuple[int, int] | None:
    """Return the width and height of an image; None where it can't be read."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def draw_frames(project: Path, frames: tuple[ScoredFrame, ...]) -> list[Picture]:
    """Draw frames; one whose image can't be read is left out."""
    return [drawn for frame in frames if (drawn := _draw(project / frame.image, frame))]


def _draw(path: Path, frame: ScoredFrame) -> Picture | None:
    try:
        with Image.open(path) as opened:
            return _drawn(_as_colours(opened), frame)
    except Exception:  # whatever a broken image does to Pillow, there is more in the report
        traceback.print_exc()
        return None


def _drawn(image: Image.Image, frame: ScoredFrame) -> Picture:
    left, top, right, bottom = _part(image.size, frame)
    scale = _LONGER_SIDE / max(right - left, bottom - top)
    size = round((right - left) * scale), round((bottom - top) * scale)
    box = (left, top, right, bottom)
    image = image.resize(size, Image.Resampling.LANCZOS, box)
    for point in frame.points:
        _draw_point(ImageDraw.Draw(image), point, scale, (left, top))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(frame, target.getvalue(), *image.size)


def _part(size: tuple[int, int], frame: ScoredFrame) -> tuple[int, int, int, int]:
    """The part of a frame to show: around labels and predictions, where the frame is large."""
    places = [point.label for point in frame.points]
    places += [p.predicted for p in frame.points if p.predicted and _is_within(p.predicted, size)]
    if max(size) <= _LONGER_SIDE or not places:
        return (0, 0, *size)
    xs, ys = zip(*places, strict=True)
    margin = max(_LEAST_MARGIN * max(size), _MARGIN * max(max(xs) - min(xs), max(ys) - min(ys)))
    left, top = (max(math.floor(min(each) - margin), 0) for each in (xs, ys))
    right = min(math.ceil(max(xs) + margin), size[0])
    bottom = min(math.ceil(max(ys) + margin), size[1])
    if right <= left or bottom <= top:  # labels outside of the frame
        return (0, 0, *size)
    return (left, top, right, bottom)


def _is_within(place: tuple[float, float], size: tuple[int, int]) -> bool:
    return all(0 <= each < most for each, most in zip(place, size, strict=True))


def _as_colours(image: Image.Image) -> Image.Image:
    """As eight bits a colour; of deeper shades of grey, what they span."""
    if image.mode.startswith(("I", "F")):
        low, high = (float(each) for each in image.getextrema()[:2])  # type: ignore[arg-type]  # one band
        factor = 255 / (high - low) if high > low else 1.0
        image = image.convert("F").point(lambda value: value * factor - low * factor).convert("L")
    return image.convert("RGB")


def _draw_point(
    draw: ImageDraw.ImageDraw, point: ScoredPoint, scale: float, corner: tuple[int, int]
) -> None:
    def placed(place: tuple[float, float]) -> tuple[float, float]:
        # a coordinate is of the middle of a pixel, a place in the drawing of its corner
        x, y = ((each + 0.5 - first) * scale for each, first in zip(place, corner, strict=True))
        return x, y

    x, y = placed(point.label)
    ring = (x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS)
    if point.predicted is not None and all(map(math.isfinite, point.predicted)):
        u, v = placed(point.predicted)
        _stroke(draw, [(x, y), (u, v)], _LINK, 2)
        r = _RADIUS - 2
        _stroke(draw, [(u - r, v - r), (u + r, v + r)], _PREDICTION, _WIDTH)
        _stroke(draw, [(u - r, v + r), (u + r, v - r)], _PREDICTION, _WIDTH)
    draw.ellipse(ring, outline=_EDGE, width=_WIDTH + 2)
    draw.ellipse(ring, outline=_LABEL, width=_WIDTH)


def _stroke(
    draw: ImageDraw.ImageDraw, line: list[tuple[float, float]], colour: str, width: int
) -> None:
    draw.line(line, fill=_EDGE, width=width + 2)
    draw.line(line, fill=colour, width=width)
