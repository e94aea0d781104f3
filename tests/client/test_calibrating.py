"""The check calibrates for real, on this computer: a folder's cameras, and a zip's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cameras.drawn import film, places, rig

from dlc_batch.checking import check_path
from dlc_batch.demo.project import IN_SPACE, DemoSize, make_demo_project, write_request
from dlc_batch_cameras.foreign_files import write_anipose
from dlc_batch_core.check import Check


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    project = make_demo_project(
        tmp_path_factory.mktemp("lab") / "walk", DemoSize(frames=8, labelled=4)
    )
    write_request(project, **IN_SPACE)
    return project


@pytest.fixture
def project(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn, tmp_path / "walk"))


def codes(found: Check) -> set[str]:
    return {each.code for each in found.problems if each.code.startswith("cal")}


def names_of(found: Check, code: str) -> list[str]:
    return [each.where for each in found.problems if each.code == code]


def board_of(project: Path, **board: object) -> None:
    write_request(project, analyze_videos=True, cameras={**IN_SPACE["cameras"], "board": board})  # type: ignore[dict-item]  # a section of a request


def test_good_cameras_are_calibrated_without_a_word(project: Path) -> None:
    looked: list[tuple[int, int]] = []
    found = check_path(project, lambda done, of: looked.append((done, of)))
    assert found.is_trainable
    assert codes(found) == set()
    assert looked[-1] == (52, 52)  # of the calibration; the labelled ones come first
    calibrated, together = found.cameras_told
    assert re.match(
        r"The cameras camera-1, camera-2 are calibrated by \d+ moments, to 0\.\d\d px\.",
        calibrated,
    )
    assert re.search(r"camera-1 to camera-2 \d+\.?\d* mm \(standard error", calibrated)
    assert together.startswith("Recordings that will be put together: walk (camera-1, camera-2).")


@pytest.mark.parametrize("pack", ["folder", "zip"])
def test_another_board_is_refused_with_the_reason(project: Path, pack: str) -> None:
    board_of(project, columns=9, rows=6, square_mm=25)
    path = project
    if pack == "zip":
        path = Path(shutil.make_archive(str(project), "zip", project.parent, project.name))
    found = check_path(path)
    assert not found.is_trainable
    assert "calibration-other-board" in codes(found), found.problems


def test_images_of_a_folder_whose_name_begins_alike_are_not_looked_at(project: Path) -> None:
    other = project / "calibration_images_old"
    shutil.copytree(project / "calibration_images", other)
    looked: list[int] = []
    check_path(project, lambda _, of: looked.append(of))
    assert looked[-1] == 52


def test_images_that_were_mixed_up_are_left_out_by_name(project: Path) -> None:
    folder = project / "calibration_images"
    one, other = folder / "camera-2-04.png", folder / "camera-2-11.png"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    found = check_path(project)
    assert found.is_trainable
    out = {each.where for each in found.problems if each.code == "calibration-pair-out"}
    assert {tuple(sorted(each.split(", "))) for each in out} == {
        ("camera-1-04.png", "camera-2-04.png"),
        ("camera-1-11.png", "camera-2-11.png"),
    }


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of calibration videos."""
    folder = tmp_path_factory.mktemp("films")
    film(folder, rig(2), places(10, 3), name="board_{}.avi")
    return folder


@pytest.fixture
def filmed(project: Path, films: Path) -> Path:
    """A project whose cameras filmed the board."""
    shutil.rmtree(project / "calibration_images")
    shutil.copytree(films, project / "calibration_images")
    board_of(project, columns=9, rows=6, square_mm=25)
    return project


@pytest.mark.parametrize("pack", ["folder", "zip"])
def test_videos_calibrate_too(filmed: Path, pack: str) -> None:
    looked: list[tuple[int, int]] = []
    path = filmed
    if pack == "zip":
        path = Path(shutil.make_archive(str(filmed), "zip", filmed.parent, filmed.name))
    found = check_path(path, lambda done, of: looked.append((done, of)))
    assert found.is_trainable, found.problems
    assert {"calibration-view-out", "calibration-coverage-low"} >= codes(found)
    assert looked[-1] == (40, 40)
    assert [each for each in looked if each[1] == 40] == [(each, 40) for each in range(1, 41)]


def test_videos_of_another_board_are_refused(filmed: Path) -> None:
    board_of(filmed, columns=6, rows=5, square_mm=25)
    found = check_path(filmed)
    assert not found.is_trainable
    assert "calibration-other-board" in codes(found), found.problems


def test_a_video_that_is_cut_off_in_a_zip_is_told_of_once(filmed: Path) -> None:
    (filmed / "calibration_images" / "board_camera-2.avi").write_bytes(b"")
    found = check_path(filmed)
    told = [each for each in found.problems if each.code == "calibration-unreadable"]
    assert [each.where for each in told] == ["board_camera-2.avi"]
    assert "calibration-cameras" in codes(found)


def test_a_zip_whose_video_is_damaged_is_told_of(filmed: Path) -> None:
    path = Path(shutil.make_archive(str(filmed), "zip", filmed.parent, filmed.name))
    with zipfile.ZipFile(path) as archive:
        (info,) = (i for i in archive.infolist() if i.filename.endswith("camera-2.avi"))
    data = bytearray(path.read_bytes())
    at = info.header_offset + info.compress_size // 2
    data[at : at + 64] = bytes(64)
    path.write_bytes(data)
    found = check_path(path)
    assert [each.code for each in found.problems if each.code == "zip-damaged"], found.problems


def test_where_opencv_is_missing_it_says_what_was_not_checked(project: Path) -> None:
    program = (
        "import sys; sys.modules['cv2'] = None\n"
        "from dlc_batch.__main__ import main\n"
        f"sys.argv = ['dlc-batch', 'check', {str(project)!r}, '--json']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert answer["trainable"], done.stderr
    (told,) = (p for p in answer["problems"] if p["code"] == "calibration-unchecked")
    assert "[cameras]" in told["remedy"]


def test_what_headers_and_pixels_tell_is_told_once(project: Path) -> None:
    board_of(project, columns=6, rows=5, square_mm=25)
    (project / "calibration_images" / "camera-1-03.png").write_bytes(b"no image")
    found = check_path(project)
    assert names_of(found, "calibration-unreadable") == ["camera-1-03.png"]


def test_an_opencv_calibration_in_two_files_is_read_as_the_training_reads_it(
    project: Path,
) -> None:
    names = ["camera-1", "camera-2"]
    cameras = {"names": names, "calibration": "rig/intrinsics.yml"}
    write_request(project, analyze_videos=True, cameras=cameras)
    write_two_files(project / "rig")
    found = check_path(project)
    assert found.is_trainable, found.problems
    target = Path(shutil.make_archive(str(project), "zip", project.parent, project.name))
    assert check_path(target).is_trainable
    (project / "rig" / "extrinsics.yml").unlink()
    assert codes(check_path(project)) == {"calibration-file"}


def test_a_file_with_other_names_is_refused(project: Path) -> None:
    write_anipose(rig(2), project / "rig.toml")
    for names in (["camera-1", "camera-2"], ["left", "right"]):
        write_request(
            project, analyze_videos=True, cameras={"names": names, "calibration": "rig.toml"}
        )
        found = check_path(project)
        is_there = names[0] == "camera-1"
        assert codes(found) == (set() if is_there else {"calibration-names"})
        assert found.is_trainable is is_there
        if is_there:
            one, two = rig(2)
            apart = f"camera-1 to camera-2 {np.linalg.norm(one.centre - two.centre):.4g}."
            assert apart in found.cameras_told[0]


def write_two_files(folder: Path) -> None:
    """Write two cameras as OpenCV's own example of a stereo calibration does."""
    folder.mkdir()
    one, two = rig(2)
    files = {
        "intrinsics": {"M1": one.matrix, "D1": one.distortion, "M2": two.matrix,
                       "D2": two.distortion, "size": np.array(one.size)},
        "extrinsics": {"R": two.rotation, "T": two.translation},
    }  # fmt: skip
    for name, values in files.items():
        storage = cv2.FileStorage(str(folder / f"{name}.yml"), cv2.FILE_STORAGE_WRITE)
        for key, value in values.items():
            storage.write(key, value)
        storage.release()


def test_a_project_without_cameras_needs_none_of_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_request(project)
    monkeypatch.setitem(sys.modules, "dlc_batch_cameras.of_project", None)
    assert codes(check_path(project)) == set()
