"""How a training went: loss and validation error, by epochs or iterations.

PyTorch     learning_stats.csv has a head: step, losses/train.<name>, ..., validation_rmse_px
TensorFlow  learning_stats.csv has none: iteration, loss, learning rate; the errors on the
            validation frames stand in run.json (`looks`)
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = "learning_stats.csv"
_LOSS, _ERROR = "losses/train.total_loss", "validation_rmse_px"

Line = tuple[tuple[int, float], ...]  # epoch or iteration, value


@dataclass(frozen=True)
class Curve:
    """What was measured while a network was trained; finite numbers only."""

    unit: str  # epochs or iterations
    losses: Line  # on the training frames
    errors: Line  # px on the validation frames; empty without such frames
    taken: int  # after so many the snapshot was taken


def read_curve(folder: Path | None, snapshot: Mapping[str, Any]) -> Curve:
    """Read DeepLabCut's learning curve.

    Args:
        folder: `train` of the shuffle's folder of models.
        snapshot: of run.json.
    """
    rows = _rows(folder / _FILE) if folder else []
    has_head = bool(rows) and rows[0][:1] == ["step"]
    losses = _column(rows, _LOSS) if has_head else _line(row[:2] for row in rows)
    errors = _column(rows, _ERROR) if has_head else _line(snapshot.get("looks", ()))
    return Curve(str(snapshot["unit"]), losses, errors, int(snapshot["trained"]))


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.reader(file) if row]


def _column(rows: Sequence[Sequence[str]], name: str) -> Line:
    head = rows[0]
    if name not in head:
        return ()
    place = head.index(name)
    return _line((row[0], row[place]) for row in rows[1:] if len(row) > place and row[place])


def _line(pairs: Iterable[Sequence[Any]]) -> Line:
    numbers = ((int(float(at)), float(value)) for at, value in pairs)
    return tuple((at, value) for at, value in numbers if math.isfinite(value))
