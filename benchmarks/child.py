"""A measurement in a process of its own: no way profits from what another imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_SHOWN = 3000  # characters of a failed child's log


class ChildFailed(Exception):
    """A measurement that ended badly; says the end of its log."""

    @property
    def reason(self) -> str:
        """The last line: of a Python program, its exception."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        return lines[-1] if lines else "it ended without a word"


def run_child(script: Path, what: str, asked: Mapping[str, Any], folder: Path) -> Any:
    """Let `script` do one thing in a process of its own.

    Args:
        script: one that calls `answer_parent`.
        what: one of its ways.
        asked: what it gets.
        folder: for its log and its answer.

    Raises:
        ChildFailed: it ended with an error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, answer = folder / "log.txt", folder / "answer.json"
    command = [sys.executable, str(script), what, json.dumps(asked), str(answer)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # its last words stand last in the log
    with log.open("w") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False
        )
    if done.returncode:
        raise ChildFailed(log.read_text(errors="replace")[-_SHOWN:])
    return json.loads(answer.read_text())


def answer_parent(do: Callable[[str, Mapping[str, Any]], Any]) -> None:
    """Do what `run_child` asks for on the command line: `do(what, asked)`."""
    what, asked, answer = sys.argv[1:]
    Path(answer).write_text(json.dumps(do(what, json.loads(asked))))
