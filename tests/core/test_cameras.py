"""The section `cameras` of dlc-batch.yaml: what a lab says of its cameras."""

import json

import cv2
import pytest

from dlc_batch_core.camera_fields import DICTIONARIES
from dlc_batch_core.cameras import (
    DEEPLABCUT_BOARD,
    Board,
    Cameras,
)
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.intake import HOME_SPLITS
from dlc_batch_core.problems import Problem
from dlc_batch_core.request import Request, parse_request
from dlc_batch_core.three_d import HOME_3D

NAMES = "names: [left, right]"


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ProjectError) as caught:
        parse_request(text)
    return caught.value.problems


def test_without_the_section_there_are_no_cameras() -> None:
    assert parse_request("epochs: 3").cameras is None
    assert parse_request("").triangulate
    assert not parse_request("triangulate: false").triangulate


def test_a_section_is_read() -> None:
    text = """
cameras:
  names: [left, right]
  calibration: calib\\day 1/
  board: {columns: 9, rows: 6, square_mm: 25}
  offsets: {right: -3}
  require_calibration: true
  networks: {right: reach-right-0123456789ab}
"""
    assert parse_request(text).cameras == Cameras(
        ("left", "right"),
        "calib/day 1",
        Board(9, 6, 25),
        {"right": -3},
        True,
        networks={"right": "reach-right-0123456789ab"},
    )


@pytest.mark.parametrize(
    ("section", "cameras"),
    [
        ("{}", Cameras()),
        (f"{{{NAMES}}}", Cameras(("left", "right"))),
        (f"{{{NAMES}, offsets: auto}}", Cameras(("left", "right"), offsets="auto")),
        ("{board: {columns: 8, rows: 6}}", Cameras(board=Board(8, 6))),
        ("{calibration: calib.toml}", Cameras(calibration="calib.toml")),
        (
            "{networks: {top: rat-0123456789ab}}",
            Cameras(networks={"top": "rat-0123456789ab"}),
        ),
        (
            "{board: {kind: charuco, columns: 7, rows: 5, square_mm: 25, marker_mm: 18.5,"
            " dictionary: DICT_4X4_50}}",
            Cameras(board=Board(7, 5, 25, "charuco", 18.5, "DICT_4X4_50")),
        ),
    ],
)
def test_what_is_not_said_is_left_open(section: str, cameras: Cameras) -> None:
    request = parse_request(f"cameras: {section}")
    assert request.cameras == cameras
    written = json.loads(json.dumps(request.to_dict()))
    assert Request.from_dict(written) == request


def test_a_calibration_is_a_folder_or_by_its_suffix_a_file() -> None:
    assert Cameras().folder == "calibration_images"
    assert Cameras(calibration="calib/a").folder == "calib/a"
    for name in ("c.json", "c.TOML", "c.yml", "a/c.yaml", "c.xml"):
        assert Cameras(calibration=name).folder is None


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("[left, right]", "cameras"),
        ("null", "cameras"),
        ("{names: left}", "cameras.names"),
        ("{names: [left]}", "cameras.names"),
        ("{names: [left, left]}", "cameras.names"),
        ("{names: [left, LEFT]}", "cameras.names"),
        ("{names: [1, 2]}", "cameras.names"),
        ("{names: [a/b, c]}", "cameras.names"),
        ("{names: [' a', b]}", "cameras.names"),
        ('{names: ["a\\e", b]}', "cameras.names"),
        (f"{{names: [{', '.join(f'cam{n}' for n in range(17))}]}}", "cameras.names"),
        ("{calibration: ../calib}", "cameras.calibration"),
        ("{calibration: /calib}", "cameras.calibration"),
        ("{calibration: 'C:/calib'}", "cameras.calibration"),
        ("{calibration: .}", "cameras.calibration"),
        ("{calibration: ''}", "cameras.calibration"),
        ("{calibration: a//b}", "cameras.calibration"),
        ("{calibration: labeled-data/a}", "cameras.calibration"),
        ("{calibration: Home-3D/a}", "cameras.calibration"),
        ("{calibration: [a]}", "cameras.calibration"),
        ("{board: 9x6}", "cameras.board"),
        ("{board: {columns: 2, rows: 6}}", "cameras.board.columns"),
        ("{board: {columns: 9, rows: 6.5}}", "cameras.board.rows"),
        ("{board: {columns: 9, rows: 6, square_mm: 0}}", "cameras.board.square_mm"),
        ("{board: {columns: 9, rows: 6, square_mm: .nan}}", "cameras.board.square_mm"),
        ("{board: {columns: 9, rows: 6, kind: circles}}", "cameras.board.kind"),
        ("{board: {columns: 9, rows: 6, dictionary: DICT_9X9}}", "cameras.board.dictionary"),
        ("{offsets: {right: 1.5}}", "cameras.offsets"),
        ("{offsets: {right: true}}", "cameras.offsets"),
        ("{offsets: 3}", "cameras.offsets"),
        ("{require_calibration: maybe}", "cameras.require_calibration"),
        ("{networks: rat-0123456789ab}", "cameras.networks"),
        ("{networks: {right: pretrained}}", "cameras.networks"),
        ("{networks: {right: ../other/rat-0123456789ab}}", "cameras.networks"),
        ("{networks: {right: [rat-0123456789ab]}}", "cameras.networks"),
        ("{networks: {a/b: rat-0123456789ab}}", "cameras.networks"),
    ],
)
def test_a_wrong_value_is_told_by_its_key(section: str, key: str) -> None:
    (problem,) = problems_of(f"cameras: {section}")
    assert (problem.code, problem.where) == ("request-value", "dlc-batch.yaml")
    assert problem.what.startswith(f"`{key}: ")
    assert problem.remedy.startswith(f"`{key}` takes ")


@pytest.mark.parametrize(
    ("section", "what"),
    [
        (f"{{{NAMES}, offsets: {{top: 3}}}}", "`cameras.offsets` names top"),
        (
            f"{{{NAMES}, networks: {{top: rat-0123456789ab}}}}",
            "`cameras.networks` names top: not among",
        ),
        (
            f"{{{NAMES}, networks: {{left: rat-0123456789ab, right: rat-0123456789ab}}}}",
            "names every camera, so this run's network would see no view",
        ),
        ("{board: {columns: 9}}", "`cameras.board` lacks `rows`"),
        ("{board: {}}", "`cameras.board` lacks `columns`"),
        ("{board: {columns: 9, rows: 6, marker_mm: 5}}", "`cameras.board.marker_mm` is of a"),
        ("{board: {kind: charuco, columns: 9, rows: 6, square_mm: 5}}", "lacks `marker_mm`"),
        (
            "{board: {kind: charuco, columns: 9, rows: 6, square_mm: 5, marker_mm: 5,"
            " dictionary: DICT_4X4_50}}",
            "is not less than `square_mm: 5`",
        ),
        (
            "{board: {kind: charuco, columns: 14, rows: 9, square_mm: 5, marker_mm: 4,"
            " dictionary: DICT_4X4_50}}",
            "has 63 markers, and DICT_4X4_50 has 50",
        ),
        ("{board: {kind: charuco, columns: 3, rows: 9}}", "of 3 columns has too few inner"),
    ],
)
def test_what_contradicts_itself_is_told(section: str, what: str) -> None:
    problems = problems_of(f"cameras: {section}")
    assert any(what in each.what for each in problems)
    assert all(each.code == "request-value" and each.remedy for each in problems)


def test_all_is_told_at_once_and_slips_of_the_keyboard_are_guessed() -> None:
    text = "epochs: 0\ncameras: {nmes: [a, b], board: {colums: 9, rows: 1}, offsets: 3}\n"
    problems = problems_of(text)
    assert [each.code for each in problems].count("request-unknown-key") == 2
    remedies = {each.remedy for each in problems}
    assert {"Did you mean `cameras.names`?", "Did you mean `cameras.board.columns`?"} <= remedies
    assert len(problems) == 5


def test_dictionaries_are_those_of_opencv() -> None:
    names = {name for name in dir(cv2.aruco) if name.startswith("DICT_")}
    assert set(DICTIONARIES) <= names
    assert {name.upper() for name in DICTIONARIES} == {name.upper() for name in names}
    for name, count in DICTIONARIES.items():
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
        assert len(dictionary.bytesList) == count


def test_a_board_has_as_many_markers_as_opencv_puts_on_it() -> None:
    for columns, rows in ((7, 5), (8, 5), (8, 6)):
        of = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
        board = cv2.aruco.CharucoBoard((columns, rows), 2.0, 1.0, of)
        assert len(board.getIds()) == columns * rows // 2


def test_nobody_can_name_a_folder_of_ours() -> None:
    for folder in (HOME_SPLITS, HOME_3D):
        assert problems_of(f"cameras: {{calibration: {folder}/calibration_images}}")


def test_a_board_is_told_in_words() -> None:
    assert str(DEEPLABCUT_BOARD) == "8 x 6 inner corners"
    assert str(Board(7, 5, 25, "charuco")) == "7 x 5 squares (ChArUco)"
