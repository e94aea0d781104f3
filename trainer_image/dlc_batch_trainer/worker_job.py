"""What the watching process asks of the training process, as a file between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class WorkerJob:
    """One training on what lies on this computer's disk."""

    run: str  # request.json's text
    shuffle: int
    work: str  # folder: everything below is in it
    members: tuple[str, ...]  # all files of the upload's project, the ones not unpacked too
    origin: Mapping[str, Any]  # which upload, for run.json
    attempts: tuple[Mapping[str, Any], ...] = ()  # this one last
    place: Mapping[str, Any] = field(default_factory=dict)  # instance type and the like
    notes: tuple[str, ...] = ()  # sentences for the lab, from before
    resume: str | None = None  # folder of the checkpoint to go on from
    start: str | None = None  # the earlier run's snapshot to begin from
    start_detector: str | None = None
    halvings: int = 0  # of the batch size, for lack of memory
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage, from before
    image: str | None = None  # the container's
    is_trained: bool = False  # an earlier attempt has left results: only what follows is missing
    is_scored: bool = True  # False: evaluation has failed before

    @property
    def project(self) -> Path:
        return Path(self.work) / "project"

    @property
    def results(self) -> Path:
        return Path(self.work) / "results"

    @property
    def checkpoints(self) -> Path:
        return Path(self.work) / "checkpoints"

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> WorkerJob:
        value = json.loads(path.read_text())
        lists = ("members", "attempts", "notes")
        return cls(**{**value, **{name: tuple(value[name]) for name in lists}})
