"""Which boards to calibrate with, where there are more than are needed.

Hundreds of images of one video say little that a hundred do not, and a camera's calibration takes
time that grows with the cube of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.sightings import Sighting, Sightings, Size

#: Ten a parameter of a camera, and more than the field takes (20 to 60).
MOST_SHOTS = 100


def choose(sightings: Sightings, most: int = MOST_SHOTS) -> Sightings:
    """Return the sightings of so many shots that lie far apart from each other, or all.

    Cameras and pairs of cameras choose in turn, each the board that is furthest from those chosen
    already (Gonzalez, 1985).
    """
    by_shot: dict[str, dict[str, Sighting]] = {}
    for view in sightings.seen:
        by_shot.setdefault(view.shot, {})[view.camera] = view
    if len(by_shot) <= most:
        return sightings
    shots = sorted(by_shot)
    groups = list(_groups(sightings, shots, by_shot))
    gaps = [np.where(np.isfinite(forms[:, 0]), np.inf, -np.inf) for forms in groups]
    chosen: set[int] = set()
    while len(chosen) < most:
        for gap in gaps:
            best = int(gap.argmax())
            if gap[best] > -np.inf and len(chosen) < most:
                chosen.add(best)
                _come_nearer(groups, gaps, best)
    kept = {shots[each] for each in chosen}
    out = [view for view in sightings.seen if view.shot not in kept]
    return sightings.without(out)


def _come_nearer(groups: list[Array], gaps: list[Array], best: int) -> None:
    """Take note in every group that a shot was chosen."""
    for forms, gap in zip(groups, gaps, strict=True):
        if np.isfinite(forms[best, 0]):
            apart = np.abs(forms - forms[best]).max(axis=1)
            np.minimum(gap, np.where(np.isnan(apart), -np.inf, apart), out=gap)
        gap[best] = -np.inf


def _groups(
    sightings: Sightings, shots: list[str], by_shot: dict[str, dict[str, Sighting]]
) -> Iterator[Array]:
    """Yield for each pair of cameras, and each camera, the forms of what it saw, (shots, ...).

    NaN stands where it saw nothing.
    """
    forms = {
        camera: np.array([_form(by_shot[s].get(camera), sightings.sizes[camera]) for s in shots])
        for camera in sightings.cameras
    }
    for first, second in combinations(forms, 2):
        both = np.hstack([forms[first], forms[second]])
        yield np.where(np.isnan(both).any(axis=1, keepdims=True), np.nan, both)
    yield from forms.values()


def _form(view: Sighting | None, size: Size) -> Array:
    """Return where a board is in an image, and how it is turned, in parts of its diagonal."""
    if view is None:
        return np.full(8, np.nan)
    ends = view.pixels[[0, -1]].ravel()
    corners = [view.pixels.min(axis=0), view.pixels.max(axis=0), ends]
    return np.concatenate(corners) / float(np.hypot(*size))
