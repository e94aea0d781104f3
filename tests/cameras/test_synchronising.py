"""Videos that did not begin together."""

import numpy as np
import pytest
from tests.cameras.scenes import Scene, draw_scene, knock

from dlc_batch_cameras.synchronising import View, estimate_offsets, share
from dlc_batch_core.errors import LabError

OFFSETS = (0, 7, -12, 30, -30, 3)


def _views(scene: Scene, offsets: tuple[int, ...], length: int = 900) -> list[View]:
    """Return videos of the scene that began that many frames before the first."""
    return [
        View(
            scene.pixels[at, 50 - offset :][:length], scene.confidences[at, 50 - offset :][:length]
        )
        for at, offset in enumerate(offsets)
    ]


@pytest.mark.parametrize("cameras", [2, 3, 6])
@pytest.mark.parametrize("wrong", [0.0, 0.1])
def test_offsets_are_found_and_believed(cameras: int, wrong: float) -> None:
    scene = draw_scene(cameras, wrong=wrong)
    offsets = OFFSETS[:cameras]
    found = estimate_offsets(scene.group, _views(scene, offsets))
    assert tuple(each.frames for each in found) == offsets
    assert all(each.is_believed for each in found)
    assert tuple(each.camera for each in found) == scene.group.names


def test_a_camera_knocked_midway_hides_no_offset() -> None:
    scene = knock(draw_scene(3, wrong=0.1), 1, 600)
    found = estimate_offsets(scene.group, _views(scene, (0, 7, -12)))
    assert [each.frames for each in found] == [0, 7, -12]


def test_an_animal_that_does_not_move_tells_no_offset() -> None:
    scene = draw_scene(2)
    still = scene.clean[:, :1] + np.random.default_rng(5).standard_normal(scene.clean.shape)
    views = [View(still[at], scene.confidences[at]) for at in range(2)]
    assert not estimate_offsets(scene.group, views)[1].is_believed


def test_an_offset_beyond_the_search_is_not_believed() -> None:
    scene = draw_scene(2)
    found = estimate_offsets(scene.group, _views(scene, (0, 40)), most=20)
    assert not found[1].is_believed
    assert estimate_offsets(scene.group, _views(scene, (0, 40)), most=50)[1].frames == 40


def test_nothing_seen_tells_no_offset() -> None:
    scene = draw_scene(2, frames=100)
    views = [View(scene.pixels[at], np.zeros((100, 8))) for at in range(2)]
    assert not estimate_offsets(scene.group, views)[1].is_believed
    empty = [View(scene.pixels[at, :0], scene.confidences[at, :0]) for at in range(2)]
    assert not estimate_offsets(scene.group, empty)[1].is_believed


def test_the_shared_part_is_of_the_same_moments_and_says_what_is_left_out() -> None:
    scene = draw_scene(3)
    views = _views(scene, (0, 7, -12))
    views[1] = View(views[1].pixels[:-100], views[1].confidences[:-100])
    part = share(scene.group.names, views, (0, 7, -12))
    assert part.first_frames == (12, 19, 0)
    assert part.pixels.shape == (3, 781, 8, 2)
    np.testing.assert_array_equal(part.pixels, scene.pixels[:, 62 : 62 + 781])
    assert part.notes[1] == (
        "camera-2: 19 of 800 frames are left out, for another video does not show them:"
        " 19 at the start, 0 at the end."
    )
    assert len(part.notes) == 3


def test_videos_of_one_length_that_began_together_need_no_note() -> None:
    scene = draw_scene(2, frames=50)
    views = [View(scene.pixels[at], scene.confidences[at]) for at in range(2)]
    assert share(scene.group.names, views).notes == ()
    assert share(scene.group.names, views, (3, 3)).first_frames == (0, 0)


def test_videos_that_share_nothing_are_refused_with_their_lengths() -> None:
    scene = draw_scene(2, frames=50)
    views = [View(scene.pixels[at], scene.confidences[at]) for at in range(2)]
    with pytest.raises(LabError, match="camera-1 50, camera-2 50 frames"):
        share(scene.group.names, views, (0, 50))
