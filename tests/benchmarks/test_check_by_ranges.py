"""The benchmark's promise holds at full size."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
def test_a_gigabyte_is_checked_by_a_few_small_reads() -> None:
    script = ROOT / "benchmarks" / "check_by_ranges.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zip of 1,001 MB with 5,000 members" in done.stdout
