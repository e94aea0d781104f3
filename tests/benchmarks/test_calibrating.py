"""The benchmark's promise holds on the stereo example, where that is at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT.parent / "shared" / "data" / "stereo_example.zip"


@pytest.mark.skipif(not IMAGES.is_file(), reason="the stereo example is not here")
def test_ours_fits_as_well_as_opencv_and_finds_the_same_baseline() -> None:
    script = ROOT / "benchmarks" / "calibrating.py"
    command = [sys.executable, script, "--images", IMAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out by ours, told the board that is in the images: none" in done.stdout
    assert "Its images show a chessboard of 9 x 6 inner corners" in done.stdout
