"""Which videos a request names, and what of them is told before a GPU starts."""

import importlib.util
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.check import check_upload
from dlc_batch_core.checks.videos import find_key_problems
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.limits import Limits
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.request import Request, parse_request
from dlc_batch_core.videos import SUFFIXES, chosen, is_choice, is_video_key

Zipped = Callable[[Mapping[str, bytes]], bytes]


Find = Callable[..., list[Problem]]


@pytest.fixture
def problems_of(zipped: Zipped, project_files: dict[str, bytes]) -> Find:
    """Finds the problems with videos of a project with a request and videos."""

    def find(
        request: str, *videos: str, limits: Limits | None = None, size: int = 1
    ) -> list[Problem]:
        extra = {f"mouse/{name}": bytes(size) for name in videos}
        files = {**project_files, **extra, "mouse/dlc-batch.yaml": request.encode()}
        found = check_upload(io.BytesIO(zipped(files)), "mouse.zip", limits or Limits())
        codes = {"video-missing", "video-name", "video-place", "video-labeled", "video-too-large"}
        return [each for each in found.problems if each.code in codes | {"video-same-name"}]

    return find


def test_videos_that_are_there_are_no_problem(problems_of: Find) -> None:
    there = ("videos/a.mp4", "videos/day1/a.MP4")
    assert problems_of("analyze_videos: true", *there) == []
    asked = "analyze_videos: [videos/a.mp4, 's3://b/uploads/lab/videos/b.avi']"
    assert problems_of(asked, *there) == []
    assert problems_of("analyze_videos: []\nexport_model: true") == []


@pytest.mark.parametrize(
    ("asked", "code", "remedy"),
    [
        ("true", "video-missing", "Add the video"),
        ("[videos/mouse2.mp4]", "video-missing", "Add the video"),
        ("[videos/notes.txt]", "video-name", "Convert"),
        ("[videos/x_labeled.mp4]", "video-name", "rename"),
        ("[uploads/a.mp4]", "video-place", "uploads/<lab>/videos/"),
        ("['s3://b/runs/lab/videos/a.mp4']", "video-place", "uploads/<lab>/videos/"),
    ],
)
def test_what_cant_be_analysed_is_told(
    problems_of: Find, asked: str, code: str, remedy: str
) -> None:
    (problem,) = problems_of(
        f"analyze_videos: {asked}", "videos/notes.txt", "videos/x_labeled.mp4"
    )
    assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert re.search(remedy, problem.remedy)


@pytest.mark.parametrize("there", ["videos/Mouse.mp4", "films/mouse.mp4", "videos/mouse1.mp4"])
def test_the_nearest_name_is_told(problems_of: Find, there: str) -> None:
    (problem,) = problems_of("analyze_videos: [videos/mouse.mp4]", there)
    assert f"Did you mean `{there}`?" in problem.remedy


def test_labelled_videos_of_none_are_refused(problems_of: Find) -> None:
    (problem,) = problems_of("labeled_videos: true", "videos/a.mp4")
    assert (problem.code, problem.severity) == ("video-labeled", Severity.ERROR)


def test_the_same_name_in_one_folder_is_a_warning(problems_of: Find) -> None:
    (problem,) = problems_of(
        "analyze_videos: true", "videos/a.mp4", "videos/a.avi", "videos/b/a.avi"
    )
    assert (problem.code, problem.severity) == ("video-same-name", Severity.WARNING)


def test_a_video_may_be_as_large_as_a_project(problems_of: Find) -> None:
    small = Limits(total_bytes=20_000, file_bytes=5_000)
    assert problems_of("analyze_videos: true", "videos/a.mp4", limits=small, size=19_000) == []
    (problem,) = problems_of("analyze_videos: true", "videos/a.mp4", limits=small, size=21_000)
    assert (problem.code, problem.where) == ("video-too-large", "videos/a.mp4")


@pytest.mark.parametrize(
    ("entry", "is_own"),
    [
        ("s3://bucket/uploads/lab/videos/a.mp4", True),
        ("uploads/lab/videos/day1/a.mp4", True),
        ("s3://other/uploads/lab/videos/a.mp4", False),
        ("uploads/lab2/videos/a.mp4", False),
        ("uploads/la/videos/a.mp4", False),
        ("videos/a.mp4", True),  # of the zip
    ],
)
def test_a_lab_gets_no_videos_of_another(entry: str, is_own: bool) -> None:
    found = find_key_problems(Request(analyze_videos=(entry,)), "bucket", "lab")
    assert [each.code for each in found] == ([] if is_own else ["video-place"])


@pytest.mark.parametrize(
    "value",
    [
        "videos/a.mp4",
        1,
        None,
        [1],
        [["a.mp4"]],
        ["../a.mp4"],
        ["/a.mp4"],
        ["C:/a.mp4"],
        ["a//b.mp4"],
        [""],
        ["a\nb"],
        ["s3://b/uploads/lab/../other/videos/a.mp4"],
        ["a.mp4"] * 1001,
    ],
)
def test_what_names_no_video_is_refused(value: object) -> None:
    assert not is_choice(value)


def test_a_bad_value_says_what_is_taken() -> None:
    with pytest.raises(ProjectError) as caught:
        parse_request("analyze_videos: ['../a.mp4']")
    assert "a list of paths" in caught.value.problems[0].remedy


@given(st.text(max_size=40))
def test_results_never_leave_their_folder(text: str) -> None:
    for entry in (
        text,
        f"uploads/lab/videos/{text}",
        f"s3://b/{text}",
        f"s3://b/uploads/x/{text}",
    ):
        if is_choice([entry]):
            (video,) = chosen((entry,), ())
            assert ".." not in video.place.split("/")
            assert not video.place.startswith("/")


def test_results_come_beside_the_video() -> None:
    entries = ("videos/a.mp4", "films\\a.mp4", "s3://b/uploads/lab/videos/day1/a.mp4")
    assert [v.place for v in chosen(entries, ())] == ["a.mp4", "films/a.mp4", "day1/a.mp4"]


def test_all_videos_are_those_that_deeplabcut_takes() -> None:
    paths = (
        "config.yaml",
        "videos/a.mp4",
        "videos/aDLC_labeled.mp4",
        "b.AVI",
        "labeled-data/x.png",
    )
    assert [v.path for v in chosen(True, paths)] == ["videos/a.mp4", "b.AVI"]


def test_films_of_poses_in_space_are_no_videos_of_animals() -> None:
    """Ours, as a fetch puts them into the project, and what DeepLabCut's own program leaves."""
    drawn = ("3d/walk_3d.mp4", "3d/day1/walk_3d.mp4", "videos/walk_DLC_3D.mp4")
    own = ("videos/walk_3d.mp4", "3d/walk.mp4", "films/3d/walk_3d.mp4")
    assert [v.path for v in chosen(True, (*drawn, *own))] == list(own)


def test_all_videos_are_not_those_of_the_calibration() -> None:
    paths = ("videos/a.mp4", "rig/left.mp4", "rig/day1/right.mp4", "rig.mp4", "home-3d/left.mp4")
    request = parse_request("analyze_videos: true\ncameras: {calibration: rig}")
    assert [v.path for v in request.videos(paths)] == ["videos/a.mp4", "rig.mp4"]
    request = parse_request("analyze_videos: true\ncameras: {calibration: rig.toml}")
    assert [v.path for v in request.videos(paths)] == list(paths[:4])
    named = parse_request("analyze_videos: [rig/left.mp4]\ncameras: {calibration: rig}")
    assert [v.path for v in named.videos(paths)] == ["rig/left.mp4"]
    assert parse_request("cameras: {calibration: rig}").videos(paths) == ()


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("uploads/lab/videos/a.mp4", True),
        ("uploads/lab/videos/day1/a.MOV", True),
        ("uploads/lab/videos/a.zip", False),
        ("uploads/lab/a.mp4", False),
        ("uploads/videos/a.mp4", False),
        ("uploads/Lab/videos/a.mp4", False),
        ("runs/lab/videos/a.mp4", False),
    ],
)
def test_a_video_in_the_inbox_is_no_project(key: str, is_one: bool) -> None:
    assert is_video_key(key) is is_one


def test_suffixes_are_deeplabcuts() -> None:
    deeplabcut = importlib.util.find_spec("deeplabcut")
    if deeplabcut is None:
        pytest.skip("DeepLabCut is not installed")
    source = Path(deeplabcut.submodule_search_locations[0]) / "utils" / "auxfun_videos.py"
    (line,) = re.findall(r"^SUPPORTED_VIDEOS = (.*)$", source.read_text(), re.MULTILINE)
    assert tuple(f".{each}" for each in re.findall(r'"(\w+)"', line)) == SUFFIXES
