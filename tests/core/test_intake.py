"""What of an upload is unpacked for its cameras, and where it is put."""

import zipfile
from pathlib import PurePosixPath

import pytest

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.intake import HOME_SPLITS, Intake, is_taken, place_of
from dlc_batch_core.limits import Limits
from dlc_batch_core.member import Member
from dlc_batch_core.three_d import CALIBRATION_3D

NAMES = ("left", "right")


class Listing:
    """An upload, as far as its directory tells."""

    limits = Limits()
    requests = 0

    def __init__(self, *paths: str) -> None:
        self.members = tuple(Member(path, 1, zipfile.ZipInfo(path)) for path in paths)

    def under(self, folder: str) -> tuple[Member, ...]:
        return tuple(each for each in self.members if each.path.startswith(folder))


def places(intake: Intake, *paths: str) -> list[str]:
    members = intake.members(Listing(*paths))  # type: ignore[arg-type]  # all that is asked of it
    return [intake.place(member) for member in members]


@pytest.mark.parametrize(
    ("calibration", "path", "is_wanted"),
    [
        (None, "calibration_images/left1.JPG", True),
        (None, "calibration_images/deeper/left1.png", True),
        (None, "calibration_images/stereo_params.pickle", False),
        (None, "calibration_images/left1.h5", False),
        (None, "calibration_images.png", False),
        (None, "other/left1.png", False),
        ("rig/day1", "rig/day1/left1.png", True),
        ("rig/day1", "rig/day10/left1.png", False),
        ("rig/calib.toml", "rig/calib.toml", True),
        ("rig/calib.toml", "rig/calib.toml.pickle", False),
        ("rig/calib.toml", "calibration_images/left1.png", False),
        ("rig/calib.toml", "rig/extrinsics.toml", False),
        ("rig/calib.yml", "rig/extrinsics.yml", True),
        ("rig/calib.yml", "rig/extrinsics.xml", False),
        (None, "calibration_images/board-left.mp4", True),
        (None, "calibration_images/deeper/board-left.AVI", True),
        (None, "calibration_images/.trash/left1.png", False),
        (None, "videos/board-left.mp4", False),
    ],
)
def test_calibration_is_taken_by_its_place_and_suffix(
    calibration: str | None, path: str, is_wanted: bool
) -> None:
    cameras = Cameras(NAMES, calibration)
    assert places(Intake("p/", cameras), f"p/{path}", f"q/{path}") == [path] * is_wanted
    assert places(Intake("p/"), f"p/{path}") == []


def test_videos_stay_in_the_zip_where_there_are_images() -> None:
    images = ["calibration_images/left1.png", "calibration_images/right1.png"]
    paths = ["calibration_images/a-left.mp4", *images, "calibration_images/b-left.avi"]
    assert places(Intake("", Cameras(NAMES)), *paths) == images


def test_a_calibration_in_a_file_that_is_taken_anyway_is_taken_once() -> None:
    intake = Intake("p/", Cameras(NAMES, "config.yaml"))
    assert places(intake, "p/config.yaml") == ["config.yaml"]


def test_images_of_a_3d_project_beside_have_a_folder_of_ours() -> None:
    intake = Intake("p/", Cameras(NAMES, CALIBRATION_3D), "p-3d/calibration_images/")
    paths = ["p/config.yaml", "p-3d/config.yaml", "p-3d/calibration_images/left1.png"]
    paths += ["p-3d/calibration_images/left1.mat", f"p/{CALIBRATION_3D}/left1.png"]
    assert places(intake, *paths) == ["config.yaml", f"{CALIBRATION_3D}/left1.png"]
    paths = [path.replace("left1.png", "left.mp4") for path in paths]
    assert places(intake, *paths) == ["config.yaml", f"{CALIBRATION_3D}/left.mp4"]


def test_they_stay_in_the_zip_where_another_calibration_is_asked_for() -> None:
    intake = Intake("p/", Cameras(NAMES, "calib"), "p-3d/calibration_images/")
    assert places(intake, "p/calib/left1.png", "p-3d/calibration_images/left1.png") == [
        "calib/left1.png"
    ]
    assert places(Intake("p/"), "p/calib/left1.png", "p-3d/calibration_images/left1.png") == []


@pytest.mark.parametrize("folder", [HOME_SPLITS, CALIBRATION_3D])
def test_no_upload_puts_a_file_into_folders_of_ours(folder: str) -> None:
    assert not is_taken(PurePosixPath(folder) / "left1.png")
    assert place_of("config.yaml") == "config.yaml"


def test_what_is_unpacked_counts_towards_the_limits() -> None:
    intake = Intake("p/", Cameras(NAMES))
    large = Member("p/calibration_images/left1.png", Limits.file_bytes + 1, zipfile.ZipInfo("x"))
    listing = Listing()
    listing.members = (large,)
    (problem, *_) = intake.find_problems(listing)  # type: ignore[arg-type]  # likewise
    assert (problem.code, problem.where) == ("zip-file-too-large", large.path)


def test_a_calibration_video_may_be_larger_than_an_image_but_not_than_all_may_be() -> None:
    intake, listing = Intake("p/", Cameras(NAMES)), Listing()
    for size, codes in ((Limits.file_bytes + 1, []), (Limits.total_bytes + 1, ["zip-too-large"])):
        info = zipfile.ZipInfo("x")
        info.compress_size = size
        listing.members = (Member("p/calibration_images/left.mp4", size, info),)
        found = intake.find_problems(listing)  # type: ignore[arg-type]  # likewise
        assert [each.code for each in found] == codes
