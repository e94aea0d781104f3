"""The benchmark of training runs, and its figures can be read and agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlc_batch.demo.project import DemoSize, make_demo_project

ROOT = Path(__file__).resolve().parents[2]
NUMBER = r"(\d+\.\d+)"
PAIR = re.compile(
    rf"pair 1 \(seed 1\): ours {NUMBER} s, {NUMBER} px; by hand {NUMBER} s, {NUMBER} px;"
    rf" ours / by hand {NUMBER}"
)
SPEED = re.compile(rf"images a second: ours {NUMBER}, by hand {NUMBER}, ours / by hand {NUMBER}")
FIGURE = re.compile(r"  (\w+), (its own|from points) +ours +(\S+) +by hand +(\S+)")
NAMES = {f"{side}_rmse{kind}_px" for side in ("train", "test") for kind in ("", "_pcutoff")}
#: After one epoch the confidences are about this, so that the cutoff leaves some points out.
PCUTOFF = "pcutoff: 0.009"


@pytest.mark.long
def test_trains_both_ways_and_scores_alike(tmp_path: Path) -> None:
    project = make_demo_project(tmp_path / "demo", DemoSize(frames=16, labelled=8))
    config = project / "config.yaml"
    config.write_text(config.read_text().replace("pcutoff: 0.6", PCUTOFF))
    assert PCUTOFF in config.read_text()

    # One pair says nothing about three percent: any ratio will do
    printed = _run("--project", project, "--folder", tmp_path, "--most-ratio", "inf")

    computer = printed.splitlines()[0]
    assert re.search(r", \d+ cores of .+, torch \d.+, DeepLabCut \d", computer)
    pair, speed = PAIR.search(printed), SPEED.search(printed)
    assert pair, printed
    assert speed, printed
    ours, _, native, _, ratio = map(float, pair.groups())
    assert ratio == pytest.approx(ours / native, abs=0.01)
    assert float(speed[1]) == pytest.approx(12 / ours, abs=0.1)  # of 16 frames 12 are trained on
    figures = FIGURE.findall(printed)
    assert {(name, kind) for name, kind, *_ in figures} == {
        (name, kind) for name in NAMES for kind in ("its own", "from points")
    }
    for name, kind, mine, theirs in figures:
        assert float(mine) == pytest.approx(float(theirs), abs=0.011), f"{name}, {kind}"


def _run(*arguments: object) -> str:
    script = ROOT / "benchmarks" / "training.py"
    small = ("--net", "cspnext_s", "--epochs", "1", "--pairs", "1")
    done = subprocess.run(
        [sys.executable, script, *small, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
