"""What the report says of poses in space: whether a lab had better not believe them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from tests.cameras.scenes import draw_scene

from dlc_batch_cameras.quality import assess, extent_of
from dlc_batch_cameras.triangulation import triangulate
from dlc_batch_trainer.report.space import read_space

PARTS = tuple("abcd")
TEST_PX = 1.41  # root of the mean square of a distance, of a noise of 1 px


def findings(folder: Path, cameras: int, lag: int, extent: float = 1e4) -> list[str]:
    """Return what is found where the second camera's video is so many frames late."""
    scene = draw_scene(cameras, frames=200 + lag, points=len(PARTS))
    pixels = scene.pixels[:, :200].copy()
    pixels[1] = scene.pixels[1, lag:]
    found = triangulate(scene.group, pixels, np.ones(pixels.shape[:-1]))
    place = folder / "3d"
    place.mkdir()
    names = list(scene.group.names)
    (place / "cameras.json").write_text(
        json.dumps({"cameras": [{"name": name} for name in names], "notes": [], "unit": "mm"})
    )
    quality = asdict(assess(found, names, PARTS))
    summary = {
        "name": "walk",
        "extent": extent,
        "unit": "mm",
        "cameras": names,
        "notes": [],
        "quality": quality,
    }
    (place / "walk_3d.json").write_text(json.dumps(summary))
    (place / "walk_3d.jpg").write_bytes(b"")
    space = read_space(folder, TEST_PX)
    assert space is not None
    (recording,) = space.recordings
    return [each.text for each in recording.findings if each.is_care]


@pytest.mark.parametrize("cameras", [2, 3])
def test_of_good_poses_nothing_is_said(tmp_path: Path, cameras: int) -> None:
    assert findings(tmp_path, cameras, lag=0) == []


@pytest.mark.parametrize("cameras", [2, 3])
def test_videos_two_frames_apart_are_told_by_how_the_views_disagree(
    tmp_path: Path, cameras: int
) -> None:
    (said,) = findings(tmp_path, cameras, lag=2)
    assert said.startswith("The views disagree as if each were wrong by")


def test_a_camera_that_does_not_fit_the_others_is_named(tmp_path: Path) -> None:
    (said,) = findings(tmp_path, 6, lag=8)
    assert said.startswith("Of what was predicted for camera-2,")
    assert "does not fit the other cameras" in said


def test_the_distance_of_the_cameras_is_shown(tmp_path: Path) -> None:
    place = tmp_path / "3d"
    place.mkdir()
    apart = {"first": "left", "second": "right", "mm": 120.345, "error_mm": 0.0512}
    told = {"cameras": [], "notes": [], "unit": "mm", "baselines": [apart]}
    (place / "cameras.json").write_text(json.dumps(told))
    space = read_space(tmp_path, TEST_PX)
    assert space is not None
    assert space.distances_head == ["cameras", "distance, mm", "standard error, mm"]
    assert space.distances == [["left to right", "120.3", "0.051"]]


def test_an_error_as_large_as_the_animal_is_told(tmp_path: Path) -> None:
    (said,) = findings(tmp_path, 2, lag=0, extent=0.1)
    assert said.startswith("Half of the points have a standard error above")
    assert "lie 0.1 from their middle (mm)" in said


def test_the_extent_is_the_distance_from_the_middle() -> None:
    points = np.full((3, 3, 3), np.nan)
    points[0, :2] = [[0, 0, 0], [8, 0, 0]]
    points[1, 0] = [5, 5, 5]
    assert extent_of(points) == 4
    assert np.isnan(extent_of(points[1:]))
