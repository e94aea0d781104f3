"""How well two views agree, against what fitting a point to them tells."""

import numpy as np
import pytest
from tests.cameras.scenes import draw_scene

from dlc_batch_cameras.epipolar import epipolar_errors, weighted_epipolar_errors
from dlc_batch_cameras.triangulation import triangulate


def test_it_is_what_the_two_pixels_miss_the_best_point_by() -> None:
    scene = draw_scene(2, distortion=(0.0,) * 5)
    rays = scene.group.rays(scene.pixels)
    found = epipolar_errors(*scene.group.cameras, rays[0], rays[1])
    fit = triangulate(scene.group, scene.pixels, scene.confidences, robust=False)
    least = np.sqrt((fit.errors**2).sum(axis=0))
    np.testing.assert_allclose(np.abs(found), least, rtol=0.02, atol=0.01)
    assert np.std(found) == pytest.approx(1, rel=0.05)


def test_clean_views_agree_and_either_order_tells_the_same() -> None:
    scene = draw_scene(2)
    first, second = scene.group.cameras
    rays = scene.group.rays(scene.clean)
    assert np.abs(epipolar_errors(first, second, rays[0], rays[1])).max() < 1e-6
    noisy = scene.group.rays(scene.pixels)
    np.testing.assert_allclose(
        np.abs(epipolar_errors(first, second, noisy[0], noisy[1])),
        np.abs(epipolar_errors(second, first, noisy[1], noisy[0])),
        atol=1e-9,
    )


def test_a_view_without_weight_tells_nothing() -> None:
    scene = draw_scene(2, frames=10)
    rays = scene.group.rays(scene.pixels)
    scene.confidences[1, :5] = 0
    found = weighted_epipolar_errors(scene.group, rays, scene.confidences, (0, 1))
    assert np.isnan(found[:5]).all()
    assert np.isfinite(found[5:]).all()
