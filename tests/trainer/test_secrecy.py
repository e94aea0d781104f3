"""What another process of the same user can read of the watcher."""

import os
import subprocess
import sys

import pytest

NOBODY = 65534
#: As the trainer's user is in its container: no root, and to be read by its own processes.
SCRIPT = f"""
import ctypes, os, sys
from dlc_batch_trainer.secrecy import close_to_other_processes
os.setuid({NOBODY})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # the change of user closed it
if sys.argv[1] == "closed":
    assert close_to_other_processes()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def as_nobody() -> None:
    """Root may read everything: the processes are another user's."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return


@pytest.mark.parametrize(("mode", "can"), [("open", True), ("closed", False)])
def test_the_environment_is_hidden_once_it_is_closed(mode: str, can: bool) -> None:
    source = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, mode],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "SECRET": "made-up"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with source:
        assert source.stdout is not None
        assert source.stdout.readline() == b"ready\n"
        place = f"/proc/{source.pid}/environ"
        reader = subprocess.run(["/bin/cat", place], capture_output=True, user=NOBODY, check=False)
        source.kill()
    assert (b"made-up" in reader.stdout) is can
