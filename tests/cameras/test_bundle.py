"""The bundle adjustment's derivatives, against differences, and its robustness."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras import motions
from dlc_batch_cameras.bundle import Bundle, adjust, covariance
from dlc_batch_cameras.camera import Array

CAMERAS, HELD = drawn.rig(3), drawn.places(6, 3)


def bundle_of(noise: float) -> tuple[Bundle, Array]:
    """A bundle, and the true parameters."""
    seen = drawn.sightings(CAMERAS, drawn.CHESS, HELD, np.random.default_rng(1), noise)
    shots = tuple(f"{shot:02d}" for shot in range(1, len(HELD) + 1))
    sizes = tuple(camera.size for camera in CAMERAS)
    bundle = Bundle(drawn.CHESS, CAMERAS.names, sizes, shots, seen.seen)
    places = np.array([drawn.pose_of(camera) for camera in CAMERAS])
    return bundle, bundle.pack(CAMERAS.cameras, places, HELD)


def test_the_truth_leaves_no_residual() -> None:
    bundle, truth = bundle_of(noise=0)
    assert np.abs(bundle.residuals(truth)).max() < 1e-6
    cameras, boards = bundle.unpack(truth)
    assert np.allclose(boards, HELD)
    for mine, true in zip(cameras, CAMERAS, strict=True):
        assert np.allclose(mine.rotation, true.rotation)
        assert np.allclose(mine.centre, true.centre)


def test_derivatives_are_those_of_differences() -> None:
    bundle, truth = bundle_of(noise=0.5)
    slopes = bundle.evaluate(truth)[1].toarray()
    for each in range(len(truth)):
        step = np.zeros(len(truth))
        step[each] = 1e-6 * max(1.0, abs(truth[each]))
        change = bundle.residuals(truth + step) - bundle.residuals(truth - step)
        assert change / (2 * step[each]) == pytest.approx(slopes[:, each], rel=1e-4, abs=1e-3)


def test_the_truth_is_found_from_afar() -> None:
    bundle, truth = bundle_of(noise=0)
    random = np.random.default_rng(2)
    spread = np.concatenate(
        [np.tile([5, 5, 5, 5, 0.02, 0.02, 1e-3, 1e-3, 0.02], 3), np.tile([0.02] * 3 + [8] * 3, 8)]
    )
    found = adjust(bundle, truth + random.normal(0, 1, len(truth)) * spread, is_robust=False)
    assert np.abs(bundle.residuals(found)).max() < 1e-4
    assert found[:27] == pytest.approx(truth[:27], rel=1e-3, abs=1e-3)


def test_the_robust_loss_is_bent_little_by_a_wrong_view() -> None:
    bundle, truth = bundle_of(noise=0.1)
    first, *others = bundle.views
    wrong = replace(first, pixels=first.pixels + np.random.default_rng(3).normal(0, 15, (54, 2)))
    spoilt = replace(bundle, views=(wrong, *others))
    count = len(bundle.parameter_names)
    errors = np.sqrt(np.diag(covariance(bundle, truth)))
    robust = adjust(spoilt, truth, is_robust=True)[:count]
    plain = adjust(spoilt, truth, is_robust=False)[:count]
    off = [np.abs((each - truth[:count]) / errors).max() for each in (robust, plain)]
    assert off[0] < off[1] / 5


def test_what_is_undone_stays() -> None:
    some = np.random.default_rng(1).normal(0, 1, (20, 6))
    still = motions.compose(motions.inverse(some), some)
    assert np.abs(still).max() < 1e-9
    points = drawn.CHESS.points
    moved = motions.apply(motions.compose(some[:10], some[10:]), points)
    pairs = zip(some[:10], some[10:], strict=True)
    each = np.stack([motions.apply(after, motions.apply(first, points)) for after, first in pairs])
    assert np.allclose(moved, each)
