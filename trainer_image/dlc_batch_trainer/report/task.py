"""Which report to make, as whoever starts its process says it; nothing large is imported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dlc_batch_core.verdicts import read_verdict
from dlc_batch_trainer.report import FIGURE_FOLDER, REPORT_FILE, VERDICT_FILE


@dataclass(frozen=True)
class Task:
    """Which report to make, as whoever starts the process says it."""

    results: str  # folder: results/
    own: str  # where in it the files lie that are not DeepLabCut's: "" or "shuffle<k>/"
    project: str  # folder: our copy, with the labelled frames
    notes: tuple[str, ...] = ()  # sentences for the lab that came after run.json
    uncertain: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # frames by video

    @property
    def folder(self) -> Path:
        """Where the report goes."""
        return Path(self.results) / self.own

    def to_json(self) -> str:
        return json.dumps(self.__dict__)

    @classmethod
    def from_json(cls, text: str) -> Task:
        value = json.loads(text)
        uncertain = {video: tuple(each) for video, each in value["uncertain"].items()}
        return cls(**{**value, "notes": tuple(value["notes"]), "uncertain": uncertain})


def report_files(results: Path, own: str) -> tuple[str, ...]:
    """Return the names of a report's files, relative to results/."""
    figures = (results / own / FIGURE_FOLDER).iterdir()
    return (
        f"{own}{REPORT_FILE}",
        f"{own}{VERDICT_FILE}",
        *sorted(f"{own}{FIGURE_FOLDER}/{each.name}" for each in figures),
    )


def verdict_in(results: Path, own: str) -> dict[str, str]:
    """Return the verdict that a report left beside it: `grade` and `headline`."""
    try:
        return read_verdict(json.loads((results / own / VERDICT_FILE).read_text("utf-8")))
    except (OSError, ValueError):  # the mail then does without
        return {}
