"""The whole way from predictions for several videos to poses."""

import numpy as np
import pytest
from tests.cameras.scenes import Scene, draw_scene, errors, knock

from dlc_batch_cameras.reconstruction import Options, reconstruct
from dlc_batch_cameras.synchronising import View

LIMBS = tuple((at, at + 1) for at in range(7))


def _views(scene: Scene, begins: tuple[int, ...]) -> list[View]:
    return [
        View(scene.pixels[at, begin:], scene.confidences[at, begin:])
        for at, begin in enumerate(begins)
    ]


def test_late_knocked_and_partly_wrong_videos_give_good_poses_and_say_what_was_wrong() -> None:
    scene = knock(draw_scene(3, wrong=0.1), 2, 600)
    whole = reconstruct(scene.group, _views(scene, (20, 13, 0)))
    assert whole.first_frames == (0, 7, 20)
    assert [each.frames for each in whole.offsets] == [0, 7, 20]
    assert [(each.cameras, each.frame) for each in whole.knocks] == [(("camera-3",), 580)]
    off = errors(whole.found.points, scene.truth[20:])
    good = draw_scene(3)
    plain = reconstruct(good.group, _views(good, (0, 0, 0)))
    assert np.nanmedian(off) < 1.5 * np.nanmedian(errors(plain.found.points, good.truth))
    assert plain.notes == ()
    text = " ".join(whole.notes)
    assert "camera-2: its video began 7 frames before that of camera-1" in text
    assert "camera-3: 20 of 1,000 frames are left out" in text
    assert "camera-3 was moved at frame 580" in text


def test_offsets_that_are_given_are_not_estimated() -> None:
    scene = draw_scene(2, frames=300)
    whole = reconstruct(scene.group, _views(scene, (5, 0)), Options(offsets=(0, 5)))
    assert whole.first_frames == (0, 5)
    assert whole.offsets == ()
    assert np.nanmedian(errors(whole.found.points, scene.truth[5:])) < 2


def test_where_the_tracks_tell_no_offset_none_is_taken_and_that_is_said() -> None:
    scene = draw_scene(2, frames=200)
    still = scene.clean[:, :1] + np.random.default_rng(5).standard_normal(scene.clean.shape)
    views = [View(each, np.ones((200, 8))) for each in still]
    whole = reconstruct(scene.group, views)
    assert whole.first_frames == (0, 0)
    assert whole.notes == (
        "camera-2: the tracks do not tell when its video began, so it is taken to have begun"
        " with that of camera-1. Give the offsets if you know them.",
    )


def test_constraints_are_off_unless_asked_for() -> None:
    scene = draw_scene(3)
    views = _views(scene, (0, 0, 0))
    medians = [
        np.nanmedian(errors(reconstruct(scene.group, views, set_).found.points, scene.truth))
        for set_ in (None, Options(limbs=LIMBS), Options(limbs=LIMBS, smooth=True))
    ]
    assert medians[0] > 1.1 * medians[1] > 1.2 * medians[2]


def test_errors_are_those_of_the_points_as_they_are_given() -> None:
    scene = draw_scene(3, frames=200)
    for set_ in (Options(), Options(limbs=LIMBS), Options(smooth=True)):
        found = reconstruct(scene.group, _views(scene, (0, 0, 0)), set_).found
        off = errors(scene.group.project(found.points), scene.pixels)
        np.testing.assert_allclose(found.errors[found.used], off[found.used], atol=1e-3)


@pytest.mark.parametrize("cameras", [2, 6])
def test_videos_without_a_frame_give_no_pose_but_the_reason(cameras: int) -> None:
    from dlc_batch_core.errors import LabError

    scene = draw_scene(cameras, frames=10)
    with pytest.raises(LabError, match="share no frame"):
        reconstruct(scene.group, _views(scene, (0, *[10] * (cameras - 1))))


def test_a_point_that_a_network_does_not_know_is_that_of_the_other_views() -> None:
    """Given a third network that knows one body part less, when all are put together."""
    scene, views = draw_scene(3, frames=200), []
    for at in range(3):
        pixels, confidences = scene.pixels[at].copy(), scene.confidences[at].copy()
        if at == 2:
            pixels[:, 4], confidences[:, 4] = np.nan, 0
        views.append(View(pixels, confidences))
    found = reconstruct(scene.group, views).found
    assert not found.used[2, :, 4].any()
    assert found.used[:2, :, 4].all()
    off = np.nanmedian(errors(found.points, scene.truth), axis=0)
    assert off[4] < 2 * np.median(off)
