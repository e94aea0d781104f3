"""Does what stands beside a training in a process of its own: a training is not lost for it.

Reports, calibrations and poses in space are made so: each reads the lab's images and numbers, and
may fail, die or stand still.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dlc_batch_trainer.supervisor import worker_environment

#: Kept of the time limit for what comes after it: files to upload, the outcome.
_SPARE_SECONDS = 20.0
#: Of what the host gives from its notice on, which is 30 s at the least.
_LAST_SECONDS = 15.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class SideProcess:
    """Runs a module of the trainer's with a task, in a work folder, without credentials."""

    module: str  # such as dlc_batch_trainer.report
    work: Path
    is_interrupted: Callable[[], bool]  # the host is taken away
    seconds_left: float  # of the training's time limit
    most_seconds: float  # one that takes longer is stuck

    def run(self, task: str) -> str | None:
        """Run it.

        Args:
            task: JSON, which the module reads from the file that it is given.

        Returns:
            None where it did what it was to; else why not, for the lab. The log gets it in full.
        """
        path = self.work / f"{self.module.rpartition('.')[2]}.json"
        path.write_text(task, encoding="utf-8")
        command = [sys.executable, "-m", self.module, str(path)]
        with subprocess.Popen(command, env=worker_environment(os.environ)) as process:  # noqa: S603  # our own program
            try:
                why = self._wait(process)
            finally:
                process.kill()
        return why

    def _wait(self, process: subprocess.Popen[bytes]) -> str | None:
        now = time.monotonic()
        stuck, late, gone = now + self.most_seconds, now + self.seconds_left - _SPARE_SECONDS, None
        while process.poll() is None:
            now = time.monotonic()
            if gone is None and self.is_interrupted():
                gone = now + _LAST_SECONDS
            if gone is not None and now > gone:
                return "the computer was taken away"
            if now > late:
                return "the time limit was near"
            if now > stuck:
                return f"it was not made within {self.most_seconds / 60:g} minutes"
            time.sleep(_LOOK_SECONDS)
        code = process.returncode
        return f"its process ended with exit code {code}, and the log tells why" if code else None
