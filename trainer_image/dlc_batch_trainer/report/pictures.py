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
    scale = _LONGER_SIDE / max(image.size)
    size = round(image.width * scale), round(image.height * scale)
    image = image.resize(size, Image.Resampling.LANCZOS)
    for point in frame.points:
        _draw_point(ImageDraw.Draw(image), point, scale)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(frame, target.getvalue(), *image.size)


def _as_colours(image: Image.Image) -> Image.Image:
    """As eight bits a colour; of deeper shades of grey, what they span."""
    if image.mode.startswith(("I", "F")):
        low, high = (float(each) for each in image.getextrema()[:2])  # type: ignore[arg-type]  # one band
        factor = 255 / (high - low) if high > low else 1.0
        image = image.convert("F").point(lambda value: value * factor - low * factor).convert("L")
    return image.convert("RGB")


def _draw_point(draw: ImageDraw.ImageDraw, point: ScoredPoint, scale: float) -> None:
    # a coordinate is of the middle of a pixel, a place in the drawing of its corner
    x, y = ((each + 0.5) * scale for each in point.label)
    ring = (x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS)
    if point.predicted is not None and all(map(math.isfinite, point.predicted)):
        u, v = ((each + 0.5) * scale for each in point.predicted)
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
