"""Least squares of the reprojection error, against SciPy's, point by point."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from tests.cameras.scenes import draw_scene

from dlc_batch_cameras.fitting import fit_points, solve_linearly

COUNTS = (2, 3, 6)


def _rows(views: np.ndarray) -> np.ndarray:
    """Return (cameras, n, 2) as (cameras, 2, n)."""
    return views.transpose(0, 2, 1)


@pytest.mark.parametrize("cameras", COUNTS)
def test_no_other_point_fits_better(cameras: int) -> None:
    scene = draw_scene(cameras, frames=5, noise=3.0)
    pixels = scene.pixels.reshape(cameras, -1, 2)
    weights = np.random.default_rng(4).uniform(0.3, 1, pixels.shape[:2])
    found = fit_points(scene.group, _rows(pixels), _rows(scene.group.rays(pixels)), weights).points
    for at in range(pixels.shape[1]):

        def misfit(point: np.ndarray, at: int = at) -> np.ndarray:
            off = scene.group.project(point[None])[:, 0] - pixels[:, at]
            return (off * np.sqrt(weights[:, at, None])).ravel()

        best = least_squares(misfit, scene.truth.reshape(-1, 3)[at], x_scale="jac")
        np.testing.assert_allclose(found[:, at], best.x, atol=0.01)
        assert (misfit(found[:, at]) ** 2).sum() == pytest.approx(2 * best.cost, rel=1e-5)


@pytest.mark.parametrize("cameras", COUNTS)
def test_without_noise_the_linear_start_is_the_truth(cameras: int) -> None:
    scene = draw_scene(cameras, frames=20)
    rays = _rows(scene.group.rays(scene.clean.reshape(cameras, -1, 2)))
    found = solve_linearly(scene.group, rays, np.ones((cameras, rays.shape[-1])))
    np.testing.assert_allclose(found.T, scene.truth.reshape(-1, 3), atol=1e-3)


def test_what_less_than_two_cameras_see_is_nowhere() -> None:
    scene = draw_scene(3, frames=2)
    pixels = scene.pixels.reshape(3, -1, 2)
    weights = np.ones(pixels.shape[:2])
    weights[:2, 0] = 0
    weights[:, 1] = 0
    found = fit_points(scene.group, _rows(pixels), _rows(scene.group.rays(pixels)), weights)
    assert np.isnan(found.points[:, :2]).all()
    assert np.isfinite(found.points[:, 2:]).all()
    least = found.covariances()
    assert np.isnan(least[:2]).all()
    assert (np.linalg.eigvalsh(least[2:]) > 0).all()
