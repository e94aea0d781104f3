"""Which file is of which camera, and which belong together: told by names as labs give them."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.videos import Video, chosen
from dlc_batch_core.views import calibration_views, find_views, recordings

STEREO = Path(__file__).resolve().parents[3] / "shared/data/stereo_example.zip"


def moments(paths: Sequence[str], *cameras: str) -> dict[str, dict[str, str]]:
    return {name: dict(files) for name, files in find_views(paths, cameras).moments.items()}


@pytest.mark.parametrize(
    ("paths", "cameras", "name"),
    [
        (["camera-1-01.jpg", "camera-2-01.jpg"], ["camera-1", "camera-2"], "1"),
        (["left01.jpg", "right01.jpg"], ["left", "right"], "1"),
        (["01_left.png", "01_right.png"], ["left", "right"], "1"),
        (["cam1/0001.png", "cam2/0001.png"], ["cam1", "cam2"], "1"),
        (["cam1/a/07.png", "cam2/a/07.png"], ["cam1", "cam2"], "a/7"),
        (["left/left01.png", "right/right01.png"], ["left", "right"], "1"),
        (["IMG_LEFT.JPG", "img_right.jpeg"], ["left", "right"], "img"),
        (["cam/1.png", "cam 2/1.png"], ["cam", "cam 2"], "1"),
        (["cam-9.png", "cam-2-9.png"], ["cam", "cam-2"], "9"),
        (["cam1_3.png", "cam10_3.png"], ["cam1", "cam10"], "3"),
        (["left.png", "right.png"], ["left", "right"], "*"),
        (["éast1.png", "ouest1.png"], ["e\u0301ast", "ouest"], "1"),
        (["cam(1)_4.png", "cam(2)_4.png"], ["cam(1)", "cam(2)"], "4"),
    ],
)
def test_files_that_differ_by_the_cameras_name_alone_belong_together(
    paths: list[str], cameras: list[str], name: str
) -> None:
    assert moments(paths, *cameras) == {name: dict(zip(cameras, paths, strict=True))}
    assert moments(list(reversed(paths)), *cameras) == moments(paths, *cameras)


@pytest.mark.parametrize(
    ("path", "cameras"),
    [
        ("cam101.png", ["cam1", "cam10"]),  # cam1 and 01, or cam10 and 1?
        ("upleft01.png", ["left", "right"]),
        ("lefty01.png", ["left", "right"]),
        ("top01.png", ["left", "right"]),
        ("01.left", ["left", "right"]),  # the suffix is no part of the name
    ],
)
def test_a_name_within_a_word_or_a_number_is_none(path: str, cameras: list[str]) -> None:
    assert find_views([path], cameras).strangers == (path,)


def test_a_longer_name_goes_before_one_within_it() -> None:
    found = find_views(["top-left1.png", "left1.png"], ["left", "top-left"])
    assert found.moments == {"1": {"left": "left1.png", "top-left": "top-left1.png"}}


def test_of_two_cameras_in_a_name_the_one_that_has_partners_is_meant() -> None:
    paths = ["left-turn_left.mp4", "left-turn_right.mp4"]
    assert moments(paths, "left", "right") == {
        "left-turn": {"left": "left-turn_left.mp4", "right": "left-turn_right.mp4"}
    }
    paths = ["right-hand/left1.png", "right-hand/right1.png", "right-hand/left2.png"]
    assert [list(files) for files in moments(paths, "left", "right").values()] == [
        ["left", "right"],
        ["left"],
    ]


def test_cameras_that_are_numbers_are_told_from_animals_that_are_numbers() -> None:
    paths = ["1_1.mp4", "1_2.mp4", "2_1.mp4", "2_2.mp4"]
    assert moments(paths, "1", "2") == {
        "1": {"1": "1_1.mp4", "2": "1_2.mp4"},
        "2": {"1": "2_1.mp4", "2": "2_2.mp4"},
    }


def test_moments_stand_in_natural_order_and_cameras_in_theirs() -> None:
    paths = [f"{camera}{n}.png" for n in (10, 2, 1) for camera in ("right", "left")]
    found = find_views(paths, ["left", "right"])
    assert list(found.moments) == ["1", "2", "10"]
    assert found.by_camera["right"] == {"1": "right1.png", "2": "right2.png", "10": "right10.png"}
    assert found.of("top") == ()
    assert found.of("left") == ("left1.png", "left2.png", "left10.png")
    assert all(list(files) == ["left", "right"] for files in found.moments.values())


def test_the_same_view_twice_is_told() -> None:
    paths = ["left1.jpg", "left1.png", "left01.bmp", "right1.png"]
    found = find_views(paths, ["left", "right"])
    assert found.moments == {"1": {"left": "left01.bmp", "right": "right1.png"}}
    assert found.doubles == (("left01.bmp", "left1.jpg"), ("left01.bmp", "left1.png"))


def test_what_has_no_partner_is_told() -> None:
    found = find_views(["left1.png", "right1.png", "left2.png"], ["left", "right"])
    assert list(found.shared) == ["1"]
    assert found.alone == ("left2.png",)


def test_only_images_of_the_calibration_folder_are_views() -> None:
    cameras = Cameras(("left", "right"), "calib/day1")
    paths = ["calib/day1/left1.png", "calib/left2.png", "calib/day1/left3.txt", "left4.png"]
    assert calibration_views(cameras, paths).moments == {"1": {"left": "calib/day1/left1.png"}}
    assert calibration_views(Cameras(("left", "right"), "calib.toml"), paths).moments == {}


def test_videos_of_the_calibration_folder_are_views_where_it_has_no_image() -> None:
    cameras = Cameras(("left", "right"), "calib")
    videos = ["calib/one-left.mp4", "calib/one-right.MOV", "calib/.thumbs/left.png", "right.png"]
    assert calibration_views(cameras, videos).moments == {
        "one": {"left": "calib/one-left.mp4", "right": "calib/one-right.MOV"}
    }
    with_image = calibration_views(cameras, [*videos, "calib/left1.png"])
    assert with_image.moments == {"1": {"left": "calib/left1.png"}}


def test_the_calibration_folders_own_name_tells_no_camera() -> None:
    cameras = Cameras(("left", "right"), "left")
    assert calibration_views(cameras, ["left/1.png"]).strangers == ("left/1.png",)


def test_videos_of_zip_and_bucket_belong_together() -> None:
    key = "uploads/miller/videos/day1/mouse-right.mp4"
    videos = chosen(("videos/day1/mouse-left.AVI", f"s3://b/{key}", "videos/other.mp4"), ())
    found = recordings(Cameras(("left", "right")), videos)
    assert found.moments == {"day1/mouse": {"left": "videos/day1/mouse-left.AVI", "right": key}}
    assert found.strangers == ("videos/other.mp4",)
    assert recordings(Cameras(("left", "right")), [Video("left.mp4")]).shared == {}


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("mouse_camera-1.mp4", "mouse_camera-2.mp4", "mouse"),
        ("Mouse007_CAMERA-1.avi", "mouse007_camera-2.avi", "Mouse007"),
        ("mouse-camera-1_trial02.mp4", "mouse-camera-2_trial02.mp4", "mouse_trial02"),
        ("camera-1_trial2.mp4", "camera-2_trial2.mp4", "trial2"),
        ("mouse camera-1.mp4", "mouse camera-2.mp4", "mouse "),
        ("camera-1.mp4", "camera-2.mp4", "camera-1"),
        ("camera-1/a.mp4", "camera-2/a.mp4", "a"),
        ("Day1/camera-1.mp4", "Day1/camera-2.mp4", "Day1"),
        ("camera-1/camera-1-03.mp4", "camera-2/camera-2-03.mp4", "03"),
        ("Straße_camera-1.mp4", "Straße_camera-2.mp4", "strasse"),
    ],
)
def test_a_recording_is_called_as_deeplabcut_calls_its_3d_file(
    first: str, second: str, name: str
) -> None:
    videos = [Video(f"videos/{path}") for path in (second, first)]
    found = recordings(Cameras(("camera-1", "camera-2")), videos)
    assert list(found.shared) == [name]


def test_recordings_whose_names_would_be_one_are_called_after_their_first_video() -> None:
    names = ("left/mouse", "right/mouse", "mouse_left", "mouse_right")
    found = recordings(Cameras(("left", "right")), [Video(f"videos/{n}.mp4") for n in names])
    assert list(found.shared) == ["left/mouse", "mouse_left"]
    names = ("left", "right", "left_left", "left_right")
    found = recordings(Cameras(("left", "right")), [Video(f"videos/{n}.mp4") for n in names])
    assert sorted(found.shared) == ["left", "left_2"]


@pytest.mark.skipif(not STEREO.is_file(), reason=f"NOT TESTED: {STEREO} is not there")
def test_a_real_stereo_data_set_is_read() -> None:
    with zipfile.ZipFile(STEREO) as archive:
        images = [name for name in archive.namelist() if name.endswith(".jpg")]
    found = find_views(images, ["left", "right"])
    assert list(found.shared) == [str(n) for n in range(1, 15)]
    assert (found.strangers, found.doubles, found.alone) == ((), (), ())


NAMES = st.text(st.characters(exclude_characters="/*\0"), min_size=1, max_size=8)

PATHS = st.text(st.characters(exclude_characters="*\0"), max_size=20)


@given(st.lists(NAMES, min_size=2, max_size=4, unique=True), st.lists(PATHS))
def test_every_file_is_a_view_or_a_stranger_or_a_double(
    cameras: list[str], paths: list[str]
) -> None:
    found = find_views(set(paths), cameras)
    of_views = [path for files in found.moments.values() for path in files.values()]
    parts = [*of_views, *found.strangers, *(second for _, second in found.doubles)]
    assert sorted(parts) == sorted(set(paths))
    assert found == find_views(sorted(set(paths), reverse=True), cameras)


def test_each_file_has_its_camera_and_a_double_too() -> None:
    views = find_views(["a/left1.png", "a/left01.png", "a/right1.png", "x.png"], ["left", "right"])
    assert views.doubles
    assert views.camera_of == {
        "a/left1.png": "left",
        "a/left01.png": "left",
        "a/right1.png": "right",
    }


@given(st.lists(NAMES, min_size=2, max_size=4, unique=True), st.lists(PATHS))
def test_no_video_is_lost_and_a_recordings_name_is_no_pattern(
    cameras: list[str], paths: list[str]
) -> None:
    videos = [Video(path) for path in sorted(set(paths))]
    found = recordings(Cameras(tuple(cameras)), videos)
    of_views = [path for files in found.moments.values() for path in files.values()]
    parts = [*of_views, *found.strangers, *(second for _, second in found.doubles)]
    assert sorted(parts) == [video.path for video in videos]
    assert all(name and not set(name) & set("*\0") for name in found.moments)
