"""What a report shows of a triangulation."""

import numpy as np
import pytest
from tests.cameras.scenes import draw_scene, errors

from dlc_batch_cameras.quality import assess, compare_with_truth
from dlc_batch_cameras.seen import median_of_seen, percentile_of_seen
from dlc_batch_cameras.triangulation import triangulate

PARTS = tuple("abcdefgh")


def test_every_body_part_and_camera_is_told() -> None:
    scene = draw_scene(3, wrong=0.1)
    scene.pixels[0, :, 1] = np.nan
    scene.pixels[:, :, 2] = np.nan
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    quality = assess(found, scene.group.names, PARTS)
    views = {(each.camera, each.keypoint): each for each in quality.views}
    assert len(views) == 24
    assert 0.3 < views["camera-1", "a"].median_error < 1.2
    assert views["camera-1", "a"].high_error > 1.5
    assert 0.08 < views["camera-1", "a"].left_out < 0.15
    assert np.isnan(views["camera-1", "b"].median_error)
    assert np.isnan(views["camera-1", "b"].left_out)
    parts = {each.keypoint: each for each in quality.keypoints}
    assert parts["a"].triangulated > 0.95
    assert parts["b"].triangulated < 0.9  # of two cameras, both must be right
    assert parts["b"].disagreeing > 0.1
    assert parts["c"].triangulated == 0
    assert np.isnan(parts["c"].standard_error)
    assert parts["a"].noise == pytest.approx(1, rel=0.1)
    median = np.nanmedian(found.standard_errors)
    assert quality.standard_error == pytest.approx(median)
    assert quality.triangulated == np.isfinite(found.points[..., 0]).mean()
    assert 0.08 < quality.left_out < 0.2
    assert quality.median_error < quality.high_error


def test_nothing_seen_is_shown_as_nothing() -> None:
    scene = draw_scene(2, frames=5)
    found = triangulate(scene.group, scene.pixels, np.zeros_like(scene.confidences))
    quality = assess(found, scene.group.names, PARTS)
    assert quality.triangulated == 0
    assert np.isnan([quality.median_error, quality.left_out, quality.standard_error]).all()


def test_the_true_error_is_told_in_lengths_of_the_animal() -> None:
    scene = draw_scene(3)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    found.points[0, 0] = np.nan
    true = compare_with_truth(found.points, scene.truth, 175.0)
    off = errors(found.points, scene.truth)
    assert true.median == pytest.approx(np.nanmedian(off))
    assert true.high == pytest.approx(np.nanpercentile(off, 95))
    assert true.relative == pytest.approx(true.median / 175)
    assert true.points == np.isfinite(off).sum()


def test_percentiles_are_numpys_without_what_is_not_seen() -> None:
    draws = np.random.default_rng(3)
    values = draws.normal(size=(7, 9, 5))
    values[draws.random(values.shape) < 0.3] = np.nan
    values[0, 0] = np.inf
    finite = np.where(np.isfinite(values), values, np.nan)
    finite[0, 0, 0] = values[0, 0, 0] = 1.0
    np.testing.assert_allclose(
        percentile_of_seen(values, 95, (0, 2)), np.nanpercentile(finite, 95, axis=(0, 2))
    )
    np.testing.assert_allclose(median_of_seen(values, (2,)), np.nanmedian(finite, axis=2))
    assert np.isnan(median_of_seen(np.full((2, 3), np.nan), (1,))).all()
    assert np.isnan(median_of_seen(np.zeros((2, 0)), (1,))).all()
