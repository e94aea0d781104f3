"""What is known of the animal lowers the error, where it is true."""

import numpy as np
import pytest
from tests.cameras.scenes import LIMB, draw_scene, errors

from dlc_batch_cameras.limbs import keep_lengths, measure_limb
from dlc_batch_cameras.smoothing import smooth
from dlc_batch_cameras.triangulation import triangulate

CHAIN = tuple((at, at + 1) for at in range(7))


@pytest.mark.parametrize("wrong", [0.0, 0.1])
@pytest.mark.parametrize("cameras", [2, 3, 6])
def test_each_lowers_the_error_and_both_together_lower_it_more(cameras: int, wrong: float) -> None:
    scene = draw_scene(cameras, wrong=wrong)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    limbed, sharper = keep_lengths(found.points, found.covariances, CHAIN)
    smoothed = smooth(found.points, found.covariances)
    both = smooth(limbed, sharper)
    plain, *less = (errors(each, scene.truth) for each in (found.points, limbed, smoothed, both))
    for percent in (50, 95):
        of_plain = np.nanpercentile(plain, percent)
        of_limbed, of_smoothed, of_both = (np.nanpercentile(each, percent) for each in less)
        assert of_limbed < 0.9 * of_plain
        assert of_smoothed < 0.7 * of_plain
        assert of_both < of_smoothed
    for each in less:
        np.testing.assert_array_equal(np.isnan(each), np.isnan(plain))


def test_a_limb_is_as_long_as_it_is() -> None:
    scene = draw_scene(3)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    limb = measure_limb(found.points, found.covariances, 2, 3)
    assert limb is not None
    assert limb.length == pytest.approx(LIMB, rel=0.01)
    assert limb.spread < 0.5


def test_how_much_a_limb_varies_is_told_apart_from_the_errors() -> None:
    draws = np.random.default_rng(2)
    points = np.zeros((2000, 2, 3))
    points[:, 1, 0] = 50 + 3 * draws.standard_normal(2000)
    points += 2 * draws.standard_normal(points.shape)
    limb = measure_limb(points, np.broadcast_to(4 * np.eye(3), (2000, 2, 3, 3)), 0, 1)
    assert limb is not None
    assert limb.length == pytest.approx(50, abs=0.3)
    assert limb.spread == pytest.approx(3, rel=0.1)


def test_the_covariance_of_limbed_points_is_true() -> None:
    scene = draw_scene(3)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    points, covariances = keep_lengths(found.points, found.covariances, CHAIN)
    off = (points - scene.truth)[..., None]
    squares = (off.swapaxes(-1, -2) @ np.linalg.inv(covariances) @ off).ravel()
    assert np.nanmedian(squares) == pytest.approx(2.366, rel=0.15)


def test_short_gaps_are_filled_where_asked_and_long_ones_never() -> None:
    scene = draw_scene(3, frames=300)
    scene.pixels[:, 100:103, 2] = np.nan
    scene.pixels[:, 200:210, 2] = np.nan
    scene.pixels[:, :2, 2] = np.nan
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    none = smooth(found.points, found.covariances)
    filled = smooth(found.points, found.covariances, longest_gap=3)
    assert np.isnan(none[100:103, 2]).all()
    assert np.isnan(filled[200:210, 2]).all()
    assert np.isnan(filled[:2, 2]).all()  # nothing stands before it
    assert (errors(filled, scene.truth)[100:103, 2] < 3).all()


def test_neither_a_far_origin_nor_a_part_that_is_hardly_seen_moves_the_others() -> None:
    scene = draw_scene(2, frames=300)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    wanted = smooth(found.points, found.covariances)
    away = np.array([0, 0, 5000])
    far, covariances = found.points + away, found.covariances.copy()
    for part, frames in ((2, [7]), (5, [20, 21, 160])):
        rarely = np.isin(np.arange(300), frames, invert=True)
        far[rarely, part], covariances[rarely, part] = np.nan, np.nan
    smoothed = smooth(far, covariances) - away
    often = [0, 1, 3, 4, 6, 7]
    np.testing.assert_allclose(smoothed[:, often], wanted[:, often], atol=0.01)
    assert errors(smoothed[7, 2], found.points[7, 2]) < 1
    assert (errors(smoothed, found.points)[[20, 21, 160], 5] < 5).all()


def test_without_anything_to_go_by_nothing_changes() -> None:
    nothing = np.full((20, 3, 3), np.nan)
    unknown = np.full((20, 3, 3, 3), np.nan)
    assert np.isnan(smooth(nothing, unknown)).all()
    assert np.isnan(keep_lengths(nothing, unknown, [(0, 1)])[0]).all()
    assert measure_limb(nothing, unknown, 0, 1) is None
    scene = draw_scene(3, frames=4)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    np.testing.assert_array_equal(smooth(found.points, found.covariances), found.points)
    np.testing.assert_array_equal(
        keep_lengths(found.points, found.covariances, [])[0], found.points
    )


def test_a_body_part_never_seen_spoils_no_other() -> None:
    scene = draw_scene(3, frames=200)
    scene.pixels[:, :, 3] = np.nan
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    points, covariances = keep_lengths(found.points, found.covariances, CHAIN)
    for each in (points, smooth(points, covariances)):
        assert np.isnan(each[:, 3]).all()
        assert np.nanmedian(errors(each, scene.truth)) < np.nanmedian(
            errors(found.points, scene.truth)
        )
