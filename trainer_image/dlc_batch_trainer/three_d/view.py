"""The poses as a page that can be turned: one file that needs no network."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dlc_batch_trainer.three_d.scene import Array, Scene

_HERE = Path(__file__).parent
#: Points in all frames: a page of more is of more than eight megabytes (our choice).
MOST_POINTS = 1_000_000
#: Places are kept as whole numbers of 16 bits: on a screen less than a tenth of a pixel. What is
#: farther than so many radii from the middle is shown at the edge of that.
_REACH, _FARTHEST, _NONE = 8.0, 32_767, -32_768
#: The middle of the animal is smoothed over so many seconds, for who follows it (our choice).
_SMOOTH_SECONDS = 0.5
#: An animal so many times smaller than where it went is followed at first (our choice).
_SMALL = 6.0
#: The animal is seen from its side at first, so much from its front, and so much from above
#: (radians).
_ASIDE, _TILT = 0.5, 0.35


@dataclass(frozen=True)
class Film:
    """How the frames of a recording are counted."""

    frames_per_second: float
    first: int = 0  # the number of the first frame
    camera: str = ""  # by whose video they are counted


def write_view(scene: Scene, title: str, film: Film) -> str:
    """Return the page as HTML.

    Args:
        scene: what is shown.
        title: of the page.
        film: how frames are counted.
    """
    every = max(-(-scene.points[..., 0].size // MOST_POINTS), 1)
    points = scene.points[::every]
    track = track_of(points, film.frames_per_second / every)
    start = int(np.isfinite(points).all(axis=-1).sum(axis=1).argmax())
    size = _size(points, track)
    quantum = _REACH * scene.radius / _FARTHEST
    data = {
        "names": scene.names,
        "bones": scene.bones,
        "ground": scene.ground.round(6).tolist(),
        "axes": scene.axes.round(6).tolist(),
        "unit": scene.unit,
        "extents": scene.extents(_TILT),
        "size": size,
        "follows": size * _SMALL < scene.radius,
        "turn": _turn(points[start]),
        "tilt": _TILT,
        "start": start,
        "count": len(points),
        "every": every,
        "first": film.first,
        "rate": film.frames_per_second,
        "quantum": quantum,
        "points": _packed(points, quantum),
        "track": _packed(track, quantum),
    }
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template("view.html.j2").render(
        title=title,
        camera=film.camera,
        every=every,
        square=f"{scene.square:g} {scene.unit}",
        last=len(points) - 1,
        start=start,
        css=_own("view.css"),
        script=_own("view.js"),
        data=_embedded(data),
    )
    return html.encode("utf-8", "replace").decode()  # a name may hold half a character


def track_of(points: Array, rate: float) -> Array:
    """Return where the animal's middle is, smoothed, (frames, 3); gaps are bridged.

    Args:
        points: (frames, points, 3); NaN where there is none.
        rate: frames a second.
    """
    seen = np.flatnonzero(np.isfinite(points).all(axis=-1).sum(axis=1))
    if not len(seen):
        return np.zeros((len(points), 3))
    middles = np.nanmedian(points[seen], axis=1)
    at = np.arange(len(points))
    track = np.stack([np.interp(at, seen, middles[:, axis]) for axis in range(3)], axis=-1)
    half = min(round(_SMOOTH_SECONDS * rate / 2), (len(points) - 1) // 2)
    window = np.ones(2 * half + 1)
    counts = np.convolve(np.ones(len(points)), window, "same")
    smooth = [np.convolve(track[:, axis], window, "same") / counts for axis in range(3)]
    return np.stack(smooth, axis=-1)


def _size(points: Array, track: Array) -> float:
    """How far the animal's points are from its middle."""
    distances = np.linalg.norm(points - track[:, None], axis=-1)
    there = distances[np.isfinite(distances)]
    return float(np.quantile(there, 0.99)) or 1.0 if len(there) else 1.0


def _turn(points: Array) -> float:
    """From where an animal is seen at its longest, and a little from its front."""
    flat = points[np.isfinite(points).all(axis=-1)][:, :2]
    if len(flat) < 2:
        return _ASIDE
    _, _, directions = np.linalg.svd(flat - flat.mean(axis=0))
    return float(_ASIDE - np.arctan2(directions[0, 1], directions[0, 0]))


def _packed(places: Array, quantum: float) -> str:
    """In Base64, 16 bits a number, little end first; where there is none, a number of its own."""
    whole = np.clip(np.round(places / quantum), -_FARTHEST, _FARTHEST)
    whole[~np.isfinite(places).all(axis=-1)] = _NONE
    return base64.b64encode(whole.astype("<i2").tobytes()).decode()


def _own(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704  # our own file


def _embedded(data: object) -> Markup:
    """As JSON that no name can break out of: a `<` could begin the end of the script."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  # nothing in it ends the element
