"""Cameras of a project, calibrated by its images or read from its own file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cameras import drawn
from tests.trainer.three_d.made_up import CAMERAS, write_cameras

from dlc_batch.demo import scene
from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch_cameras.foreign_files import read_anipose, write_anipose
from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_trainer.three_d.__main__ import do
from dlc_batch_trainer.three_d.calibrating import read_cameras
from dlc_batch_trainer.three_d.task import Answer, CalibrationTask

BOARD = Board(9, 6, 25.0)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("lab") / "walk"
    return make_demo_project(folder, DemoSize(frames=4, labelled=2))


def calibrate(cameras: Cameras, project: Path, folder: Path) -> Answer:
    target = folder / "3d"
    target.mkdir()
    asked = CalibrationTask(cameras.to_dict(), str(project), str(target), str(folder / "a.json"))
    return do(asked)


def test_the_demos_cameras_are_found(project: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    answer = calibrate(CAMERAS, project, tmp_path)
    assert answer.problems == ()
    assert answer.figures is not None
    assert answer.figures["calibration_px"] < 0.1
    group, unit = read_cameras(tmp_path / "3d" / "cameras.json")
    assert unit == "mm"
    for found, true in zip(group, scene.two_cameras(), strict=True):
        assert found.matrix[0, 0] == pytest.approx(true.K[0, 0], rel=0.03)
    one, other = scene.two_cameras()
    baseline = float(sum((one.R.T @ one.t - other.R.T @ other.t) ** 2) ** 0.5)
    assert float(sum(group.cameras[1].centre ** 2) ** 0.5) == pytest.approx(baseline, rel=0.02)
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before
    summary = json.loads((tmp_path / "3d" / "cameras.json").read_text())
    assert [each["images"] for each in summary["cameras"]] == [26, 26]
    methods = " ".join((tmp_path / "3d" / "methods.txt").read_text().split())
    assert "calibrated by 26 moments of a board (6 x 5 inner corners, squares of 22 mm)" in methods
    assert f"error of {answer.figures['calibration_px']:.2f} px" in methods
    assert "Two views that disagree gave no point. Tracks were smoothed over time." in methods
    assert "Zhang (2000)" in methods.partition("References")[2]


def test_without_a_squares_side_lengths_are_in_squares(project: Path, tmp_path: Path) -> None:
    board = CAMERAS.board
    assert board is not None
    calibrate(replace(CAMERAS, board=replace(board, square_mm=None)), project, tmp_path)
    assert read_cameras(tmp_path / "3d" / "cameras.json")[1] == "squares"
    kept = json.loads((tmp_path / "3d" / "calibration.json").read_text())
    assert kept["units"]["lengths"] == "squares"


def test_another_board_is_refused_and_the_right_one_named(project: Path, tmp_path: Path) -> None:
    answer = calibrate(replace(CAMERAS, board=Board(9, 6, 25.0)), project, tmp_path)
    assert answer.problems
    assert any("6 x 5" in f"{each['what']} {each['remedy']}" for each in answer.problems)
    assert not (tmp_path / "3d" / "cameras.json").exists()


def test_calibration_videos_are_used_and_their_frames_named(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    shutil.rmtree(copy / "calibration_images")
    truth = drawn.rig(2)
    held = drawn.places(10, 3)
    drawn.film(copy / "calibration_images", truth, held, name="board_{}.avi", late=3)
    answer = calibrate(replace(CAMERAS, board=BOARD, offsets={"camera-2": 3}), copy, tmp_path)
    assert answer.problems == ()
    group, _ = read_cameras(tmp_path / "3d" / "cameras.json")
    for found, true in zip(group, truth, strict=True):
        assert found.centre == pytest.approx(true.centre, abs=2)
    views = json.loads((tmp_path / "3d" / "calibration.json").read_text())["views"]
    frames = {each["image"] for each in views if each["is_used"]}
    assert "board_camera-1.avi frame 0" in frames
    assert "board_camera-2.avi frame 3" in frames
    assert "looked for the board: 40 of 40" in capfd.readouterr().out


def test_videos_that_cannot_be_read_are_told(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    shutil.rmtree(copy / "calibration_images")
    folder = copy / "calibration_images"
    drawn.film(folder, drawn.rig(2), drawn.places(10, 3))
    (folder / "camera-2.avi").write_bytes(b"no video")
    answer = calibrate(replace(CAMERAS, board=BOARD), copy, tmp_path)
    told = {(each["code"], each["where"]) for each in answer.problems}
    assert {
        ("calibration-unreadable", "camera-2.avi"),
        ("calibration-cameras", "camera-2"),
    } <= told


def test_anipose_gets_the_cameras_too(project: Path, tmp_path: Path) -> None:
    calibrate(CAMERAS, project, tmp_path)
    group, _ = read_cameras(tmp_path / "3d" / "cameras.json")
    for found, kept in zip(read_anipose(tmp_path / "3d" / "calibration.toml"), group, strict=True):
        assert found.name == kept.name
        assert found.matrix == pytest.approx(kept.matrix)
        assert found.distortion == pytest.approx(kept.distortion)
        assert found.rotation == pytest.approx(kept.rotation)
        assert found.translation == pytest.approx(kept.translation)


def test_a_file_of_the_labs_own_is_taken_as_it_is(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    write_cameras(copy / "cal")
    cameras = replace(CAMERAS, calibration="cal/calibration.toml", board=None)
    answer = calibrate(cameras, copy, tmp_path)
    assert answer == Answer()
    group, unit = read_cameras(tmp_path / "3d" / "cameras.json")
    assert group.names == ("camera-1", "camera-2")
    assert unit == "the unit of the calibration's file"
    kept = (tmp_path / "3d" / "calibration.toml").read_bytes()
    assert kept == (copy / "cal" / "calibration.toml").read_bytes()


def test_cameras_of_a_file_that_nobody_named_are_left_out(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    write_anipose(drawn.rig(3), copy / "rig.toml")
    names = ("camera-3", "camera-1")
    assert calibrate(Cameras(names, "rig.toml"), copy, tmp_path) == Answer()
    summary = json.loads((tmp_path / "3d" / "cameras.json").read_text())
    assert [each["name"] for each in summary["cameras"]] == list(names)
    assert read_cameras(tmp_path / "3d" / "cameras.json")[0].names == names


def test_a_file_without_a_camera_that_is_named_is_refused(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    write_anipose(drawn.rig(2), copy / "rig.toml")
    (problem,) = calibrate(Cameras(("camera-1", "right"), "rig.toml"), copy, tmp_path).problems
    assert (problem["code"], problem["where"]) == ("calibration-names", "rig.toml")
    assert "has the cameras camera-1, camera-2, and not right" in problem["what"]
    assert not (tmp_path / "3d" / "cameras.json").exists()


def test_of_a_file_of_opencv_that_and_anipose_s_are_kept(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    one, two = drawn.rig(2)
    values = {"M1": one.matrix, "D1": one.distortion, "M2": two.matrix, "D2": two.distortion,
              "R": two.rotation, "T": two.translation, "size": np.array(one.size)}  # fmt: skip
    storage = cv2.FileStorage(str(copy / "stereo.yml"), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        storage.write(key, value)
    storage.release()
    assert calibrate(replace(CAMERAS, calibration="stereo.yml"), copy, tmp_path) == Answer()
    made = {path.name for path in (tmp_path / "3d").iterdir()}
    assert made == {"methods.txt", "cameras.json", "calibration.yml", "calibration.toml"}
    group, _ = read_cameras(tmp_path / "3d" / "cameras.json")
    assert group.names == ("camera-1", "camera-2")
    assert group.cameras[1].centre == pytest.approx(two.centre)


def test_a_file_that_is_none_is_told(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    (copy / "cal.toml").write_text("[cam_0]\nname = 3\n")
    answer = calibrate(replace(CAMERAS, calibration="cal.toml"), copy, tmp_path)
    assert [each["code"] for each in answer.problems] == ["calibration-file"]
