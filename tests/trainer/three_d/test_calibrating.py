"""Cameras of a project, calibrated by its images or read from its own file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.trainer.three_d.made_up import CAMERAS, write_cameras

from dlc_batch.demo import scene
from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_trainer.three_d.__main__ import do
from dlc_batch_trainer.three_d.calibrating import read_cameras
from dlc_batch_trainer.three_d.task import Answer, CalibrationTask


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


def test_a_file_that_is_none_is_told(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(project, copy)
    (copy / "cal.toml").write_text("[cam_0]\nname = 3\n")
    answer = calibrate(replace(CAMERAS, calibration="cal.toml"), copy, tmp_path)
    assert [each["code"] for each in answer.problems] == ["calibration-file"]
