"""The poses as a page that can be turned: one file that needs no network."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dlc_batch_trainer.three_d.scene import Array, Scene

#: A page of more frames is one of many megabytes (our choice).
_MOST_FRAMES = 1500


def write_view(scene: Scene, title: str, frames_per_second: float) -> str:
    """Return the page as HTML.

    Args:
        scene: what is shown.
        title: of the page.
        frames_per_second: of the videos.
    """
    step = max(-(-len(scene.points) // _MOST_FRAMES), 1)
    numbers = range(0, len(scene.points), step)
    digits = max(0, 3 - math.floor(math.log10(scene.radius)))  # a thousandth of what is shown
    data = {
        "names": scene.names,
        "bones": scene.bones,
        "ground": scene.ground.round(digits).tolist(),
        "radius": round(scene.radius, 3),
        "numbers": list(numbers),
        "milliseconds": 1000 * step / frames_per_second,
        "frames": [_places(scene.points[number], digits) for number in numbers],
    }
    note = f"Every {step}th frame is shown." if step > 1 else ""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template("view.html.j2").render(
        title=title, data=_embedded(data), last=len(numbers) - 1, note=note
    )
    return html.encode("utf-8", "replace").decode()  # a name may hold half a character


def _places(points: Array, digits: int) -> list[list[float] | None]:
    """Of each point its place; None where there is none."""
    return [
        [round(float(each), digits) for each in point] if np.isfinite(point).all() else None
        for point in points
    ]


def _embedded(data: object) -> Markup:
    """As JSON that no name can break out of: a `<` could begin the end of the script."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  # nothing in it ends the element
