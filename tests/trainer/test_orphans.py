"""What process 1 collects, and what it leaves to who waits for it."""

import os
import shutil
import subprocess
import sys

import pytest

#: Runs as process 1. A child starts a grandchild, ends, and so leaves it to process 1; `own` has
#: ended as well, with a code that somebody waits for.
SCRIPT = """
import os, subprocess, sys, time
from dlc_batch_trainer.orphans import collect_orphans

def there():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}

left = int(subprocess.check_output(["sh", "-c", "sleep 1 > /dev/null & echo $!"]))
own = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
time.sleep(float(sys.argv[1]))
collect_orphans(own.pid)
print(left in there(), own.wait())
collect_orphans(own.pid)
print(left in there())
"""


def run(wait: str) -> list[str]:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can start another process 1, with unshare")
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", SCRIPT, wait]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_orphan_is_collected_and_no_exit_code_is_taken_away() -> None:
    assert run("3")[1:] == ["7", "False"]


def test_an_orphan_that_runs_is_left_alone() -> None:
    assert run("0")[0] == "True"
