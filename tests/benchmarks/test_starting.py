"""The benchmark of the start: it runs, prints each command, and its limit can be missed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_prints_each_command_beside_the_bare_interpreter_and_keeps_to_its_limit() -> None:
    program = [sys.executable, str(ROOT / "benchmarks" / "starting.py"), "--rounds", "1"]
    generous, strict = (
        subprocess.run([*program, "--most", most], capture_output=True, text=True, check=False)
        for most in ("60", "0")
    )
    assert (generous.returncode, strict.returncode) == (0, 1), generous.stderr
    names = [line[:26].strip() for line in generous.stdout.splitlines()[1:]]
    assert names[:3] == ["python -c pass", "dlc-batch --help", "dlc-batch check PROJECT"]
