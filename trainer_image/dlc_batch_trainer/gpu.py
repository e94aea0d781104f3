"""How busy the GPU is, in its driver's own words."""

from __future__ import annotations

import shutil
import subprocess

_COMMAND = ("--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
_ANSWER_SECONDS = 5.0


def gpu_percent() -> float | None:
    """Return how much of the last moment the first GPU was at work, in percent; None without."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # the driver's program, found on the host's PATH
            [program, *_COMMAND],
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=True,
        )
        return float(done.stdout.splitlines()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None  # a figure is worth no training
