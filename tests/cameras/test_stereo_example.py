"""OpenCV's stereo example, real pictures, where they are at hand."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import calibrate
from dlc_batch_cameras.sightings import Sightings, look_for_board

ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "data" / "stereo_example.zip"
pytestmark = pytest.mark.skipif(not ARCHIVE.is_file(), reason="the stereo example is not here")


@pytest.fixture(scope="module")
def sightings(tmp_path_factory: pytest.TempPathFactory) -> Sightings:
    folder = tmp_path_factory.mktemp("stereo")
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    sides = ("left", "right")
    pictures = {
        side: {path.stem[-2:]: path for path in sorted(folder.glob(f"{side}*.jpg"))}
        for side in sides
    }
    return look_for_board(Board(9, 6, 30.0), pictures)


def test_every_board_is_found_and_fits(sightings: Sightings) -> None:
    found = calibrate(sightings)
    assert len(found.views) == 28
    assert all(view.is_used for view in found.views)
    assert found.problems == ()
    assert found.total_rms_px < 0.205
    (baseline,) = found.baselines
    assert baseline.mm == pytest.approx(99.8, rel=0.01)
    assert baseline.error_mm < 0.1


def test_a_pair_of_two_boards_is_left_out(sightings: Sightings) -> None:
    new = {"03": "09", "09": "03"}
    mixed = tuple(
        replace(each, shot=new.get(each.shot, each.shot)) if each.camera == "left" else each
        for each in sightings.seen
    )
    found = calibrate(replace(sightings, seen=mixed))
    out = [each.where for each in found.problems if each.code == "calibration-pair-out"]
    assert out == ["left03.jpg, right09.jpg", "left09.jpg, right03.jpg"]
    assert found.baselines[0].mm == pytest.approx(99.8, rel=0.01)
