"""The check calibrates for real, on this computer: a folder's cameras, and a zip's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dlc_batch.checking import check_path
from dlc_batch.demo.project import IN_SPACE, DemoSize, make_demo_project, write_request
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


def board_of(project: Path, **board: object) -> None:
    write_request(project, analyze_videos=True, cameras={**IN_SPACE["cameras"], "board": board})  # type: ignore[dict-item]  # a section of a request


def test_good_cameras_are_calibrated_without_a_word(project: Path) -> None:
    looked: list[tuple[int, int]] = []
    found = check_path(project, lambda done, of: looked.append((done, of)))
    assert found.is_trainable
    assert codes(found) == set()
    assert looked[-1] == (52, 52)  # of the calibration; the labelled ones come first


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


def test_a_project_without_cameras_needs_none_of_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_request(project)
    monkeypatch.setitem(sys.modules, "dlc_batch_cameras.of_project", None)
    assert codes(check_path(project)) == set()
