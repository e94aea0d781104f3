"""What a project that a run was fetched into has of that run: the next one goes on with it.

The trainer honours the settings and the split of a shuffle that the lab made at home. Those that a
run left look just so; but run.json, which lies there too, has the hashes of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlc_batch_core.check import Check
from dlc_batch_core.checks.engine import engine_of
from dlc_batch_core.home_settings import find_home_config

#: As the trainer writes them, in results/: of a run of one shuffle, and of several.
_RUN_FILES = ("run.json", "shuffle*/run.json")


def notes_of_earlier_runs(folder: Path, found: Check) -> tuple[str, ...]:
    """Return a sentence for each shuffle that is to be trained as an earlier run left it.

    Args:
        folder: the project.
        found: that it can be trained.
    """
    project, request = found.project, found.request
    if project is None or request is None:
        return ()
    engine, notes = engine_of(project, request), {}
    for facts in _facts(folder):
        if request.net_type not in (None, facts.get("net_type")):
            continue  # then its settings are left out
        for shuffle in request.shuffles:
            path = find_home_config(facts["sha256"], project, shuffle, engine)
            if path is not None and _digest(folder / path) == facts["sha256"][path]:
                notes[path] = _note(shuffle, str(facts.get("run_id")), path)
    return tuple(notes.values())


def _facts(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(path for pattern in _RUN_FILES for path in folder.glob(pattern)):
        try:
            facts = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # somebody else's file of this name
        if isinstance(facts, dict) and isinstance(facts.get("sha256"), dict):
            yield facts


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _note(shuffle: int, run_id: str, path: str) -> str:
    return (
        f"Shuffle {shuffle} is trained with the settings and the split that run {run_id} left in"
        f" this project ({path}), but for what dlc-batch.yaml says. To begin from DeepLabCut's own"
        " settings and a new split, ask for a shuffle of another number (`shuffles`)."
    )
