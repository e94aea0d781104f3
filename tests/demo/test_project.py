"""The demo project: a DeepLabCut project, true to its own geometry, made without harm."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from ruamel.yaml import YAML

from dlc_batch.demo import scene
from dlc_batch.demo.project import DemoSize, NotOurFolderError, make_demo_project, write_request
from dlc_batch_core.check import check_upload
from dlc_batch_core.request import parse_request

SMALL = DemoSize(frames=20, labelled=5)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_project(tmp_path_factory.mktemp("demo") / "project", SMALL)


def _labels(demo: Path, camera: str) -> dict[int, np.ndarray]:
    """Pixels (body parts x 2) by frame number."""
    folder = demo / "labeled-data" / f"walk-{camera}"
    rows = list(csv.reader((folder / "CollectedData_drawn.csv").read_text().splitlines()))[3:]
    return {int(row[0][-8:-4]): np.array(row[1:], float).reshape(-1, 2) for row in rows}


def _truth(demo: Path) -> dict[int, np.ndarray]:
    """Millimetres (body parts x 3) by frame number."""
    rows = list(csv.reader((demo / "truth_3d.csv").read_text().splitlines()))[1:]
    return {int(row[0]): np.array(row[1:], float).reshape(-1, 3) for row in rows}


def test_can_be_trained(demo: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "demo"), "zip", demo.parent, demo.name)
    with Path(archive).open("rb") as file:
        check = check_upload(file, "demo.zip")
    # The demo names its cameras as it submits; and ten frames, to be quick.
    assert [each.code for each in check.problems] == ["cameras-not-asked", "few-frames"]
    assert check.is_trainable
    assert check.mended == ()


def test_request_is_one_that_submit_takes(demo: Path) -> None:
    request = parse_request((demo / "dlc-batch.yaml").read_text())
    assert request.weights == "random"  # the demo downloads nothing
    assert request.net_type == "cspnext_s"


@pytest.mark.parametrize("camera", ["camera-1", "camera-2"])
def test_labels_are_where_opencv_sees_the_truth(demo: Path, camera: str) -> None:
    """OpenCV as the oracle: cameras.json and truth_3d.csv give the labels."""
    pinhole = json.loads((demo / "cameras.json").read_text())["cameras"][camera]
    rotation, _ = cv2.Rodrigues(np.array(pinhole["R"]))
    truth = _truth(demo)
    for frame, pixels in _labels(demo, camera).items():
        seen, _ = cv2.projectPoints(
            truth[frame], rotation, np.array(pinhole["t"]), np.array(pinhole["K"]), None
        )
        np.testing.assert_allclose(seen[:, 0], pixels, atol=1e-3)


def test_views_triangulate_to_the_truth(demo: Path) -> None:
    cameras = json.loads((demo / "cameras.json").read_text())["cameras"]
    views = [
        np.array(c["K"]) @ np.column_stack([c["R"], c["t"]])
        for c in (cameras["camera-1"], cameras["camera-2"])
    ]
    first, second = _labels(demo, "camera-1"), _labels(demo, "camera-2")
    assert set(first) == set(second)
    for frame, truth in _truth(demo).items():
        if frame in first:
            flat = cv2.triangulatePoints(*views, first[frame].T, second[frame].T)
            np.testing.assert_allclose((flat[:3] / flat[3]).T, truth, atol=0.01)  # mm


def test_markers_have_their_paint_where_the_labels_are(demo: Path) -> None:
    """Seen on the images themselves: the pixel under a label is its marker's colour."""
    hits = total = 0
    for camera in ("camera-1", "camera-2"):
        for frame, pixels in _labels(demo, camera).items():
            image = cv2.imread(str(demo / f"labeled-data/walk-{camera}/img{frame:04d}.png"))
            for part, (x, y) in zip(scene.BODY_PARTS, pixels, strict=True):
                off = image[round(y), round(x)].astype(int) - scene.MARKERS[part][1]
                hits += int(np.abs(off).max() < 40)
                total += 1
    assert hits / total > 0.9  # a near marker may cover a far one


@pytest.mark.parametrize("seed", range(20))
def test_animal_stays_in_both_views(seed: int) -> None:
    for pose in scene.walk(240, seed):
        for camera in scene.two_cameras():
            pixels = camera.project(scene.markers_of(pose))
            assert (pixels > 5).all()
            assert (pixels < (scene.WIDTH - 5, scene.HEIGHT - 5)).all()


def test_videos_hold_every_frame(demo: Path) -> None:
    videos = sorted((demo / "videos").iterdir())
    assert [video.name for video in videos] == ["walk-camera-1.mp4", "walk-camera-2.mp4"]
    for video in videos:
        film = cv2.VideoCapture(str(video))
        frames = [film.read()[1] for _ in range(SMALL.frames)]
        assert not film.read()[0]
        assert {frame.shape for frame in frames} == {(scene.HEIGHT, scene.WIDTH, 3)}


def test_config_lists_the_videos_as_deeplabcut_does(demo: Path) -> None:
    config = YAML(typ="safe", pure=True).load((demo / "config.yaml").read_text())
    assert config["project_path"] == str(demo)
    assert all(Path(video).is_file() for video in config["video_sets"])
    assert config["bodyparts"] == list(scene.BODY_PARTS)


def test_same_seed_same_project(demo: Path, tmp_path: Path) -> None:
    again = make_demo_project(tmp_path / "again", SMALL)
    other = make_demo_project(tmp_path / "other", SMALL, seed=2)
    label = Path("labeled-data/walk-camera-1/CollectedData_drawn.csv")
    image = Path("labeled-data/walk-camera-2/img0000.png")
    for name in (label, image):
        assert (again / name).read_bytes() == (demo / name).read_bytes()
        assert (other / name).read_bytes() != (demo / name).read_bytes()


def test_replaces_its_own_folder(tmp_path: Path) -> None:
    folder = make_demo_project(tmp_path / "demo", SMALL)
    (folder / "left-over").touch()
    make_demo_project(folder, SMALL)
    assert not (folder / "left-over").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_leaves_foreign_folders_alone(tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "config.yaml").write_text("Task: years of work")
    with pytest.raises(NotOurFolderError, match="thesis"):
        make_demo_project(folder, SMALL)
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(NotOurFolderError, match="link"):
        make_demo_project(link, SMALL)
    assert (folder / "config.yaml").read_text() == "Task: years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "thesis"]


def test_request_can_be_changed(demo: Path, tmp_path: Path) -> None:
    project = make_demo_project(tmp_path / "demo", SMALL)
    write_request(project, epochs=3)
    changed, usual = (
        parse_request((folder / "dlc-batch.yaml").read_text()) for folder in (project, demo)
    )
    assert changed.epochs == 3
    assert changed.overrides == usual.overrides
