"""What the check says of cameras before a GPU starts: of calibration and triangulation."""

import io
import struct
import zipfile
import zlib
from functools import partial

import pytest

from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.checks.cameras import MOST_IMAGES, MOST_REMOTE_HEADS
from dlc_batch_core.problems import Severity
from dlc_batch_core.ranged_file import RangedFile

Project = dict[str, bytes]
BOARD = "board: {columns: 9, rows: 6, square_mm: 25}"
REQUEST = f"analyze_videos: true\ncameras: {{names: [left, right], {BOARD}}}\n"
CODES = ("camera", "calibration", "triangulate", "video-", "request", "project-3d")


def png(width: int = 64, height: int = 48) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        )

    head = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")


def images(
    *cameras: str, count: int = 8, folder: str = "mouse/calibration_images", data: bytes = png()
) -> Project:
    return {f"{folder}/{c}{n:02}.png": data for c in cameras for n in range(1, count + 1)}


VIDEOS = {f"mouse/videos/day1-{camera}.mp4": b"film" for camera in ("left", "right")}


@pytest.fixture
def scene(project_files: Project) -> Project:
    """A project with two cameras of which nothing is wrong."""
    request = {"mouse/dlc-batch.yaml": REQUEST.encode()}
    return {**project_files, **request, **images("left", "right"), **VIDEOS}


def check(files: Project) -> Check:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return check_upload(target, "mouse.zip")


def said(found: Check) -> list[tuple[str, str]]:
    """The problems of cameras: their codes and places."""
    return [(p.code, p.where) for p in found.problems if p.code.startswith(CODES)]


def word_of(found: Check, code: str) -> str:
    (what,) = [each.what for each in found.problems if each.code == code]
    return what


def test_two_cameras_pass(scene: Project) -> None:
    found = check(scene)
    assert said(found) == []
    assert found.request is not None
    assert found.request.cameras == Cameras(
        ("left", "right"), "calibration_images", Board(9, 6, 25)
    )


def test_without_cameras_calibration_images_are_told_and_not_looked_at(scene: Project) -> None:
    found = check({**scene, "mouse/dlc-batch.yaml": b"", "mouse/calibration_images/x.png": b""})
    assert said(found) == [("cameras-not-asked", "calibration_images/")]
    assert "17 files" in word_of(found, "cameras-not-asked")
    assert all(each.severity is Severity.WARNING for each in found.problems)


def test_a_folder_that_is_called_otherwise_is_guessed(scene: Project) -> None:
    moved = {p.replace("calibration_images", "Board calibration"): d for p, d in scene.items()}
    found = check(moved)
    assert said(found) == [("cameras-calibration", "calibration_images/")]
    (told,) = [each for each in found.problems if each.code == "cameras-calibration"]
    assert told.remedy == "Did you mean `calibration: Board calibration`?"


@pytest.mark.parametrize(("images", "word"), [(1, "1 file for"), (2, "2 files for")])
def test_how_many_are_not_asked_for(images: int, word: str, project_files: Project) -> None:
    pictures = {f"mouse/calibration_images/{n}.png": png() for n in range(images)}
    assert word in word_of(check({**project_files, **pictures}), "cameras-not-asked")


def test_calibration_images_that_nobody_wants_in_space_are_not_told(scene: Project) -> None:
    assert said(check({**scene, "mouse/dlc-batch.yaml": b"triangulate: false"})) == []


def test_without_cameras_and_calibration_nothing_is_told(project_files: Project) -> None:
    assert said(check(project_files)) == []


IMAGES = "calibration_images/"


@pytest.mark.parametrize(
    ("lost", "more", "code", "what"),
    [
        ((IMAGES,), {}, "cameras-calibration", "no calibration image"),
        (("right0",), {}, "camera-without-images", "no calibration image of right"),
        (
            ("right0", "left0"),
            images("top", count=3),
            "camera-without-images",
            "top01.png, top02.png, top03.png",
        ),
        (("left03", "right05", "left08"), {}, "cameras-few-moments", "of 5 moments"),
        (
            ("left03", "right05", "left08", "left01", "left02", "left04"),
            {},
            "cameras-too-few-moments",
            "of 2 moments",
        ),
        ((), images("left", count=9), "camera-image-alone", "left09.png"),
        ((), images("top", count=1), "camera-image-unknown", "top01.png"),
        ((), {f"mouse/{IMAGES}left1.jpg": png()}, "camera-image-twice", "left01.png and left1"),
        ((), {f"mouse/{IMAGES}left03.png": png(48, 64)}, "calibration-sizes", "of left have"),
        ((), {f"mouse/{IMAGES}left03.png": b"text"}, "calibration-unreadable", "left03.png"),
        ((), {f"mouse/{IMAGES}left03.png": b""}, "calibration-unreadable", "left03.png"),
        (("day1",), {"mouse/videos/a.mp4": b""}, "triangulate-nothing", "differ by a camera's"),
        (("day1-left",), {}, "triangulate-nothing", "differ by a camera's name (left, right)"),
        ((), {"mouse/videos/day2-left.mp4": b"x"}, "video-without-partner", "day2-left.mp4"),
    ],
)
def test_each_fault_is_told(
    lost: tuple[str, ...], more: Project, code: str, what: str, scene: Project
) -> None:
    kept = {path: data for path, data in scene.items() if not any(each in path for each in lost)}
    found = check({**kept, **more})
    codes = [each for each, _ in said(found)]
    assert code in codes
    assert what in word_of(found, code)
    assert set(codes) <= {code, "camera-image-alone"}


BOARD_VIDEOS = {f"mouse/{IMAGES}board-{camera}.mp4": b"film" for camera in ("left", "right")}


@pytest.fixture
def filmed(scene: Project) -> Project:
    """The same, calibrated by videos."""
    return {**{path: data for path, data in scene.items() if IMAGES not in path}, **BOARD_VIDEOS}


def test_videos_calibrate_as_images_do(filmed: Project) -> None:
    assert said(check(filmed)) == []


@pytest.mark.parametrize(
    ("lost", "more", "code", "what"),
    [
        ("board-left", {}, "camera-without-images", "no calibration video of left."),
        ("board-left", {f"mouse/{IMAGES}top.mp4": b"x"}, "camera-without-images", "of left."),
        ("board-left", {f"mouse/{IMAGES}b-left.mp4": b"x"}, "cameras-apart", "No video of right"),
        ("none", {f"mouse/{IMAGES}b-left.mp4": b"x"}, "camera-image-alone", "videos without"),
        ("none", {f"mouse/{IMAGES}top.mp4": b"x"}, "camera-image-unknown", "videos whose names"),
        ("none", {f"mouse/{IMAGES}board-left.avi": b"x"}, "camera-image-twice", "videos are the"),
        ("none", {f"mouse/{IMAGES}board-left.mp4": b""}, "calibration-unreadable", "videos can't"),
        (
            "none",
            {f"mouse/{IMAGES}board.png": png()},
            "camera-without-images",
            "Videos count only",
        ),
        ("none", images("left"), "camera-without-images", "of right. Videos count only where"),
        ("mouse/videos", {}, "video-missing", ", but for those of the calibration."),
    ],
)
def test_each_fault_of_videos_is_told(
    lost: str, more: Project, code: str, what: str, filmed: Project
) -> None:
    kept = {path: data for path, data in filmed.items() if lost not in path}
    found = check({**kept, **more})
    assert what in word_of(found, code)
    others = {"camera-image-unknown", "camera-image-alone", "triangulate-nothing"}
    assert {each for each, _ in said(found)} <= {code, *others}


def test_videos_beside_images_are_set_aside(scene: Project) -> None:
    assert said(check({**scene, **BOARD_VIDEOS})) == []


@pytest.mark.parametrize("triangulate", ["true", "false"])
def test_a_calibration_video_is_not_analysed(triangulate: str, filmed: Project) -> None:
    videos = ["videos/day1-left.mp4", "videos/day1-right.mp4", f"{IMAGES}board-left.mp4"]
    request = REQUEST.replace("true", str(videos), 1) + f"triangulate: {triangulate}\n"
    found = check({**filmed, "mouse/dlc-batch.yaml": request.encode()})
    assert said(found) == [("video-of-calibration", "dlc-batch.yaml")]
    assert word_of(found, "video-of-calibration").endswith("board-left.mp4.")


def test_cameras_that_never_see_the_board_together_are_told(scene: Project) -> None:
    request = REQUEST.replace("[left, right]", "[left, right, top]").encode()
    files = {**scene, "mouse/dlc-batch.yaml": request}
    found = check({**files, **images("top", folder=f"mouse/{IMAGES}alone")})
    assert ("cameras-apart", IMAGES) in said(found)
    assert "No image of top has the name of one of left" in word_of(found, "cameras-apart")
    found = check({**files, **images("top", count=3)})  # by way of either
    assert "cameras-apart" not in dict(said(found))


def test_cameras_may_be_joined_by_way_of_another(project_files: Project) -> None:
    request = f"triangulate: false\ncameras: {{names: [a, b, c], {BOARD}}}".encode()
    of_images = {**images("a", "b", folder="mouse/calibration_images/1")}
    of_images |= images("b", "c", folder="mouse/calibration_images/2")
    files = {**project_files, "mouse/dlc-batch.yaml": request, **of_images}
    assert said(check(files)) == []


@pytest.mark.parametrize(
    ("board", "what"),
    [("", "8 x 6 inner corners"), ("board: {columns: 9, rows: 6}", "no `square_mm`")],
)
def test_a_board_that_is_not_told_in_full_is_a_warning(
    board: str, what: str, scene: Project
) -> None:
    found = check({**scene, "mouse/dlc-batch.yaml": REQUEST.replace(BOARD, board).encode()})
    assert said(found) == [("cameras-board", "dlc-batch.yaml")]
    assert what in word_of(found, "cameras-board")
    assert found.is_trainable


def test_cameras_without_names_are_told(scene: Project) -> None:
    found = check({**scene, "mouse/dlc-batch.yaml": f"cameras: {{{BOARD}}}".encode()})
    assert said(found) == [("cameras-names", "dlc-batch.yaml")]
    assert not found.is_trainable


@pytest.mark.parametrize("there", ["Calib.TOML", "rig/calib.toml"])
def test_a_calibration_that_is_named_nearly_is_guessed(there: str, scene: Project) -> None:
    request = REQUEST.replace(BOARD, "calibration: calib.toml").encode()
    found = check({**scene, "mouse/dlc-batch.yaml": request, f"mouse/{there}": b"some"})
    (problem,) = [each for each in found.problems if each.code == "cameras-calibration"]
    assert problem.remedy.startswith(f"Did you mean `{there}`?")


@pytest.mark.parametrize("name", ["calib.toml", "rig/cameras.JSON", "stereo.yml"])
def test_a_calibration_made_elsewhere_is_looked_for(name: str, scene: Project) -> None:
    request = REQUEST.replace(BOARD, f"calibration: {name}").encode()
    found = check({**scene, "mouse/dlc-batch.yaml": request})
    assert said(found) == [("cameras-calibration", "dlc-batch.yaml")]
    assert not found.is_trainable
    found = check({**scene, "mouse/dlc-batch.yaml": request, f"mouse/{name}": b"some"})
    assert said(found) == []


def test_without_videos_nothing_is_triangulated_unless_nobody_wants_it(scene: Project) -> None:
    without = REQUEST.replace("analyze_videos: true", "evaluate: true")
    found = check({**scene, "mouse/dlc-batch.yaml": without.encode()})
    assert said(found) == [("triangulate-nothing", "dlc-batch.yaml")]
    assert found.is_trainable
    found = check({**scene, "mouse/dlc-batch.yaml": f"{without}triangulate: false".encode()})
    assert said(found) == []


def test_networks_are_of_the_cameras_of_a_3d_project_too(scene: Project) -> None:
    config = b"num_cameras: 2\ncamera_names: [left, right]\n"
    of_3d = images("left", "right", folder="mouse-3d/calibration_images")
    files = {**scene, **of_3d, "mouse-3d/config.yaml": config}
    for camera, is_one in (("right", True), ("top", False)):
        networks = f"networks: {{{camera}: rat-0123456789ab}}"
        request = REQUEST.replace("names: [left, right]", networks).encode()
        found = check({**files, "mouse/dlc-batch.yaml": request})
        assert found.is_trainable is is_one
        assert is_one or "names top" in word_of(found, "request-value")


def test_videos_of_the_bucket_have_partners_in_the_zip(scene: Project) -> None:
    key = "s3://bucket/uploads/miller/videos/day1-right.mp4"
    videos = f"analyze_videos: [videos/day1-left.mp4, '{key}']"
    request = REQUEST.replace("analyze_videos: true", videos).encode()
    assert said(check({**scene, "mouse/dlc-batch.yaml": request})) == []


def test_every_problem_says_what_to_do(scene: Project) -> None:
    lost = {path: data for path, data in scene.items() if "right" not in path}
    found = check({**lost, **images("top", count=1), f"mouse/{IMAGES}left1.bmp": b"BM"})
    errors = {each.code for each in found.problems if each.severity is Severity.ERROR}
    assert errors == {"camera-without-images"}
    assert all(each.remedy for each in found.problems)
    assert check({**lost, **images("top", count=1), f"mouse/{IMAGES}left1.bmp": b"BM"}) == found


def test_the_frames_of_a_whole_video_are_too_many(scene: Project) -> None:
    found = check({**scene, **images("left", "right", count=MOST_IMAGES // 2 + 1, data=b"")})
    assert said(found) == [("cameras-too-many-images", IMAGES)]
    assert "10,002 calibration images" in word_of(found, "cameras-too-many-images")


def part_of(data: bytes, start: int, end: int) -> bytes:
    return data[start:end]


def test_from_afar_few_images_are_looked_at(scene: Project) -> None:
    large = png() + bytes(300_000)
    frames = images("left", "right", count=40, data=large)
    odd = {f"mouse/{IMAGES}right40.png": png(48, 64) + bytes(300_000)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in {**frames, **scene, **frames, **odd}.items():
            archive.writestr(path, data)
        archive.writestr("mouse/videos/long.mp4", bytes(2 << 20))
    data = target.getvalue()
    requests = {}
    for cameras in (True, False):
        plain = data if cameras else data.replace(b"cameras: {names", b"overlay: {names")
        file = RangedFile(partial(part_of, plain), len(plain), "mouse.zip")
        found = check_upload(file, "mouse.zip")  # type: ignore[arg-type]  # a RawIOBase reads
        requests[cameras] = file.requests
        if cameras:
            assert "calibration-sizes" in dict(said(found))
    assert requests[True] <= requests[False] + MOST_REMOTE_HEADS


def labelled(folder: str, size: tuple[int, int]) -> Project:
    """A folder of two labelled frames."""
    place = f"labeled-data/{folder}"
    head = "scorer,Ann,Ann,Ann,Ann\nbodyparts,paw,paw,nose,nose\ncoords,x,y,x,y\n"
    rows = "".join(f"{place}/img0{n}.png,{n},2,3,4\n" for n in (1, 2))
    frames = {f"mouse/{place}/img0{n}.png": png(*size) for n in (1, 2)}
    return {f"mouse/{place}/CollectedData_Ann.csv": f"{head}{rows}".encode(), **frames}


def test_labelled_frames_of_another_form_than_the_calibrations_are_told(scene: Project) -> None:
    found = check({**scene, **labelled("day1-left", (64, 40)), **labelled("day1-right", (96, 72))})
    assert said(found) == [("calibration-other-size", IMAGES)]
    assert found.is_trainable
    assert word_of(found, "calibration-other-size") == (
        "The calibration images of left have 64 x 48 pixels, and its labelled frames 64 x 40"
        " (day1-left)."
    )


def test_one_video_of_the_calibrations_form_is_enough(scene: Project) -> None:
    cropped = labelled("day1-left", (64, 40))
    assert said(check({**scene, **cropped, **labelled("left.day2", (128, 96))})) == []


@pytest.mark.parametrize(
    ("limbs", "what", "remedy"),
    [
        ("[[paw, nsoe]]", "`cameras.limbs` names nsoe: not among", "Did you mean `nose`?"),
        ("[[paw, nose], [paw, 17a], [b, paw]]", "names 17a, b: not", "They are: paw, nose."),
    ],
)
def test_limbs_of_what_is_no_body_part_are_an_error(
    limbs: str, what: str, remedy: str, scene: Project
) -> None:
    def with_limbs(limbs: str) -> Check:
        request = REQUEST.replace(BOARD, f"{BOARD}, limbs: {limbs}").encode()
        return check({**scene, "mouse/dlc-batch.yaml": request})

    assert said(with_limbs("[[paw, nose]]")) == []
    found = with_limbs(limbs)
    assert not found.is_trainable
    assert said(found) == [("request-value", "dlc-batch.yaml")]
    (problem,) = [each for each in found.problems if each.code == "request-value"]
    assert what in problem.what
    assert problem.remedy == remedy
