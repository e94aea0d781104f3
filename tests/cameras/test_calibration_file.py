"""Calibrations as files: ours, Anipose's and OpenCV's, and each broken one told as what it is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras.calibration import Calibration, calibrate
from dlc_batch_cameras.calibration_file import (
    read_calibration,
    read_cameras,
    read_unit,
    write_calibration,
)
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.foreign_files import write_anipose
from dlc_batch_core.errors import ProjectError


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    held, random = drawn.places(10, 3), np.random.default_rng(1)
    sightings = drawn.sightings(drawn.rig(3), drawn.CHESS, held, random, noise=0.2)
    return calibrate(sightings)


def assert_same(some: CameraGroup, others: CameraGroup) -> None:
    assert some.names == others.names
    points = np.random.default_rng(1).uniform(-200, 200, (50, 3)) + np.array([0, 0, 700])
    assert np.abs(some.project(points) - others.project(points)).max() < 1e-9
    assert [each.size for each in some] == [each.size for each in others]


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(ProjectError) as caught:
        read_cameras(path, **options)
    (found,) = caught.value.problems
    assert (found.code, found.where) == ("calibration-file", path.name)
    return found.what


@pytest.mark.parametrize("unit", ["mm", "squares"])
def test_the_unit_of_lengths_is_kept(calibration: Calibration, unit: str, tmp_path: Path) -> None:
    write_calibration(calibration, tmp_path / "calibration.json", unit)
    assert read_unit(tmp_path / "calibration.json") == unit


def test_what_is_written_is_read(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    found = read_calibration(path)
    assert_same(found.cameras, calibration.cameras)
    assert_same(read_cameras(path), calibration.cameras)
    assert np.array_equal(found.covariance, calibration.covariance)
    for name in ("board", "rms_px", "baselines", "parameter_names", "problems", "views"):
        assert getattr(found, name) == getattr(calibration, name)
    assert [each.name for each in tmp_path.iterdir()] == ["calibration.json"]


def test_a_person_can_read_it(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    text = path.read_text("utf-8")
    content = json.loads(text)
    assert list(content)[:4] == ["kind", "schema_version", "units", "rms_px"]
    assert content["units"]["lengths"] == "mm"
    assert '"size": [480, 360],' in text  # numbers of one row on one line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(kind="other"), "does not say `kind"),
        (lambda c: c.update(schema_version=2), "version 2; this is 1"),
        (lambda c: c.pop("cameras"), "no list of cameras"),
        (lambda c: c["cameras"].__delitem__(slice(1, None)), "holds 1 cameras"),
        (lambda c: c["cameras"][0].pop("matrix"), "lacks the matrix of camera-1"),
        (lambda c: c["cameras"][0].update(name=""), "has no name"),
        (lambda c: c["cameras"][1].update(name="camera-1"), "the same name"),
        (lambda c: c["cameras"][0].update(matrix=[[1, 2], [3, 4]]), "wrong shape (2 x 2)"),
        (lambda c: c["cameras"][0].update(size=[0, 360]), "not in whole pixels"),
        (lambda c: c["cameras"][0].update(distortion="none"), "no numbers for the distortion"),
        (lambda c: c["cameras"][2].update(rotation=[[1, 0, 0]] * 3), "is not a rotation"),
        (lambda c: c["cameras"][2].update(translation_mm=[0, None, 0]), "no finite numbers"),
    ],
)
def test_ours_broken(
    calibration: Calibration, tmp_path: Path, change: Callable[[Any], None], says: str
) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    assert says in refusal(path)


def test_a_part_of_ours_is_missing(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    write_calibration(calibration, path)
    content = json.loads(path.read_text("utf-8"))
    del content["covariance"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_cameras(path).names == calibration.cameras.names
    with pytest.raises(ProjectError, match="lacks a value"):
        read_calibration(path)


def test_anipose(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "calibration.toml"
    write_anipose(calibration.cameras, path)
    assert_same(read_cameras(path), calibration.cameras)
    content = tomllib.loads(path.read_text("utf-8"))
    assert list(content) == ["cam_0", "cam_1", "cam_2", "metadata"]
    assert list(content["cam_0"]) == [
        "name", "size", "matrix", "distortions", "rotation", "translation"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[cam_0\n", "not valid TOML"),
        ("", "holds 0 cameras"),
        ("[cam_0]\nfisheye = true\n", "fisheye"),
        ("[cam_0]\nname = 'A'\n", "lacks the matrix of A"),
    ],
)
def test_anipose_broken(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "calibration.toml"
    path.write_text(text, encoding="utf-8")
    assert says in refusal(path)


def write_opencv(path: Path, cameras: CameraGroup, names: dict[str, str], **more: Any) -> None:
    one, two, *_ = cameras
    values = {
        "M1": one.matrix, "D1": one.distortion[None], "M2": two.matrix, "D2": two.distortion[None],
        "R": two.rotation, "T": two.translation[:, None],
    }  # fmt: skip
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, name in names.items():
        file.write(name, values[key])
    for name, value in more.items():
        file.write(name, value)
    file.release()


SHORT = {each: each for each in ("M1", "D1", "M2", "D2", "R", "T")}
LONG = {
    "M1": "cameraMatrix1", "D1": "distCoeffs1", "M2": "cameraMatrix2", "D2": "distCoeffs2",
    "R": "R", "T": "T",
}  # fmt: skip


@pytest.mark.parametrize("ending", ["yml", "yaml", "xml"])
@pytest.mark.parametrize("names", [SHORT, LONG], ids=["short", "long"])
def test_opencv(
    calibration: Calibration, tmp_path: Path, ending: str, names: dict[str, str]
) -> None:
    path = tmp_path / f"stereo.{ending}"
    write_opencv(path, calibration.cameras, names, image_width=480, image_height=360)
    pair = CameraGroup(calibration.cameras.cameras[:2])
    assert_same(read_cameras(path, pair.names), pair)


def test_opencv_in_two_files(calibration: Calibration, tmp_path: Path) -> None:
    inner = {key: name for key, name in SHORT.items() if len(key) == 2}
    write_opencv(tmp_path / "intrinsics.yml", calibration.cameras, inner)
    write_opencv(tmp_path / "extrinsics.yml", calibration.cameras, {"R": "R", "T": "T"})
    pair = CameraGroup(calibration.cameras.cameras[:2])
    found = read_cameras(tmp_path / "intrinsics.yml", pair.names, drawn.SIZE)
    assert_same(found, pair)


def test_opencv_without_a_size_or_a_value(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "stereo.yml"
    write_opencv(path, calibration.cameras, SHORT)
    assert "size of the images: `image_width` and `image_height`" in refusal(path)
    write_opencv(path, calibration.cameras, {"M1": "M1", "D1": "D1", "R": "R", "T": "T"})
    assert "lacks the matrix of camera-2" in refusal(path, size=drawn.SIZE)


@pytest.mark.parametrize("text", ["", "%YAML:1.0\n---\nM1: [1, 2", "hello", "<?xml"])
def test_opencv_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stereo.yml"
    path.write_text(text, encoding="utf-8")
    assert refusal(path)


def test_a_file_of_no_such_kind(tmp_path: Path) -> None:
    assert "does not end with `.pickle`" in refusal(tmp_path / "stereo_params.pickle")
    assert "can't be read" in refusal(tmp_path / "nothing.toml")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refusal(tmp_path / "binary.json")
