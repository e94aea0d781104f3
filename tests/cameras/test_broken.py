"""Calibrations that can't be good: each is refused, or told of, with the right reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import calibrate
from dlc_batch_cameras.sightings import Sightings, look_for_board
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem

Pictures = dict[str, dict[str, Path]]
ONE, TWO = "camera-1", "camera-2"


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good pictures: two cameras, 10 boards."""
    folder = tmp_path_factory.mktemp("good")
    drawn.write(folder, drawn.rig(2), drawn.CHESS, drawn.places(10, 3))
    return folder


@pytest.fixture
def pictures(good: Path, tmp_path: Path) -> Pictures:
    """A copy of them, to be broken."""
    shutil.copytree(good, tmp_path / "calibration")
    found: Pictures = {}
    for path in sorted((tmp_path / "calibration").iterdir()):
        camera, _, shot = path.stem.rpartition("-")
        found.setdefault(camera, {})[shot] = path
    return found


def problems_of(pictures: Pictures, board: Board = drawn.CHESS) -> tuple[Problem, ...]:
    try:
        return calibrate(look_for_board(board, pictures)).problems
    except ProjectError as error:
        return error.problems


def only(problems: tuple[Problem, ...], code: str) -> Problem:
    """The one problem of a code; the others may only tell of low coverage."""
    (found,) = [each for each in problems if each.code == code]
    assert {each.code for each in problems} <= {code, "calibration-coverage-low"}
    return found


def test_the_good_ones_are_good(pictures: Pictures) -> None:
    assert {each.code for each in problems_of(pictures)} <= {"calibration-coverage-low"}


@pytest.mark.parametrize("grid", [(8, 6), (9, 5), (10, 7), (7, 7)], ids=str)
def test_another_board_than_the_one_told(pictures: Pictures, grid: tuple[int, int]) -> None:
    found = [
        each
        for each in problems_of(pictures, Board(*grid, 25.0))
        if each.code == "calibration-other-board"
    ]
    assert [each.where for each in found] == [ONE, TWO]
    assert "9 x 6" in found[0].what


def test_one_camera_sees_another_board(pictures: Pictures, tmp_path: Path) -> None:
    other = Board(7, 5, 30.0)
    held = drawn.places(6, 3, other)
    seen = drawn.write(tmp_path / "other", drawn.rig(2), other, held)
    found = problems_of({ONE: pictures[ONE], TWO: seen[TWO]})
    (told,) = [each for each in found if each.code == "calibration-other-board"]
    assert told.where == TWO
    assert "7 x 5" in told.what


def test_markers_of_another_dictionary(tmp_path: Path) -> None:
    board = Board(8, 6, 30.0, 22.0, "DICT_5X5_100")
    pictures = drawn.write(tmp_path, drawn.rig(2), board, drawn.places(4, 3, board))
    found = problems_of(pictures, replace(board, dictionary="DICT_4X4_50"))
    told = [each for each in found if each.code == "calibration-other-board"]
    assert [each.where for each in told] == [ONE, TWO]
    assert "DICT_5X5" in told[0].what


def test_a_chessboard_where_a_charuco_board_is_told(pictures: Pictures) -> None:
    found = problems_of(pictures, Board(7, 5, 25.0, 18.0, "DICT_4X4_50"))
    told = [each for each in found if each.code == "calibration-other-board"]
    assert [each.where for each in told] == [ONE, TWO]
    assert told[0].what == (
        "Its images show a chessboard of 9 x 6 inner corners without markers; the board is told"
        " as a ChArUco board of 7 x 5 squares."
    )


def test_a_charuco_board_where_a_chessboard_is_told(tmp_path: Path) -> None:
    board = Board(8, 6, 30.0, 22.0, "DICT_5X5_100")
    pictures = drawn.write(tmp_path, drawn.rig(2), board, drawn.places(2, 3, board))
    told = [each for each in problems_of(pictures) if each.code == "calibration-other-board"]
    assert [each.where for each in told] == [ONE, TWO]
    assert "markers of DICT_5X5" in told[0].what
    assert told[0].what.endswith("the board is told as a chessboard of 9 x 6 inner corners.")


@pytest.mark.parametrize("dictionary", ["DICT_4X4_50", "DICT_APRILTAG_36h11"])
def test_a_charuco_board_of_another_shape_is_not_called_a_chessboard(
    tmp_path: Path, dictionary: str
) -> None:
    board = Board(8, 6, 30.0, 22.0, dictionary)
    pictures = drawn.write(tmp_path, drawn.rig(2), board, drawn.places(2, 3, board))
    found = problems_of(pictures, replace(board, columns=5, rows=9))
    assert "calibration-other-board" not in {each.code for each in found}


def test_too_few_views(pictures: Pictures) -> None:
    few = {camera: dict(list(each.items())[:3]) for camera, each in pictures.items()}
    found = [each for each in problems_of(few) if each.code == "calibration-few-views"]
    assert [each.where for each in found] == [ONE, TWO]


def test_no_board_at_all(pictures: Pictures) -> None:
    for path in pictures[TWO].values():
        cv2.imwrite(str(path), np.full((360, 480), 90, np.uint8) + int(path.stem[-2:]))
    codes = {(each.code, each.where) for each in problems_of(pictures)}
    assert {("calibration-not-found", TWO), ("calibration-few-views", TWO)} <= codes


def test_a_camera_without_images(pictures: Pictures) -> None:
    found = problems_of({ONE: pictures[ONE], TWO: {}})
    assert (found[0].code, found[0].where) == ("calibration-cameras", TWO)


def test_a_single_camera(pictures: Pictures) -> None:
    found = problems_of({ONE: pictures[ONE]})
    assert found[0].code == "calibration-cameras"


def test_an_image_twice(pictures: Pictures) -> None:
    copy = pictures[ONE]["01"].with_name("camera-1-11.png")
    shutil.copy(pictures[ONE]["01"], copy)
    pictures[ONE]["11"] = copy
    told = only(problems_of(pictures), "calibration-twice")
    assert told.where == "camera-1-01.png"
    assert "camera-1-11.png" in told.what


def test_one_image_under_two_cameras(pictures: Pictures) -> None:
    shutil.copy(pictures[ONE]["04"], pictures[TWO]["04"])
    told = only(problems_of(pictures), "calibration-same-picture")
    assert "camera-1-04.png, camera-2-04.png" in told.what


def test_sizes_that_differ(pictures: Pictures) -> None:
    path = pictures[TWO]["03"]
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(path), cv2.resize(gray, (960, 720)))
    told = only(problems_of(pictures), "calibration-sizes")
    assert told.where == TWO
    assert "960 x 720: camera-2-03.png" in told.what


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"], ids=len)
def test_an_image_that_cannot_be_read(pictures: Pictures, content: bytes) -> None:
    pictures[ONE]["05"].write_bytes(content)
    told = only(problems_of(pictures), "calibration-unreadable")
    assert "camera-1-05.png" in told.what


def test_an_image_that_is_not_there(pictures: Pictures) -> None:
    pictures[ONE]["05"].unlink()
    assert only(problems_of(pictures), "calibration-unreadable").where == "camera-1-05.png"


def test_blurred_images(pictures: Pictures) -> None:
    for shot in ("02", "07"):
        path = pictures[TWO][shot]
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), cv2.GaussianBlur(gray, (0, 0), 3.5))
    told = only(problems_of(pictures), "calibration-blurred")
    assert told.where == TWO
    assert "camera-2-02.png" in told.what
    assert "camera-2-07.png" in told.what


def test_a_swapped_pair(pictures: Pictures) -> None:
    one, two = pictures[ONE]["06"], pictures[TWO]["06"]
    pictures[ONE]["06"], pictures[TWO]["06"] = two, one
    told = only(problems_of(pictures), "calibration-pair-out")
    assert "swapped" in told.what
    assert "camera-1-06.png" in told.where


def test_a_pair_that_does_not_belong_together(pictures: Pictures) -> None:
    del pictures[TWO]["06"]
    pictures[TWO]["06"] = pictures[TWO].pop("07")
    told = only(problems_of(pictures), "calibration-pair-out")
    assert told.where == "camera-1-06.png, camera-2-07.png"
    assert "swapped" not in told.what


def test_numbers_that_are_shifted(pictures: Pictures) -> None:
    pictures[TWO] = {f"{int(shot) + 1:02d}": path for shot, path in pictures[TWO].items()}
    told = only(problems_of(pictures), "calibration-pairs")
    assert told.where == "camera-1, camera-2"
    assert f"each image of {TWO} is taken as the one before it" in told.what


def test_numbers_that_say_nothing(pictures: Pictures) -> None:
    shots = list(pictures[TWO])
    order = np.random.default_rng(1).permutation(len(shots))
    pictures[TWO] = {
        shots[each]: pictures[TWO][shot] for each, shot in zip(order, shots, strict=True)
    }
    assert "taken as" not in only(problems_of(pictures), "calibration-pairs").what


def test_cameras_that_never_see_the_board_together(pictures: Pictures) -> None:
    pictures[TWO] = {f"{int(shot) + 50}": path for shot, path in pictures[TWO].items()}
    assert only(problems_of(pictures), "calibration-apart").where == TWO


# What follows needs no pictures: the corners are broken themselves.


def broken(
    change: Callable[[Sightings], Sightings], held: np.ndarray | None = None
) -> tuple[Problem, ...]:
    places = drawn.places(12, 3) if held is None else held
    random = np.random.default_rng(4)
    sightings = drawn.sightings(drawn.rig(2), drawn.CHESS, places, random, noise=0.1)
    try:
        return calibrate(change(sightings)).problems
    except ProjectError as error:
        return error.problems


def of_second(
    sightings: Sightings, change: Callable[[np.ndarray], np.ndarray], *shots: int
) -> Sightings:
    """The pixels of the second camera changed, in some shots or in all."""
    seen = [
        replace(each, pixels=change(each.pixels))
        if each.camera == TWO and (not shots or int(each.shot) in shots)
        else each
        for each in sightings.seen
    ]
    return replace(sightings, seen=tuple(seen))


@pytest.mark.parametrize(
    ("lag", "pace", "codes"),
    [
        (0, 40, set()),
        (1, 40, {"calibration-together"}),  # the board moves by 2 px a frame
        (2, 40, {"calibration-pairs"}),
        (2, 12, {"calibration-pairs"}),  # by 5 px
    ],
)
def test_a_camera_that_lags_by_a_frame(lag: int, pace: int, codes: set[str]) -> None:
    path = drawn.waved(20 * pace + 1, 3, pace)
    shots = np.linspace(0, len(path) - 1 - lag, 20).astype(int)
    random, cameras = np.random.default_rng(4), drawn.rig(2)
    on_time = drawn.sightings(cameras, drawn.CHESS, path[shots], random, noise=0.1)
    late = drawn.sightings(cameras, drawn.CHESS, path[shots + lag], random, noise=0.1)
    seen = replace(on_time, seen=(*on_time.of(ONE), *late.of(TWO)))
    found = broken(lambda _: seen)
    others = {"calibration-coverage-low", "calibration-uncertain"}
    assert {each.code for each in found} - others == codes
    assert all(each.where == f"{ONE}, {TWO}" for each in found if each.code in codes)


def test_the_board_parallel_to_the_image() -> None:
    held = drawn.places(12, 3, tilt=0.01)
    truth = drawn.rig(2, angle=0)
    moved = replace(truth.cameras[1], translation=np.array([-80.0, 0, 0]))
    pair = type(truth)((truth.cameras[0], moved))
    sightings = drawn.sightings(pair, drawn.CHESS, held, np.random.default_rng(1), noise=0.2)
    with pytest.raises(ProjectError) as caught:
        calibrate(sightings)
    told = [each for each in caught.value.problems if each.code == "calibration-undetermined"]
    assert [each.where for each in told] == [ONE, TWO]
    assert "tilts" in told[0].what


def test_the_board_in_one_corner() -> None:
    small = Board(9, 6, 5.0)
    held = drawn.places(20, 3, small, reach=30) + np.array([0, 0, 0, 90, 80, 0])
    sightings = drawn.sightings(drawn.rig(2), small, held, np.random.default_rng(1), noise=0.1)
    with pytest.raises(ProjectError) as caught:
        calibrate(sightings)
    assert {each.code for each in caught.value.problems} == {"calibration-coverage"}


def test_the_board_always_in_the_same_place() -> None:
    held = np.repeat(drawn.places(1, 3), 12, axis=0)
    found = broken(lambda sightings: sightings, held)
    assert {each.code for each in found} == {"calibration-few-views"}
    assert "in 1 different places" in found[0].what


def test_corners_that_are_found_in_the_wrong_places() -> None:
    def spoil(pixels: np.ndarray) -> np.ndarray:
        return pixels + np.random.default_rng(1).normal(0, 6, pixels.shape)

    found = broken(lambda sightings: of_second(sightings, spoil, 4))
    told = only(found, "calibration-view-out")
    assert told.where == TWO
    assert "camera-2-04.png" in told.what


def test_a_board_that_moved_a_little_between_two_cameras() -> None:
    found = broken(lambda sightings: of_second(sightings, lambda pixels: pixels + 6.0, 9))
    told = [
        each for each in found if each.code in ("calibration-view-out", "calibration-pair-out")
    ]
    assert any("camera-2-09.png" in each.what for each in told)


@pytest.mark.parametrize("seed", range(4))
def test_a_third_of_the_pairs_is_mixed_up(seed: int) -> None:
    truth, random = drawn.rig(2), np.random.default_rng(seed)
    held = drawn.places(20, seed + 1)
    sightings = drawn.sightings(truth, drawn.CHESS, held, random, noise=0.15)
    mixed = sorted(random.choice(np.arange(1, 21), 6, replace=False))
    moved = {f"{a:02d}": f"{b:02d}" for a, b in zip(mixed, np.roll(mixed, 1), strict=True)}
    seen = [
        replace(each, shot=moved.get(each.shot, each.shot)) if each.camera == TWO else each
        for each in sightings.seen
    ]
    found = calibrate(replace(sightings, seen=tuple(seen)))
    out = {each.shot for each in found.views if not each.is_used}
    assert out == set(moved)
    true_mm = np.linalg.norm(truth.cameras[1].centre)
    assert found.baselines[0].mm == pytest.approx(true_mm, abs=5 * found.baselines[0].error_mm)


def test_a_camera_that_was_moved_halfway() -> None:
    def move(pixels: np.ndarray) -> np.ndarray:
        return pixels + np.array([60.0, -30.0])

    found = broken(lambda sightings: of_second(sightings, move, 7, 8, 9, 10, 11, 12))
    assert "calibration-pairs" in {each.code for each in found}


def test_images_that_were_stretched() -> None:
    def stretch(sightings: Sightings) -> Sightings:
        wide = of_second(sightings, lambda pixels: pixels * np.array([2.0, 1.0]))
        return replace(wide, sizes={ONE: (480, 360), TWO: (960, 360)})

    found = [each for each in broken(stretch) if each.code == "calibration-implausible"]
    assert [each.where for each in found] == [TWO]


def test_corners_that_fit_no_camera() -> None:
    random = np.random.default_rng(1)

    def spoil(pixels: np.ndarray) -> np.ndarray:
        return pixels + random.normal(0, 1.0, pixels.shape)

    found = broken(lambda sightings: of_second(sightings, spoil), drawn.places(40, 3))
    assert [e.where for e in found if e.code == "calibration-error"] == [TWO], found


@pytest.mark.parametrize(
    "values",
    [
        (2, 6, 25.0),
        (9, 6, 0.0),
        (9, 6, float("nan")),
        (8, 6, 30.0, 30.0, "DICT_4X4_50"),
        (8, 6, 30.0, 22.0, "DICT_4X4_51"),
        (8, 6, 30.0, 22.0, None),
    ],
    ids=str,
)
def test_a_board_that_cannot_be(values: tuple) -> None:
    with pytest.raises(ProjectError) as caught:
        Board(*values)
    assert [each.code for each in caught.value.problems] == ["calibration-board"]
