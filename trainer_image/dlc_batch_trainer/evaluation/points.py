"""The labelled points of a frame beside what was predicted for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from dlc_batch_core.labels import SINGLE
from dlc_batch_trainer.evaluation.poses import Array, Layout, Poses, match_animals


@dataclass(frozen=True)
class ScoredPoint:
    """One labelled body part of one animal."""

    individual: str  # empty for a single animal
    body_part: str
    label: tuple[float, float]  # pixels
    predicted: tuple[float, float] | None  # pixels; None: nothing was found
    confidence: float | None  # 0 to 1

    @property
    def error_px(self) -> float | None:
        """Distance between label and prediction."""
        return math.dist(self.label, self.predicted) if self.predicted is not None else None

    def is_sure(self, pcutoff: float) -> bool:
        return self.confidence is not None and self.confidence >= pcutoff

    def to_dict(self) -> dict[str, Any]:
        return {
            "individual": self.individual or None,
            "body_part": self.body_part,
            "label": list(self.label),
            "predicted": list(self.predicted) if self.predicted else None,
            "confidence": self.confidence,
            "error_px": self.error_px,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> ScoredPoint:
        """Read what `to_dict` wrote."""
        (x, y), place = found["label"], found["predicted"]
        predicted = (place[0], place[1]) if place else None
        individual = found["individual"] or ""
        return cls(individual, found["body_part"], (x, y), predicted, found["confidence"])


@dataclass(frozen=True)
class ScoredFrame:
    """One labelled frame."""

    image: str  # labeled-data/<video>/<file>
    points: tuple[ScoredPoint, ...]  # the labelled ones

    @property
    def errors_px(self) -> list[float]:
        """Distances of the points for which something was found."""
        return [error for point in self.points if (error := point.error_px) is not None]

    @property
    def error_px(self) -> float | None:
        """Mean distance; None where nothing was found."""
        errors = self.errors_px
        return sum(errors) / len(errors) if errors else None

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> ScoredFrame:
        """Read what `to_dict` wrote."""
        return cls(found["image"], tuple(map(ScoredPoint.from_dict, found["points"])))

    def of(self, body_part: str) -> ScoredFrame:
        """Return the frame with the points of one body part only."""
        return ScoredFrame(self.image, tuple(p for p in self.points if p.body_part == body_part))

    def to_dict(self) -> dict[str, Any]:
        points = [point.to_dict() for point in self.points]
        return {"image": self.image, "error_px": self.error_px, "points": points}


def video_of(image: str) -> str:
    """Return the name of the video that a labelled frame is of: that of its folder."""
    return PurePosixPath(image).parent.name


def score_frame(
    image: str, labels: Poses, predicted: Poses, layout: Layout, is_matched: bool = False
) -> ScoredFrame:
    """Put what was predicted beside each label of a frame.

    Args:
        image: its name.
        labels, predicted: (..., 2) and (..., 3).
        layout: who and what they are of.
        is_matched: the predictions stand in the order of the labelled animals already.
    """
    if is_matched or len(layout.individuals) == 1:
        matches = {n: n for n in range(len(layout.individuals))}
    else:
        matches = match_animals(labels.animals, predicted.animals)
    nothing = np.full((len(layout.body_parts), 3), np.nan)
    points: list[ScoredPoint] = []
    for n, individual in enumerate(layout.individuals):
        of_animal = predicted.animals[matches[n]] if n in matches else nothing
        points += _points(individual, layout.body_parts, labels.animals[n], of_animal)
    points += _points(SINGLE, layout.unique, labels.unique, predicted.unique)
    return ScoredFrame(image, tuple(points))


def _points(
    individual: str, parts: Iterable[str], labels: Array, predicted: Array
) -> Iterator[ScoredPoint]:
    for part, label, found in zip(parts, labels, predicted, strict=True):
        if not np.isfinite(label).all():
            continue
        has_place = bool(np.isfinite(found[:2]).all())
        yield ScoredPoint(
            individual,
            part,
            (float(label[0]), float(label[1])),
            (float(found[0]), float(found[1])) if has_place else None,
            float(found[2]) if has_place and math.isfinite(found[2]) else None,
        )
