"""What a training takes over of a project: settings and split of a shuffle that lie there.

The lab made them at home, or an earlier run left them as it was fetched. The two look just alike;
but run.json, which lies there too, has the hashes of a run's files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlc_batch_core.check import Check
from dlc_batch_core.trainings import sentences_of, trainings_of

#: As the trainer writes them, in results/: of a run of one shuffle, and of several.
_RUN_FILES = ("run.json", "shuffle*/run.json")


def notes_of_settings(project: Path, found: Check) -> tuple[str, ...]:
    """Return a sentence for each shuffle that takes over settings which lie in the project.

    Args:
        project: its folder, or its zip, of which nothing tells what an earlier run left.
        found: what the check found in it.
    """
    return tuple(sentences_of(found, _makers(project, found) if project.is_dir() else {}))


def _makers(folder: Path, found: Check) -> dict[str, str]:
    """Return the runs that left files of settings which nobody changed since, by those files."""
    wanted = [training.home.where for training in trainings_of(found) if training.home]
    makers = {}
    for facts in _facts(folder / found.root):
        for path in wanted:
            known = facts["sha256"].get(path)
            if known is not None and _digest(folder / found.root / path) == known:
                makers[path] = str(facts.get("run_id"))
    return makers


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
