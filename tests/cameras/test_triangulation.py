"""Points in space from what cameras see, where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cameras.scenes import Scene, draw_bound, draw_scene, errors

from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.triangulation import Triangulation, triangulate

COUNTS = (2, 3, 6)


def _found(scene: Scene) -> Triangulation:
    return triangulate(scene.group, scene.pixels, scene.confidences)


def _median(scene: Scene) -> float:
    return float(np.nanmedian(errors(_found(scene).points, scene.truth)))


@pytest.mark.parametrize("cameras", COUNTS)
def test_the_median_error_is_close_to_the_least_possible(cameras: int) -> None:
    scene = draw_scene(cameras)
    found = _found(scene)
    assert np.isfinite(found.points).all(axis=-1).mean() > 0.999
    ratio = np.nanmedian(errors(found.points, scene.truth)) / draw_bound(scene)
    assert 0.97 < ratio < 1.05


@pytest.mark.parametrize("cameras", COUNTS)
def test_what_is_said_of_the_error_is_true(cameras: int) -> None:
    scene = draw_scene(cameras)
    found = _found(scene)
    assert found.noise == pytest.approx(np.ones(8), rel=0.1)
    off = (found.points - scene.truth)[..., None]
    squares = (off.swapaxes(-1, -2) @ np.linalg.inv(found.covariances) @ off).ravel()
    # Of a Gaussian in three dimensions: the median, and the share within the 95 % ellipsoid.
    assert np.nanmedian(squares) == pytest.approx(2.366, rel=0.1)
    assert np.nanmean(squares < 7.815) == pytest.approx(0.95, abs=0.02)
    square = np.trace(found.covariances, axis1=-2, axis2=-1)
    np.testing.assert_allclose(found.standard_errors**2, square)
    missed = np.linalg.norm(scene.group.project(found.points) - scene.pixels, axis=-1)
    there = np.isfinite(missed)
    np.testing.assert_allclose(found.errors[there], missed[there], atol=1e-6)


@pytest.mark.parametrize("cameras", COUNTS)
def test_wrong_predictions_hardly_move_the_median(cameras: int) -> None:
    clean, spoilt = draw_scene(cameras), draw_scene(cameras, wrong=0.1)
    assert _median(spoilt) < 1.1 * _median(clean)
    plain = triangulate(spoilt.group, spoilt.pixels, spoilt.confidences, robust=False)
    assert np.nanmedian(errors(plain.points, spoilt.truth)) > 1.1 * _median(clean)


@pytest.mark.parametrize(("cameras", "most"), [(3, 0.02), (6, 0.002)])
def test_the_wrong_views_are_named_and_the_right_ones_used(cameras: int, most: float) -> None:
    scene = draw_scene(cameras, wrong=0.1)
    found = _found(scene)
    assert (found.used & scene.wrong).mean() < 0.001
    right = ~scene.wrong & (np.count_nonzero(~scene.wrong, axis=0) >= 2)
    assert (right & ~found.used).mean() < most
    assert (errors(found.points, scene.truth) > 20).mean() < 0.002


def test_two_views_that_disagree_give_no_point_and_say_so() -> None:
    scene = draw_scene(2, frames=300)
    scene.pixels[1, 100:110] += [60, 60]
    found = _found(scene)
    assert found.disagreeing[100:110].all()
    assert np.isnan(found.points[100:110]).all()
    assert np.isnan(found.covariances[100:110]).all()
    assert (found.errors[:, 100:110] > 3).all()
    assert not found.used[:, 100:110].any()
    assert found.disagreeing[:100].mean() < 0.01


def test_views_that_are_missing_are_done_without() -> None:
    scene = draw_scene(3, frames=100)
    scene.pixels[0, 0] = np.nan  # two are left
    scene.pixels[:2, 1] = np.nan  # one is left
    scene.pixels[:, 2] = np.nan
    scene.confidences[1, 3] = 0.0
    scene.confidences[:, 4] = 0.0
    scene.confidences[2, 5] = np.nan
    scene.confidences[2, 6] = 0.59
    found = _found(scene)
    assert np.isfinite(found.points[[0, 3, 5, 6, 7]]).all()
    assert np.isnan(found.points[[1, 2, 4]]).all()
    assert np.count_nonzero(found.used[:, :8, 0], axis=0).tolist() == [2, 0, 0, 2, 0, 2, 2, 3]
    assert not found.disagreeing[:8].any()
    assert np.isnan(found.errors[:, 4]).all()
    with_low = triangulate(scene.group, scene.pixels, scene.confidences, pcutoff=0.0)
    assert with_low.used[2, 6].all()
    assert not with_low.used[1, 3].any()


def test_nothing_seen_at_all_is_no_error() -> None:
    scene = draw_scene(3, frames=10)
    found = triangulate(scene.group, np.full_like(scene.pixels, np.nan), scene.confidences)
    assert np.isnan(found.points).all()
    assert np.isnan(found.noise).all()
    none = triangulate(scene.group, scene.pixels[:, :0], scene.confidences[:, :0])
    assert none.points.shape == (0, 8, 3)


def test_a_point_behind_a_camera_is_not_believed_of_it() -> None:
    scene = draw_scene(3, frames=200)
    camera = scene.group.cameras[2]
    # It looks away: the very pixels it reports would be of points behind it.
    away = replace(camera, rotation=np.diag([-1.0, 1, -1]) @ camera.rotation)
    away = replace(away, translation=-away.rotation @ camera.centre)
    group = CameraGroup((*scene.group.cameras[:2], away))
    found = triangulate(group, scene.pixels, scene.confidences)
    assert not found.used[2].any()
    assert np.nanmedian(errors(found.points, scene.truth)) < 3
    two = CameraGroup((scene.group.cameras[0], away))
    alone = triangulate(two, scene.pixels[[0, 2]], scene.confidences[[0, 2]])
    assert np.isnan(alone.points).mean() > 0.95


def test_confidence_counts() -> None:
    """Twice the noise where the network is a quarter as sure: weighing meets the bound."""
    scene = draw_scene(3)
    draws = np.random.default_rng(7)
    scene.confidences[1] = 0.25
    pixels = scene.clean + draws.standard_normal(scene.clean.shape)
    pixels[1] = scene.clean[1] + 2 * draws.standard_normal(scene.clean[1].shape)
    weighed = triangulate(scene.group, pixels, scene.confidences, pcutoff=0.1)
    alike = triangulate(scene.group, pixels, np.ones_like(scene.confidences), pcutoff=0.1)
    of_weighed, of_alike = (
        np.nanmedian(errors(each.points, scene.truth)) for each in (weighed, alike)
    )
    assert of_weighed < of_alike
    assert weighed.noise == pytest.approx(np.ones(8), rel=0.1)


def test_a_noisy_body_part_is_measured_by_its_own_noise() -> None:
    scene = draw_scene(3)
    draws = np.random.default_rng(8)
    scene.pixels[:, :, 0] += 6 * draws.standard_normal(scene.pixels[:, :, 0].shape)
    found = _found(scene)
    assert found.noise[0] == pytest.approx(np.hypot(1, 6), rel=0.1)
    assert found.noise[1:] == pytest.approx(np.ones(7), rel=0.1)
    assert found.used[:, :, 0].mean() > 0.99


def test_noise_that_is_told_is_taken() -> None:
    scene = draw_scene(3, frames=100)
    found = triangulate(scene.group, scene.pixels, scene.confidences, noise=3.0)
    assert found.noise.tolist() == [3.0] * 8
    half = triangulate(scene.group, scene.pixels, scene.confidences, noise=1.5)
    both = found.used.all(axis=0) & half.used.all(axis=0)
    np.testing.assert_allclose(found.standard_errors[both], 2 * half.standard_errors[both])


def test_many_points_are_as_few_of_them() -> None:
    """More than one chunk: each point gets its own part's noise and its own weights."""
    scene = draw_scene(3, frames=3000, points=7, wrong=0.1)
    found = triangulate(scene.group, scene.pixels, scene.confidences, noise=1.0)
    tail = triangulate(scene.group, scene.pixels[:, 2900:], scene.confidences[:, 2900:], noise=1.0)
    np.testing.assert_allclose(found.points[2900:], tail.points)
    np.testing.assert_allclose(found.covariances[2900:], tail.covariances)
    np.testing.assert_array_equal(found.used[:, 2900:], tail.used)


def test_arrays_that_do_not_fit_are_refused() -> None:
    scene = draw_scene(3, frames=10)
    with pytest.raises(ValueError, match="3 cameras"):
        triangulate(scene.group, scene.pixels[:2], scene.confidences[:2])


def test_between_two_cameras_face_to_face_the_error_is_large_and_said_to_be() -> None:
    """On the line through both, nothing tells how far along it a point is."""
    cameras = draw_scene(4, frames=1).group.cameras
    group = CameraGroup((cameras[0], cameras[3]))
    near, far = (camera.centre for camera in group)
    between = (near + np.linspace(0.2, 0.8, 400)[:, None] * (far - near))[:, None]
    draws = np.random.default_rng(9)
    for off, most in ((0.0, np.inf), (1.0, np.inf), (10.0, 40.0)):
        truth = between + off * draws.standard_normal(between.shape)
        clean = group.project(truth)
        pixels = clean + draws.standard_normal(clean.shape)
        found = triangulate(group, pixels, np.ones(clean.shape[:3]))
        there = np.isfinite(found.points[..., 0])
        share = errors(found.points, truth)[there] / found.standard_errors[there]
        assert np.median(share) < 1.5
        assert np.median(found.standard_errors[there]) < most
    exact = triangulate(group, group.project(between), np.ones((2, 400, 1)))
    assert np.isnan(exact.points).all()
    assert not exact.used.any()


def test_one_camera_twice_places_nothing() -> None:
    scene = draw_scene(1, frames=50)
    camera = scene.group.cameras[0]
    group = CameraGroup((camera, replace(camera, name="again")))
    pixels = np.concatenate([scene.pixels, scene.clean])
    found = triangulate(group, pixels, np.ones(pixels.shape[:3]))
    assert np.isnan(found.points).all()
