"""Has the report made, in a process of its own: a training is not lost for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dlc_batch_trainer.report.task import Task
from dlc_batch_trainer.supervisor import worker_environment

#: It takes seconds. One that takes longer is stuck (our choice).
_MOST_SECONDS = 300.0
#: Kept of the time limit for what comes after it: files to upload, the outcome.
_SPARE_SECONDS = 20.0
#: Of what the host gives from its notice on, which is 30 s at the least.
_LAST_SECONDS = 15.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class ReportProcess:
    """Makes reports in a work folder."""

    work: Path
    is_interrupted: Callable[[], bool]  # the host is taken away
    seconds_left: float  # of the training's time limit

    def make(self, task: Task) -> str | None:
        """Make the report of a training.

        Returns:
            None where it is there; else why it is not, for the lab. The log gets it in full.
        """
        path = self.work / "report.json"
        path.write_text(task.to_json(), encoding="utf-8")
        command = [sys.executable, "-m", "dlc_batch_trainer.report", str(path)]
        with subprocess.Popen(command, env=worker_environment(os.environ)) as process:  # noqa: S603  # our own program
            try:
                why = self._wait(process)
            finally:
                process.kill()
        return why

    def _wait(self, process: subprocess.Popen[bytes]) -> str | None:
        now = time.monotonic()
        stuck, late, gone = now + _MOST_SECONDS, now + self.seconds_left - _SPARE_SECONDS, None
        while process.poll() is None:
            now = time.monotonic()
            if gone is None and self.is_interrupted():
                gone = now + _LAST_SECONDS
            if gone is not None and now > gone:
                return "the computer was taken away"
            if now > late:
                return "the time limit was near"
            if now > stuck:
                return f"it was not made within {_MOST_SECONDS / 60:g} minutes"
            time.sleep(_LOOK_SECONDS)
        code = process.returncode
        return f"its process ended with exit code {code}, and the log tells why" if code else None
