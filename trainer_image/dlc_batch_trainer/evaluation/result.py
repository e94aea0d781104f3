"""The evaluation of a snapshot, as results/evaluation.json has it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_trainer.evaluation.errors import Errors, Interval
from dlc_batch_trainer.evaluation.points import ScoredFrame
from dlc_batch_trainer.evaluation.points_file import POINTS_FILE, write_points

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class Evaluation:
    """How good a snapshot is on frames that it neither trained on nor was chosen by."""

    engine: str
    pcutoff: float  # config.yaml's
    deeplabcut: Mapping[str, float]  # DeepLabCut's own figures, by metric
    test: Errors
    test_frames: int
    interval: Interval | None  # of test.mean_px
    body_parts: Mapping[str, Errors]  # over all individuals
    worst: tuple[ScoredFrame, ...]  # of the test frames, worst first
    validation_rmse_px: float | None  # of the snapshot, by which it was chosen
    is_multi_animal: bool = False
    train: Errors | None = None  # of the training frames; None: nothing is known
    worst_training: tuple[ScoredFrame, ...] = ()  # of the training frames, worst first
    notes: tuple[str, ...] = field(default=())  # sentences for the lab
    frames: tuple[ScoredFrame, ...] = ()  # all test frames
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)  # of body parts

    @property
    def metrics(self) -> dict[str, float]:
        """For outcome.json: what could be computed.

        Of several animals the test error is ours, as its interval is: DeepLabCut's leaves out
        predictions that are far from any animal.
        """
        found: dict[str, float | None] = dict(self.deeplabcut)
        if self.is_multi_animal and self.test.mean_px is not None:
            found["test_rmse_deeplabcut_px"] = found.get("test_rmse_px")
            found["test_rmse_px"] = self.test.mean_px
            found["test_rmse_pcutoff_px"] = self.test.mean_pcutoff_px
        if self.interval is not None:
            found["test_rmse_low_px"] = self.interval.low_px
            found["test_rmse_high_px"] = self.interval.high_px
            if self.interval.unit != "frames":
                found[f"test_interval_{self.interval.unit}"] = self.interval.resampled
        found["validation_rmse_px"] = self.validation_rmse_px
        return {
            name: value
            for name, value in found.items()
            if value is not None and math.isfinite(value)
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the content of evaluation.json; nothing in it is NaN."""
        return {
            "schema_version": SCHEMA_VERSION,
            "engine": self.engine,
            "pcutoff": self.pcutoff,
            "metrics": self.metrics,
            "deeplabcut": dict(self.deeplabcut),
            "test": {**asdict(self.test), "frames": self.test_frames},
            "train": asdict(self.train) if self.train else None,
            "interval": asdict(self.interval) if self.interval else None,
            "body_parts": {
                name: {**asdict(errors), **self._interval_of(name)}
                for name, errors in self.body_parts.items()
            },
            "worst_frames": [frame.to_dict() for frame in self.worst],
            "worst_training_frames": [frame.to_dict() for frame in self.worst_training],
            "validation_rmse_px": self.metrics.get("validation_rmse_px"),
            "notes": list(self.notes),
        }

    def _interval_of(self, body_part: str) -> dict[str, float | None]:
        """Of its mean, as `interval` has that of all."""
        found = self.intervals.get(body_part)
        if found is None:
            return {"low_px": None, "high_px": None}
        return {"low_px": found.low_px, "high_px": found.high_px}

    def write(self, results: Path) -> Path:
        """Write results/evaluation.json, and all points of the test frames beside it."""
        write_points(results / POINTS_FILE, self.frames)
        path = results / EVALUATION_FILE
        path.write_text(json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n")
        return path
