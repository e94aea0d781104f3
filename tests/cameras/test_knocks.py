"""A camera that is moved while it films."""

import numpy as np
import pytest
from tests.cameras.scenes import draw_scene, errors, knock

from dlc_batch_cameras.knocks import find_knocks, leave_out
from dlc_batch_cameras.triangulation import triangulate


@pytest.mark.parametrize("wrong", [0.0, 0.1])
@pytest.mark.parametrize("cameras", [2, 3, 6])
def test_where_no_camera_moves_none_is_accused(cameras: int, wrong: float) -> None:
    for seed in range(3):
        scene = draw_scene(cameras, wrong=wrong, seed=seed)
        assert find_knocks(scene.group, scene.pixels, scene.confidences) == ()


@pytest.mark.parametrize("degrees", [1.0, 20.0])
@pytest.mark.parametrize(("cameras", "which"), [(3, 0), (3, 1), (3, 2), (6, 4)])
def test_the_camera_and_the_frame_are_named(cameras: int, which: int, degrees: float) -> None:
    scene = knock(draw_scene(cameras, wrong=0.1), which, 503, degrees)
    (found,) = find_knocks(scene.group, scene.pixels, scene.confidences)
    assert found.cameras == (f"camera-{which + 1}",)
    assert abs(found.frame - 503) <= 10
    assert f"camera-{which + 1} was moved at frame" in str(found)
    assert found.before < 2 < found.after


def test_of_two_cameras_nothing_tells_which() -> None:
    scene = knock(draw_scene(2, wrong=0.1), 1, 503)
    (found,) = find_knocks(scene.group, scene.pixels, scene.confidences)
    assert found.cameras == ("camera-1", "camera-2")
    assert abs(found.frame - 503) <= 3
    assert "do not believe points" in str(found)
    kept = leave_out(scene.group.names, scene.confidences, [found])
    np.testing.assert_array_equal(kept, scene.confidences)


def test_two_cameras_out_of_six_are_each_found() -> None:
    scene = knock(knock(draw_scene(6, wrong=0.1), 1, 300), 4, 700, seed=3)
    found = find_knocks(scene.group, scene.pixels, scene.confidences)
    assert sorted(each.cameras for each in found) == [("camera-2",), ("camera-5",)]
    assert sorted(each.frame for each in found) == pytest.approx([300, 700], abs=10)


@pytest.mark.parametrize("cameras", [3, 6])
def test_left_out_it_spoils_nothing(cameras: int) -> None:
    """After the knock, the error is that of the cameras that are left."""
    scene = knock(draw_scene(cameras, wrong=0.1), 1, 503)
    found = find_knocks(scene.group, scene.pixels, scene.confidences)
    kept = leave_out(scene.group.names, scene.confidences, found)
    assert (kept[1, 510:] == 0).all()
    assert (scene.confidences == 1).all()
    never = scene.confidences.copy()
    never[1, 503:] = 0
    medians = [
        np.nanmedian(
            errors(triangulate(scene.group, scene.pixels, each).points, scene.truth)[503:]
        )
        for each in (kept, never)
    ]
    assert medians[0] == pytest.approx(medians[1], rel=0.02)


@pytest.mark.parametrize("cameras", [2, 3, 6])
def test_body_parts_that_are_seen_badly_are_no_knock(cameras: int) -> None:
    """The sure half of them is hidden from the middle on."""
    for seed in range(3):
        scene = draw_scene(cameras, frames=600, points=4, seed=seed)
        draws = np.random.default_rng(seed)
        scene.pixels[:, :, 2:] += draws.normal(0, 6, scene.pixels[:, :, 2:].shape)
        scene.confidences[:, 300:, :2] = 0.1
        assert find_knocks(scene.group, scene.pixels, scene.confidences) == ()


def test_a_camera_that_later_sees_with_a_badly_calibrated_one_was_not_moved() -> None:
    for seed in range(3):
        scene = draw_scene(4, frames=800, points=4, seed=seed)
        scene.pixels[3] += [5, 4]
        scene.confidences[1:3, 400:] = 0.1
        assert find_knocks(scene.group, scene.pixels, scene.confidences) == ()


def test_one_body_part_is_enough() -> None:
    scene = knock(draw_scene(3, points=1), 2, 503)
    (found,) = find_knocks(scene.group, scene.pixels, scene.confidences)
    assert found.cameras == ("camera-3",)


def test_nothing_seen_accuses_nobody() -> None:
    scene = draw_scene(3, frames=100)
    assert find_knocks(scene.group, scene.pixels, np.zeros_like(scene.confidences)) == ()
    assert find_knocks(scene.group, scene.pixels[:, :5], scene.confidences[:, :5]) == ()
