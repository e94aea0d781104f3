"""The schema of the section `cameras` of dlc-batch.yaml, and what in it contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from dlc_batch_core.cameras import (
    CALIBRATION_IMAGES,
    CHARUCO,
    CHESSBOARD,
    DEEPLABCUT_BOARD,
    plain_path,
)
from dlc_batch_core.keys import is_run_id
from dlc_batch_core.member_names import fold, has_controls, leads_outside
from dlc_batch_core.request_field import (
    RequestField,
    is_count,
    is_number,
    is_section,
    is_switch,
)
from dlc_batch_core.words import listed

#: Two see depth; the most is our choice.
LEAST_CAMERAS, MOST_CAMERAS = 2, 16
#: OpenCV's predefined dictionaries of markers, and how many each has. A test compares.
DICTIONARIES: Mapping[str, int] = {
    **{f"DICT_{n}X{n}_{count}": count for n in (4, 5, 6, 7) for count in (50, 100, 250, 1000)},
    "DICT_ARUCO_ORIGINAL": 1024,
    "DICT_ARUCO_MIP_36h12": 250,
    "DICT_APRILTAG_16h5": 30,
    "DICT_APRILTAG_25h9": 35,
    "DICT_APRILTAG_36h10": 2320,
    "DICT_APRILTAG_36h11": 587,
}
#: A camera's name becomes part of files' names and of columns.
_NAME = re.compile(r'[^/\\:*?"<>|\s](?:[^/\\:*?"<>|]{0,58}[^/\\:*?"<>|\s.])?')
#: Folders of a project that are something else: what lies in them is no calibration.
_TAKEN = frozenset(
    {
        "labeled-data",
        "training-datasets",
        "dlc-models",
        "dlc-models-pytorch",
        "home-splits",
        "home-3d",
    }
)
_MOST_BYTES = 1024  # of a path
#: OpenCV finds no chessboard of fewer; larger ones are finer than any camera sees (our choice).
_LEAST_SQUARES, _MOST_SQUARES = 3, 50
_LEAST_MM, _MOST_MM = 0.01, 10_000
_MOST_LIMBS = 100
_MOST_OFFSET = 1_000_000


def find_contradictions(cameras: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield what of a section contradicts itself: what is wrong, and a remedy.

    Args:
        cameras: with keys whose values are accepted.
    """
    names, offsets = cameras.get("names"), cameras.get("offsets")
    if isinstance(names, list) and isinstance(offsets, dict) and set(offsets) - set(names):
        others = listed(sorted(set(offsets) - set(names)))
        what = f"`cameras.offsets` names {others}: not among `cameras.names`."
        yield what, f"The cameras are: {', '.join(names)}."
    if isinstance(names, list) and isinstance(networks := cameras.get("networks"), dict):
        yield from _contradictions_of_networks(names, networks)
    if isinstance(board := cameras.get("board"), dict):
        yield from _contradictions_of_board(board)


def _contradictions_of_networks(
    names: list[str], networks: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    if others := sorted(set(networks) - set(names)):
        what = f"`cameras.networks` names {listed(others)}: not among `cameras.names`."
        yield what, f"The cameras are: {', '.join(names)}."
    elif len(networks) == len(names):
        what = "`cameras.networks` names every camera, so this run's network would see no view."
        yield what, "Leave out the cameras that this project's labelled frames are of."


def _contradictions_of_board(board: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key in ("columns", "rows"):
        if key not in board:
            yield f"`cameras.board` lacks `{key}`.", f"Add `{key}`."
    if board.get("kind") != CHARUCO:
        for key in ("marker_mm", "dictionary"):
            if board.get(key) is not None:
                what = f"`cameras.board.{key}` is of a ChArUco board, and this is a chessboard."
                yield what, "Write `kind: charuco`, or remove it."
        return
    for key in ("square_mm", "marker_mm", "dictionary"):
        if board.get(key) is None:
            what = f"`cameras.board` lacks `{key}`, which a ChArUco board needs."
            yield what, f"Add `{key}`: {_BY_NAME[key].expects}."
    small = [key for key in ("columns", "rows") if board.get(key) == _LEAST_SQUARES]
    if small:
        what = f"A ChArUco board of {_LEAST_SQUARES} {listed(small)} has too few inner corners."
        yield (
            what,
            f"Its squares are counted: from {_LEAST_SQUARES + 1} on, one more than corners.",
        )
    square, marker = board.get("square_mm"), board.get("marker_mm")
    if isinstance(square, int | float) and isinstance(marker, int | float) and marker >= square:
        what = f"`cameras.board.marker_mm: {marker}` is not less than `square_mm: {square}`."
        yield what, "A marker lies within its square."
    columns, rows = board.get("columns"), board.get("rows")
    most = DICTIONARIES.get(str(board.get("dictionary")))
    if isinstance(columns, int) and isinstance(rows, int) and most and columns * rows // 2 > most:
        what = f"A board of {columns} x {rows} squares has {columns * rows // 2} markers, and"
        what += f" {board['dictionary']} has {most}."
        yield what, "Name the dictionary that it was printed with."


def _is_name(value: object) -> bool:
    is_text = isinstance(value, str) and bool(_NAME.fullmatch(value))
    return is_text and not has_controls(str(value))


def are_names(value: object) -> bool:
    """Whether it is a list of cameras' names."""
    return (
        isinstance(value, list)
        and LEAST_CAMERAS <= len(value) <= MOST_CAMERAS
        and all(_is_name(each) for each in value)
        and len({fold(each) for each in value}) == len(value)
    )


def _is_calibration(value: object) -> bool:
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > _MOST_BYTES:
        return False
    path = plain_path(value)
    parts = path.split("/")
    has_gaps = any(part in ("", ".") for part in parts)
    is_elsewhere = has_gaps or leads_outside(path) or has_controls(path)
    return not is_elsewhere and fold(parts[0]) not in _TAKEN


def _are_offsets(value: object) -> bool:
    if value == "auto":
        return True
    return isinstance(value, dict) and all(
        _is_name(name) and is_count(frames, _MOST_OFFSET, -_MOST_OFFSET)
        for name, frames in value.items()
    )


def _are_limbs(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_LIMBS
        and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
        and all(isinstance(part, str) and part for pair in value for part in pair)
        and all(pair[0] != pair[1] for pair in value)
    )


def _are_networks(value: object) -> bool:
    return isinstance(value, dict) and all(
        _is_name(name) and isinstance(run_id, str) and is_run_id(run_id)
        for name, run_id in value.items()
    )


_SIZE = f"a number of millimetres from {_LEAST_MM} to {_MOST_MM}"


def _is_size(value: object) -> bool:
    return is_number(value, _LEAST_MM, _MOST_MM)


def _is_side(value: object) -> bool:
    return is_count(value, _MOST_SQUARES, _LEAST_SQUARES)


def _is_one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in choices


_SIDE = f"a whole number from {_LEAST_SQUARES} to {_MOST_SQUARES}"
BOARD_FIELDS = (
    RequestField(
        "kind",
        "chessboard or charuco",
        "What is printed on it. Default: chessboard.",
        _is_one_of(CHESSBOARD, CHARUCO),
        "charuco",
    ),
    RequestField(
        "columns",
        _SIDE,
        "Of a chessboard the inner corners along one side (squares less one); of a ChArUco board"
        " the squares.",
        _is_side,
        "9",
    ),
    RequestField("rows", _SIDE, "The same along the other side.", _is_side, "6"),
    RequestField(
        "square_mm",
        _SIZE,
        "A square's side, measured on the print. Without it (chessboards only) all lengths come in"
        " squares.",
        _is_size,
        "25",
    ),
    RequestField("marker_mm", _SIZE, "Of a ChArUco board: a marker's side.", _is_size, "18"),
    RequestField(
        "dictionary",
        "OpenCV's name for a dictionary of markers, such as DICT_4X4_50",
        f"Of a ChArUco board: {', '.join(DICTIONARIES)}.",
        _is_one_of(*DICTIONARIES),
        "DICT_4X4_50",
    ),
)
_BY_NAME = {each.name: each for each in BOARD_FIELDS}
CAMERA_FIELDS = (
    RequestField(
        "names",
        f"a list of {LEAST_CAMERAS} to {MOST_CAMERAS} different names, in quotes if they are"
        " numbers",
        "The cameras, the first of which is the world's origin. Each name stands in the names of"
        " the camera's images and videos, or of their folder. Default: those of a 3D project in"
        " the zip.",
        are_names,
        "[camera-1, camera-2]",
    ),
    RequestField(
        "calibration",
        "a path in the project, without `..`, outside of DeepLabCut's own folders",
        "A folder of images of the board, seen by two or more cameras at the same moment, or of"
        " videos of it, which count where the folder has no image; or a"
        " calibration made elsewhere: a .json of ours, a .toml of Anipose's, a .yml, .yaml or .xml"
        f" of OpenCV's. Default: {CALIBRATION_IMAGES}.",
        _is_calibration,
        CALIBRATION_IMAGES,
    ),
    RequestField(
        "board",
        "a section",
        "The calibration board. Default: a chessboard as DeepLabCut expects it, of"
        f" {DEEPLABCUT_BOARD}, all lengths in squares.",
        is_section,
        "{columns: 9, rows: 6, square_mm: 25}",
        BOARD_FIELDS,
    ),
    RequestField(
        "offsets",
        "whole numbers of frames by the cameras' names, or auto",
        "By how many frames a camera's videos lag behind the first camera's, those of the"
        " calibration too; auto: estimated from what the network sees, while calibration videos"
        " begin together. Default: none.",
        _are_offsets,
        "{camera-2: 3}",
    ),
    RequestField(
        "require_calibration",
        "true or false",
        "Whether a bad calibration ends the run before the training. Default: false.",
        is_switch,
        "true",
    ),
    RequestField(
        "smooth",
        "true or false",
        "Whether to take it that the animal moves smoothly: errors that jump from frame to frame"
        " become smaller, and true jumps softer. Default: false.",
        is_switch,
        "true",
    ),
    RequestField(
        "limbs",
        "a list of pairs of body parts",
        "Body parts whose distance hardly changes, such as elbow and wrist: points that would make"
        " such a limb longer or shorter are corrected. Default: none.",
        _are_limbs,
        "[[elbow, wrist]]",
    ),
    RequestField(
        "networks",
        "ids of earlier runs of your lab by the cameras' names",
        "Cameras whose views the network of an earlier run sees; those of all others this run's"
        " network sees. The runs trained with the same engine, and have body parts of the same"
        " names. Default: none.",
        _are_networks,
        "{camera-2: reach-side-0123456789ab}",
    ),
)
