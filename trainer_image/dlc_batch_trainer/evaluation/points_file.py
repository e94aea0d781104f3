"""All labelled points of the test frames beside what was predicted: `test_points.csv`.

A row a point, for a spreadsheet, pandas, or the report. An empty cell: there is nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint

POINTS_FILE = "test_points.csv"
_COLUMNS = (
    "image",
    "individual",
    "body_part",
    "label_x",
    "label_y",
    "predicted_x",
    "predicted_y",
    "confidence",
    "error_px",
)


def write_points(path: Path, frames: Iterable[ScoredFrame]) -> None:
    """Write the points of some frames, in pixels."""
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for frame in frames:
            writer.writerows([frame.image, *_cells(point)] for point in frame.points)


def _cells(point: ScoredPoint) -> list[str]:
    numbers = (
        *point.label,
        *(point.predicted or (None, None)),
        point.confidence,
        point.error_px,
    )
    shown = ["" if number is None else f"{number:.4f}" for number in numbers]
    return [point.individual, point.body_part, *shown]


def read_points(path: Path) -> tuple[ScoredFrame, ...]:
    """Read what `write_points` wrote, but for frames without a point."""
    frames: dict[str, list[ScoredPoint]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            frames.setdefault(row["image"], []).append(_point(row))
    return tuple(ScoredFrame(image, tuple(points)) for image, points in frames.items())


def _point(row: Mapping[str, str]) -> ScoredPoint:
    x, y = row["predicted_x"], row["predicted_y"]
    return ScoredPoint(
        row["individual"],
        row["body_part"],
        (float(row["label_x"]), float(row["label_y"])),
        (float(x), float(y)) if x and y else None,
        float(row["confidence"]) if row["confidence"] else None,
    )
