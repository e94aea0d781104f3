"""A DeepLabCut 3D project in the zip of its 2D project: found, and its cameras taken."""

import importlib.util
import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.conftest import png

from dlc_batch_core.archive import read_archive
from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.intake import Intake
from dlc_batch_core.problems import Severity
from dlc_batch_core.three_d import CALIBRATION_3D, read_3d

Zipped = Callable[[Mapping[str, bytes]], bytes]
Project = dict[str, bytes]
BOTH = ("camera-1", "camera-2")
#: As create_new_project_3d writes it, with a path of Windows.
CONFIG = """\
# Project definitions (do not edit)
Task: reach
scorer: Ann
date: Jan1

# Project path (change when moving around)
project_path: 'C:\\Users\\ann\\reach-Ann-2024-01-01-3d'

# Plotting configuration
skeleton:
- - bodypart1
  - bodypart2
skeleton_color: black
pcutoff: 0.4
colormap: jet
dotsize: 15
alphaValue: 0.8
markerType: '*'
markerColor: r

# Number of cameras, camera names, path of the config files, shuffle index and trainingsetindex
num_cameras: 2
camera_names:
- camera-1
- camera-2
scorername_3d: DLC_3D
config_file_camera-1: 'C:\\Users\\ann\\mouse\\config.yaml'
config_file_camera-2: /home/ann/mouse/config.yaml
shuffle_camera-1: 1
trainingsetindex_camera-1: 0
shuffle_camera-2: 1
trainingsetindex_camera-2: 0
"""


def project_3d(root: str, config: str = CONFIG, suffix: str = "jpg") -> Project:
    pictures = {
        f"{root}calibration_images/{camera}-{n:02}.{suffix}": png(64, 48)
        for camera in BOTH
        for n in range(1, 9)
    }
    return {
        f"{root}config.yaml": config.encode(),
        **pictures,
        f"{root}camera_matrix/stereo_params.pickle": b"code",
        f"{root}calibration_images/notes.pickle": b"code",
    }


def check(zipped: Zipped, files: Project) -> Check:
    return check_upload(io.BytesIO(zipped(files)), "mouse.zip")


def codes_of(found: Check) -> set[str]:
    return {each.code for each in found.problems} - {"few-frames", "one-video"}


@pytest.mark.parametrize("suffix", ["jpg", "PNG"])
@pytest.mark.parametrize(
    ("root", "calibration"),
    [
        ("mouse-3d/", CALIBRATION_3D),  # beside
        ("mouse/mouse-3d/", "mouse-3d/calibration_images"),  # within
        ("", CALIBRATION_3D),  # around
    ],
)
def test_a_3d_project_gives_its_cameras(
    root: str, calibration: str, suffix: str, zipped: Zipped, project_files: Project
) -> None:
    files = {**project_files, **project_3d(root, suffix=suffix)}
    found = check(zipped, files)
    assert found.request is not None
    assert found.request.cameras == Cameras(BOTH, calibration)
    assert found.root == "mouse/"
    assert codes_of(found) == {"cameras-board", "triangulate-nothing"}
    assert found.is_trainable
    assert {each.severity for each in found.problems} == {Severity.WARNING}


@pytest.mark.parametrize("root", ["mouse-3d/", "mouse/mouse-3d/", ""])
def test_its_images_are_unpacked_and_lie_where_the_request_says(
    root: str, zipped: Zipped, project_files: Project
) -> None:
    data = zipped({**project_files, **project_3d(root)})
    found = check_upload(io.BytesIO(data), "mouse.zip")
    assert found.request is not None
    assert found.request.cameras is not None
    intake = Intake(found.root, found.request.cameras, found.images_3d)
    archive = read_archive(io.BytesIO(data), "mouse.zip")
    places = [intake.place(each) for each in intake.members(archive)]
    folder = found.request.cameras.folder
    images = {f"{folder}/{camera}-{n:02}.jpg" for camera in BOTH for n in range(1, 9)}
    of_project = {path.removeprefix("mouse/") for path in project_files}
    assert sorted(places) == sorted({*images, *of_project})


def board_videos(root: str) -> Project:
    return {f"{root}calibration_images/board_{camera}.mp4": b"film" for camera in BOTH}


@pytest.mark.parametrize("root", ["mouse-3d/", "mouse/mouse-3d/", ""])
def test_it_may_be_calibrated_by_videos_which_are_not_analysed(
    root: str, zipped: Zipped, project_files: Project
) -> None:
    recordings = {f"mouse/videos/day1_{camera}.mp4": b"film" for camera in BOTH}
    request = {"mouse/dlc-batch.yaml": b"analyze_videos: true"}
    three_d = {**project_3d(root), **board_videos(root)}
    films = {path: data for path, data in three_d.items() if not path.endswith("jpg")}
    data = zipped({**project_files, **recordings, **request, **films})
    found = check_upload(io.BytesIO(data), "mouse.zip")
    assert codes_of(found) == {"cameras-board"}
    assert found.request is not None
    assert found.request.cameras is not None
    archive = read_archive(io.BytesIO(data), "mouse.zip")
    intake = Intake(found.root, found.request.cameras, found.images_3d)
    places = {intake.place(each) for each in intake.calibration(archive)}
    assert places == {f"{found.request.cameras.folder}/board_{camera}.mp4" for camera in BOTH}
    paths = (each.path.removeprefix("mouse/") for each in archive.under("mouse/"))
    analysed = {f"videos/day1_{camera}.mp4" for camera in BOTH}
    assert {each.path for each in found.request.videos(paths)} == analysed


def test_videos_of_one_that_goes_unused_are_not_analysed_either(
    zipped: Zipped, project_files: Project
) -> None:
    own = {f"mouse/calibration_images/{c}{n}.png": png(9, 9) for c in "ab" for n in range(1, 9)}
    request = {"mouse/dlc-batch.yaml": b"analyze_videos: true\ncameras: {names: [a, b]}"}
    files = {**project_files, **own, **request, **project_3d("x-3d/"), **board_videos("x-3d/")}
    assert "video-missing" in codes_of(check(zipped, files))


def test_dlc_batch_yaml_goes_before_it(zipped: Zipped, project_files: Project) -> None:
    beside = project_3d("mouse-3d/")
    own = {f"mouse/calibration_images/{c}{n}.png": png(9, 9) for c in "ab" for n in range(1, 9)}

    def cameras(section: str) -> Cameras | None:
        request = {"mouse/dlc-batch.yaml": f"cameras: {section}".encode()}
        found = check(zipped, {**project_files, **beside, **own, **request})
        assert found.is_trainable
        assert found.request is not None
        return found.request.cameras

    board = "{columns: 9, rows: 6, square_mm: 25}"
    assert cameras(f"{{board: {board}}}") == Cameras(BOTH, CALIBRATION_3D, Board(9, 6, 25))
    assert cameras("{names: [camera-2, camera-1]}") == Cameras(BOTH[::-1], CALIBRATION_3D)
    assert cameras("{names: [a, b]}") == Cameras(("a", "b"), "calibration_images")


def test_what_is_wrong_with_its_images_stops_no_training_unless_cameras_are_asked_for(
    zipped: Zipped, project_files: Project
) -> None:
    beside = {path: data for path, data in project_3d("mouse-3d/").items() if "a-2-" not in path}
    found = check(zipped, {**project_files, **beside})
    (problem,) = [each for each in found.problems if each.code == "camera-without-images"]
    assert (problem.severity, problem.where) == (Severity.WARNING, "mouse-3d/calibration_images/")
    assert found.is_trainable
    request = {"mouse/dlc-batch.yaml": b"cameras: {board: {columns: 9, rows: 6}}"}
    assert not check(zipped, {**project_files, **beside, **request}).is_trainable


def test_a_3d_project_that_was_only_begun_is_told_by_its_own_folder(
    zipped: Zipped, project_files: Project
) -> None:
    found = check(zipped, {**project_files, "mouse-3d/config.yaml": CONFIG.encode()})
    (problem,) = [each for each in found.problems if each.code == "cameras-calibration"]
    assert (problem.severity, problem.where) == (Severity.WARNING, "mouse-3d/calibration_images/")
    assert found.is_trainable


def test_a_folder_of_our_name_does_not_come_in_between(
    zipped: Zipped, project_files: Project
) -> None:
    own = {f"mouse/{CALIBRATION_3D}/camera-1-99.jpg": png(9, 9)}
    files = {**project_files, **project_3d("mouse-3d/")}
    assert check(zipped, {**files, **own}) == check(zipped, files)


def test_an_offset_of_no_camera_of_its_is_told(zipped: Zipped, project_files: Project) -> None:
    request = {"mouse/dlc-batch.yaml": b"cameras: {offsets: {camera-3: 2}}"}
    found = check(zipped, {**project_files, **project_3d("mouse-3d/"), **request})
    assert "request-value" in codes_of(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_cameras: 2", "num_cameras: 3"),
        ("- camera-2\n", "- camera-1\n"),
        ("- camera-2\n", "- [camera-2]\n"),
        ("- camera-2\n", "- a/b\n"),
        ("camera_names:", "names:"),
    ],
)
def test_cameras_that_do_not_add_up_are_not_used(
    old: str, new: str, zipped: Zipped, project_files: Project
) -> None:
    beside = project_3d("mouse-3d/", CONFIG.replace(old, new, 1))
    found = check(zipped, {**project_files, **beside})
    assert codes_of(found) == {"project-3d-cameras"}
    assert found.is_trainable
    assert found.request is not None
    assert found.request.cameras is None


OWN_IMAGES = {f"mouse/calibration_images/{camera}-01.png": png(64, 48) for camera in BOTH}


@pytest.mark.parametrize(
    "beside",
    [
        project_3d("mouse-3d/"),
        project_3d("mouse-3d/", CONFIG.replace("num_cameras: 2", "num_cameras: 3")),
        {**project_3d("a-3d/"), **project_3d("b-3d/")},
    ],
    ids=["one", "faulty", "several"],
)
def test_beside_a_3d_project_calibration_images_are_not_called_unasked(
    beside: Project, zipped: Zipped, project_files: Project
) -> None:
    found = check(zipped, {**project_files, **OWN_IMAGES, **beside})
    assert "cameras-not-asked" not in codes_of(found)
    assert "cameras-not-asked" in codes_of(check(zipped, {**project_files, **OWN_IMAGES}))


def test_names_may_be_numbers() -> None:
    assert read_3d({"num_cameras": 2, "camera_names": [1, 2]}, "").names == ("1", "2")


def test_a_3d_project_alone_is_refused(zipped: Zipped) -> None:
    found = check(zipped, project_3d("mouse-3d/"))
    assert codes_of(found) == {"project-3d"}
    found = check(zipped, {**project_3d("a/"), **project_3d("b/")})
    assert codes_of(found) == {"several-projects"}


def test_two_projects_beside_a_3d_project_are_still_two(
    zipped: Zipped, project_files: Project
) -> None:
    other = {path.replace("mouse/", "rat/"): data for path, data in project_files.items()}
    found = check(zipped, {**project_files, **other, **project_3d("mouse-3d/")})
    assert codes_of(found) == {"several-projects"}
    assert "mouse/, rat/" in found.problems[0].what


def test_of_several_the_one_that_names_the_project_is_taken(
    zipped: Zipped, project_files: Project
) -> None:
    other = CONFIG.replace("mouse", "rat")
    files = {**project_files, **project_3d("a-3d/", other), **project_3d("b-3d/")}
    found = check(zipped, files)
    assert found.images_3d == "b-3d/calibration_images/"
    assert [p.where for p in found.problems if p.code == "project-3d-beside"] == [
        "a-3d/config.yaml"
    ]
    files = {**project_files, **project_3d("a-3d/"), **project_3d("b-3d/")}
    found = check(zipped, files)
    assert found.images_3d is None
    assert codes_of(found) == {"project-3d-beside"}
    assert found.is_trainable


def test_a_backup_is_still_no_project(zipped: Zipped, project_files: Project) -> None:
    backup = {path.replace("mouse/", "mouse/old/"): data for path, data in project_files.items()}
    found = check(zipped, {**project_files, **backup, **project_3d("mouse/mouse-3d/")})
    assert "nested-project" in codes_of(found)
    assert found.request is not None
    assert found.request.cameras is not None


def test_what_deeplabcut_makes_is_read(
    zipped: Zipped, project_files: Project, tmp_path: Path
) -> None:
    """Its paths are somebody else's, until the lab writes its own."""
    if importlib.util.find_spec("deeplabcut") is None:
        pytest.skip("NOT TESTED: deeplabcut is not installed")
    make = "from deeplabcut.create_project.new_3d import create_new_project_3d as make\n"
    make += "make('reach', 'Ann', num_cameras=2, working_directory='.')"
    subprocess.run([sys.executable, "-c", make], check=True, cwd=tmp_path, capture_output=True)
    (made,) = tmp_path.iterdir()
    (made / "calibration_images" / "camera-1-01.jpg").write_bytes(png(64, 48))
    there = {p.relative_to(tmp_path).as_posix(): p for p in made.rglob("*") if p.is_file()}
    found = check(zipped, {**project_files, **{n: p.read_bytes() for n, p in there.items()}})
    assert found.images_3d == f"{made.name}/calibration_images/"
    assert found.request is not None
    assert found.request.cameras == Cameras(BOTH, CALIBRATION_3D)
    assert found.is_trainable


NAMELESS = b"cameras: {board: {columns: 9, rows: 6, square_mm: 25}}"


def test_nameless_cameras_beside_a_faulty_3d_project_are_told_by_its_fault(
    zipped: Zipped, project_files: Project
) -> None:
    beside = project_3d("mouse-3d/", CONFIG.replace("num_cameras: 2", "num_cameras: 3"))
    found = check(zipped, {**project_files, **beside, "mouse/dlc-batch.yaml": NAMELESS})
    assert codes_of(found) == {"project-3d-cameras", "cameras-names"}
    (what,) = [each.what for each in found.problems if each.code == "cameras-names"]
    assert "those of the 3D project are not used" in what


def test_nameless_cameras_beside_two_3d_projects_are_told_by_that(
    zipped: Zipped, project_files: Project
) -> None:
    beside = {**project_3d("a-3d/"), **project_3d("b-3d/")}
    found = check(zipped, {**project_files, **beside, "mouse/dlc-batch.yaml": NAMELESS})
    (what,) = [each.what for each in found.problems if each.code == "cameras-names"]
    assert "which of several 3D projects belongs to the project can't be told" in what


@pytest.mark.parametrize("place", ["lab/", "", "lab/mouse-3d/"])
def test_a_request_that_is_not_read_is_told(
    place: str, zipped: Zipped, project_files: Project
) -> None:
    both = {f"lab/{path}": data for path, data in project_files.items()}
    both |= project_3d("lab/mouse-3d/")
    own = {"lab/mouse/dlc-batch.yaml": b"epochs: 3"}
    assert "request-elsewhere" not in codes_of(check(zipped, {**both, **own}))
    found = check(zipped, {**both, **own, f"{place}dlc-batch.yaml": b"epochs: 5"})
    (told,) = [each for each in found.problems if each.code == "request-elsewhere"]
    assert (told.severity, told.where) == (Severity.WARNING, f"{place}dlc-batch.yaml")
    assert "lab/mouse/" in told.what
