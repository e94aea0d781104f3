"""The benchmark of triangulation: it runs, and its promises can be missed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "benchmarks" / "triangulating.py"
#: Answers as aniposelib's does, at once and with the truth's own projections: nothing beats it.
QUICK = """
import sys
import numpy as np
sys.path.insert(0, {root!r})
from tests.cameras.scenes import draw_walk
given = np.load(sys.argv[2])
frames, points = given["pixels"].shape[1:3]
np.savez(sys.argv[3], points=draw_walk(frames, points) + 1e-3, seconds=1e-6)
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), "--frames", "400", "--points", "800", *arguments]
    return subprocess.run([*command, "--rounds", "1"], capture_output=True, text=True, check=False)


def test_it_shows_the_errors_beside_the_bound_and_the_time() -> None:
    done = _run()
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    ratios = {row[0]: float(row[3]) for row in rows if row[:1] in (["2"], ["3"], ["6"])}
    assert ratios == pytest.approx({"2": 1, "3": 1, "6": 1}, abs=0.1)
    assert "camera-1 or camera-2 at 20" in done.stdout
    assert "camera-6 at 20" in done.stdout or "camera-6 at 19" in done.stdout
    assert [row[0] for row in rows[-2:]] == ["0%", "10%"]


@pytest.mark.long
def test_it_ends_with_1_where_another_is_better(tmp_path: Path) -> None:
    better = tmp_path / "python"
    better.write_text(f"#!{sys.executable}\n{QUICK.format(root=str(ROOT))}")
    better.chmod(0o755)
    done = _run("--anipose-python", str(better))
    assert done.returncode == 1, done.stderr
    assert "triangulate_ransac" in done.stdout


def test_a_python_without_aniposelib_is_named() -> None:
    done = _run("--anipose-python", sys.executable)
    assert done.returncode == 1
    assert f"{sys.executable} could not do it" in done.stderr
    assert "aniposelib" in done.stderr
