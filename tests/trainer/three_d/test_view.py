"""The page on which poses are turned: what it holds. How it behaves, tests/browser tells."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
import pytest
from tests.cameras.scenes import draw_walk

from dlc_batch_trainer.three_d import view
from dlc_batch_trainer.three_d.scene import Scene
from dlc_batch_trainer.three_d.view import Film, track_of, write_view

DOWN = np.array([0, 0, -1.0])
HOSTILE = "</script><b>x</b>&\"'{{ 7*7 }}\ud800"


def scene(points: np.ndarray, *names: str) -> Scene:
    return Scene.of(points, names or [f"part {n}" for n in range(points.shape[1])], [(0, 1)], DOWN)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def places_of(data: dict[str, Any], name: str = "points") -> np.ndarray:
    """The places as a browser reads them, (frames, points, 3); NaN where there is none."""
    whole = np.frombuffer(base64.b64decode(data[name]), "<i2").reshape(data["count"], -1, 3)
    return np.where(whole == -32768, np.nan, whole * data["quantum"])


def test_places_are_those_of_the_scene_and_gaps_stay_gaps() -> None:
    points = draw_walk(50, 4)
    points[7, 2] = np.nan
    drawn = scene(points)
    data = data_of(write_view(drawn, "walk", Film(30.0)))
    np.testing.assert_allclose(places_of(data), drawn.points, atol=drawn.radius / 4000)
    assert np.argwhere(np.isnan(places_of(data)[..., 0])).tolist() == [[7, 2]]
    assert data["bones"] == [[0, 1]]
    assert data["names"] == ["part 0", "part 1", "part 2", "part 3"]


def test_a_point_far_astray_costs_the_others_nothing() -> None:
    points = draw_walk(500, 4)
    points[7, 2] = 1e12
    drawn = scene(points)
    places = places_of(data_of(write_view(drawn, "walk", Film(30.0))))
    others = np.arange(500) != 7
    np.testing.assert_allclose(places[others], drawn.points[others], atol=drawn.radius / 4000)
    assert np.linalg.norm(places[7, 2]) > 7 * drawn.radius


def test_of_too_many_points_some_frames_are_left_out_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(view, "MOST_POINTS", 100)
    drawn = scene(draw_walk(130, 2))
    page = write_view(drawn, "walk", Film(30.0, first=4, camera="left"))
    data = data_of(page)
    assert (data["count"], data["every"], data["first"]) == (44, 3, 4)
    np.testing.assert_allclose(places_of(data), drawn.points[::3], atol=drawn.radius / 4000)
    assert "Only one frame in 3 is shown here: the tables have all." in page
    assert "Frames are counted as in the video of left." in page
    assert "Only one frame" not in write_view(scene(draw_walk(50, 2)), "walk", Film(30.0))


def test_it_begins_with_a_whole_animal_seen_from_its_side() -> None:
    points = np.zeros((9, 3, 3)) + np.arange(3)[:, None] * [0.0, 5.0, 0.1]  # along y
    points[:4, 1] = np.nan
    drawn = scene(points)
    data = data_of(write_view(drawn, "walk", Film(30.0)))
    assert data["start"] == 4
    along = drawn.points[4, 2] - drawn.points[4, 0]
    right = np.cos(data["turn"]) * along[0] - np.sin(data["turn"]) * along[1]
    assert abs(right) > 0.8 * np.linalg.norm(along)


def test_a_small_animal_in_a_large_arena_is_followed() -> None:
    small, large = draw_walk(500, 8), draw_walk(500, 8)
    small += np.linspace(0, 3000, 500)[:, None, None] * [1.0, 0, 0]
    assert data_of(write_view(scene(small), "walk", Film(50.0)))["follows"] is True
    assert data_of(write_view(scene(large), "walk", Film(50.0)))["follows"] is False


def test_the_track_bridges_gaps_and_hardly_hears_of_one_point_astray() -> None:
    points = np.zeros((100, 5, 3)) + np.arange(100.0)[:, None, None]
    points[40:45] = np.nan
    points[70, 2] = 1e6
    track = track_of(points, 10.0)
    np.testing.assert_allclose(track[5:95], np.arange(5.0, 95)[:, None] * np.ones(3), atol=1e-9)


@pytest.mark.parametrize("points", [np.full((3, 2, 3), np.nan), np.zeros((1, 1, 3))])
def test_of_hardly_anything_there_is_a_page_all_the_same(points: np.ndarray) -> None:
    drawn = Scene.of(points, ["a", "b"][: points.shape[1]], [], DOWN)
    data = data_of(write_view(drawn, "x", Film(30.0)))
    assert data["count"] == len(points)
    assert data["size"] > 0
    assert max(data["extents"]) > 0


def test_a_hostile_name_is_a_name() -> None:
    page = write_view(scene(draw_walk(5, 2), HOSTILE, "b"), HOSTILE, Film(30.0, camera=HOSTILE))
    assert "<b>" not in page
    assert "{{ 7*7 }}" in page
    assert page.count("</script>") == 2
    assert data_of(page)["names"] == [HOSTILE, "b"]
