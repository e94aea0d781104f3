"""The demo itself, with one epoch: the small sister of `make demo`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlc_batch.demo.project import make_demo_project
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import down


def run_demo(home: Home, project: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the demo as its command, on a local cloud of its own."""
    try:
        return subprocess.run(
            [sys.executable, "-m", "dlc_batch.demo", *options, "--folder", str(project)],
            env={**os.environ, "DLC_BATCH_HOME": str(home.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        down(home, print)


@pytest.mark.long
def test_the_whole_demo_takes_minutes_and_its_error_is_small(
    new_home: Callable[[], Home], tmp_path: Path
) -> None:
    home, project = new_home(), tmp_path / "demo-project"
    done = run_demo(home, project)

    assert done.returncode == 0, done.stdout + done.stderr
    error = re.search(r"test RMSE +(\d+\.\d\d) px", done.stdout)
    assert error is not None
    assert float(error[1]) < 5
    in_space = re.search(r"in space +\d+\.\d\d mm .*: (\d+\.\d) % of the animal's", done.stdout)
    assert in_space is not None, done.stdout
    assert float(in_space[1]) < 5
    words = " ".join(done.stdout.replace("|", " ").split())
    assert "Poses in space of the recording lie in 3d/ there: the cameras are calibrated" in words


def test_the_demo_goes_the_whole_way_and_shows_mail_scores_and_model(
    new_home: Callable[[], Home], tmp_path: Path
) -> None:
    home, project = new_home(), tmp_path / "demo-project"
    make_demo_project(project)  # as an earlier demo leaves it
    done = run_demo(home, project, "--epochs", "1")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Subject: \[dlc-batch\] SUCCEEDED: demo-project-[0-9a-f]{12}", done.stdout)
    for score in ("train RMSE", "test RMSE"):
        assert re.search(rf"{score} +\d+\.\d\d px", done.stdout)
    assert re.search(r"^ +in space +\S+", done.stdout, re.MULTILINE)
    for what in ("model", "report", "poses"):
        place = re.search(rf"^ +{what} +(\S+)", done.stdout, re.MULTILINE)
        assert place is not None
        assert Path(place[1]).is_file()
    assert "config.yaml" in {path.name for path in project.iterdir()}
