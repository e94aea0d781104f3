"""One camera by itself: views that do not fit the others are left out, and told, each once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.cameras import drawn

from dlc_batch_cameras.intrinsics import find_intrinsics, find_wrong
from dlc_batch_cameras.sightings import Sighting

CAMERA, COUNT = drawn.rig(2).names[0], 24


def views(growth: float) -> list[Sighting]:
    """What a camera saw of a board, each view worse than the one before by a factor."""
    random = np.random.default_rng(1)
    held = drawn.places(COUNT, seed=4)
    seen = drawn.sightings(drawn.rig(2), drawn.CHESS, held, random, 0).of(CAMERA)
    return [
        replace(
            each, pixels=each.pixels + 0.05 * growth**n * random.normal(size=each.pixels.shape)
        )
        for n, each in enumerate(seen)
    ]


def test_views_are_left_out_until_all_that_are_left_fit() -> None:
    """Five rounds of it: each view that goes makes the next ones stand out."""
    seen = views(1.6)
    found = find_intrinsics(CAMERA, drawn.SIZE, seen, drawn.CHESS)
    assert found is not None
    assert not find_wrong(found.errors).any()
    wrong = [view.shot for view, _ in found.wrong]
    kept = [view.shot for view in found.views]
    assert sorted([*wrong, *kept]) == sorted(view.shot for view in seen)
    assert len(wrong) > COUNT / 2


def test_where_too_few_fit_there_is_no_camera() -> None:
    seen = views(1)[:2]
    assert find_intrinsics(CAMERA, drawn.SIZE, seen, drawn.CHESS) is None
