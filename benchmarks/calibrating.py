"""Calibrating two cameras, against OpenCV's stereoCalibrate on pairs picked by hand.

    python benchmarks/calibrating.py --images STEREO_EXAMPLE.zip

The images are OpenCV's stereo example, of which DeepLabCut's repository has a zip: 14 pairs of a
chessboard with 9 x 6 inner corners. Ours gets all pairs and nothing else. OpenCV gets 12: those
that DeepLabCut's own test script keeps, which deletes 01 and 06. Both have the same model (k1 k2
p1 p2 k3, everything free). They are compared over the same pairs with the same corners, by the
root of the mean squared distance of a corner. OpenCV is shown with the corners that DeepLabCut
gives it too, and ours with these: which views it then leaves out.

What is not shown: accuracy. Nobody knows where these cameras were; tests/cameras does that with
drawn boards.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import Calibration, calibrate
from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.sightings import Sighting, Sightings, look_for_board, read_gray
from dlc_batch_core.errors import ProjectError

BOARD = Board(9, 6, 30.0)  # the squares as the example's own results have them
TOLD_BY_DEEPLABCUT = Board(8, 6, 30.0)  # the default of its calibrate_cameras
LEFT, RIGHT = "left", "right"
SIZE = (640, 480)
PICKED_OUT = ("01", "06")
#: Rounding of the last digit, not more.
MOST_ABOVE, MOST_OFF = 1e-6, 0.01
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 300, 1e-10)
Pictures = dict[str, dict[str, Path]]


@dataclass(frozen=True)
class Row:
    """One calibration, judged over the 12 pairs."""

    name: str
    pairs: int  # that it was calibrated with
    rms_px: float  # over the 12 pairs
    baseline_mm: float
    seconds: float


def main() -> None:
    """Calibrate both ways and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="stereo_example.zip")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-") as folder:
        with zipfile.ZipFile(asked.images) as archive:
            archive.extractall(folder)
        pictures = {
            side: {path.stem[-2:]: path for path in sorted(Path(folder).glob(f"{side}*.jpg"))}
            for side in (LEFT, RIGHT)
        }
        sys.exit(_compare(pictures))


def _compare(pictures: Pictures) -> str | None:
    started = time.perf_counter()
    sightings = look_for_board(BOARD, pictures)
    found = calibrate(sightings)
    whole = time.perf_counter() - started
    picked = [shot for shot in sorted(pictures[LEFT]) if shot not in PICKED_OUT]
    subset = replace(sightings, seen=tuple(v for v in sightings.seen if v.shot in picked))
    started = time.perf_counter()
    of_picked = calibrate(subset)
    ours = Row("ours, 12 pairs", 12, *_figures(of_picked, picked), time.perf_counter() - started)
    rows = [
        Row("ours, all pairs, search included", 14, *_figures(found, picked), whole),
        ours,
        _opencv("OpenCV, 12 pairs, our corners", subset, picked),
        _opencv("OpenCV, 12 pairs, corners of 11 px windows", _native(pictures), picked),
    ]
    print(f"{'':<44}{'pairs':>6}{'rms (px)':>12}{'baseline (mm)':>15}{'s':>7}")
    for row in rows:
        figures = f"{row.rms_px:>12.6f}{row.baseline_mm:>15.3f}{row.seconds:>7.2f}"
        print(f"{row.name:<44}{row.pairs:>6}{figures}")
    (baseline,) = found.baselines
    print(f"standard error of the baseline, all pairs: {baseline.error_mm:.3f} mm")
    _tell_of_pairs(found, pictures)
    theirs = rows[2]
    print(f"rms, ours / OpenCV: {ours.rms_px / theirs.rms_px:.7f}")
    print(f"baseline, ours of all pairs / OpenCV: {rows[0].baseline_mm / theirs.baseline_mm:.5f}")
    is_kept = ours.rms_px <= theirs.rms_px * (1 + MOST_ABOVE) and all(
        abs(row.baseline_mm / theirs.baseline_mm - 1) < MOST_OFF for row in rows[:2]
    )
    return None if is_kept else "that is worse than we promise"


def _figures(found: Calibration, picked: list[str]) -> tuple[float, float]:
    used = [view for view in found.views if view.is_used and view.shot in picked]
    squares = sum(view.corners * view.rms_px**2 for view in used)
    return float(np.sqrt(squares / sum(v.corners for v in used))), found.baselines[0].mm


def _native(pictures: Pictures) -> Sightings:
    """Find the corners as DeepLabCut's calibrate_cameras does."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.001)
    seen = []
    for side, paths in pictures.items():
        for shot, path in paths.items():
            gray = read_gray(path)
            is_there, corners = cv2.findChessboardCorners(gray, BOARD.grid, None)
            assert is_there, path
            fine = cv2.cornerSubPix(gray, corners, (11, 11), (-1, -1), stop).reshape(-1, 2)
            seen.append(Sighting(side, shot, path.name, np.arange(len(fine)), fine.astype(float)))
    return Sightings(BOARD, (LEFT, RIGHT), dict.fromkeys((LEFT, RIGHT), SIZE), tuple(seen))


def _opencv(name: str, sightings: Sightings, picked: list[str]) -> Row:
    by_view = {(view.camera, view.shot): view.pixels for view in sightings.seen}
    lefts, rights = ([_single(by_view[side, shot]) for shot in picked] for side in (LEFT, RIGHT))
    objects = [_single(BOARD.points)] * len(picked)
    started = time.perf_counter()
    one, two = (cv2.calibrateCamera(objects, each, SIZE, None, None) for each in (lefts, rights))
    rms, *_, move, _, _ = cv2.stereoCalibrate(
        objects, lefts, rights, one[1], one[2], two[1], two[2], SIZE,
        flags=cv2.CALIB_USE_INTRINSIC_GUESS, criteria=_STOP,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    return Row(name, len(picked), rms, float(np.linalg.norm(move)), seconds)


def _single(values: Array) -> np.ndarray:
    return np.asarray(values, np.float32)


def _tell_of_pairs(found: Calibration, pictures: Pictures) -> None:
    """Say what the two pairs are by which measure."""
    out = [view.image for view in found.views if not view.is_used]
    print(f"left out by ours, told the board that is in the images: {out or 'none'}")
    by_shot: dict[str, list[float]] = {}
    for view in found.views:
        by_shot.setdefault(view.shot, []).append(view.rms_px)
    order = sorted(by_shot, key=lambda shot: -max(by_shot[shot]))
    for shot in PICKED_OUT:
        left, right = by_shot[shot]
        rank = order.index(shot) + 1
        print(
            f"pair {shot}: {left:.3f} px left, {right:.3f} right; {rank} of {len(order)} by error"
        )
    rough = calibrate(_native(pictures))
    out = [f"{view.image} ({view.rms_px:.2f} px)" for view in rough.views if not view.is_used]
    print(f"left out by ours, given the corners of 11 px windows: {', '.join(out)}")
    print(f"and then: {rough.total_rms_px:.3f} px, {rough.baselines[0].mm:.3f} mm")
    missed = [
        path.name
        for paths in pictures.values()
        for path in paths.values()
        if not cv2.findChessboardCorners(read_gray(path), TOLD_BY_DEEPLABCUT.grid, None)[0]
    ]
    print(f"told 8 x 6, as DeepLabCut's script searches, OpenCV does not find: {missed}")
    try:
        calibrate(look_for_board(TOLD_BY_DEEPLABCUT, pictures))
        print("told 8 x 6, ours finds nothing wrong")
    except ProjectError as error:
        for each in error.problems:
            print(f"told 8 x 6, ours says: {each.where}: {each.what}")


if __name__ == "__main__":
    main()
