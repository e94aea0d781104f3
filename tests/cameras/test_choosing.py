"""Of hundreds of boards those are taken that differ, and every camera keeps its share."""

from dataclasses import replace

import numpy as np
from tests.cameras import drawn

from dlc_batch_cameras.calibration import calibrate
from dlc_batch_cameras.choosing import choose


def test_all_are_taken_where_they_are_few() -> None:
    sightings = drawn.sightings(
        drawn.rig(2), drawn.CHESS, drawn.places(8, 3), np.random.default_rng(1), noise=0.1
    )
    assert choose(sightings, 8) is sightings


def test_of_many_in_one_place_few_are_taken() -> None:
    held = np.concatenate([np.repeat(drawn.places(1, 3), 80, axis=0), drawn.places(20, 4)])
    sightings = drawn.sightings(
        drawn.rig(2), drawn.CHESS, held, np.random.default_rng(1), noise=0.1
    )
    found = choose(sightings, 25)
    taken = {int(view.shot) for view in found.seen}
    assert len(taken) == 25
    assert set(range(81, 101)) <= taken


def test_cameras_that_rarely_see_the_board_together_keep_what_links_them() -> None:
    held = drawn.places(150, 5)
    whole = drawn.sightings(drawn.rig(3), drawn.CHESS, held, np.random.default_rng(2), noise=0.1)
    left = tuple(
        view
        for view in whole.seen
        if int(view.shot) % 15 == 0 or (view.camera == "camera-3") == (int(view.shot) % 2 == 0)
    )
    found = calibrate(replace(whole, seen=left))
    assert len({view.shot for view in found.views}) == 100
    assert all(view.is_used for view in found.views)
    true_mm = np.linalg.norm(drawn.rig(3).cameras[2].centre)
    (baseline,) = (b for b in found.baselines if (b.first, b.second) == ("camera-1", "camera-3"))
    assert abs(baseline.mm - true_mm) < 5 * baseline.error_mm
