"""The points of the test frames, written and read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint
from dlc_batch_trainer.evaluation.points_file import read_points, write_points

FRAMES = (
    ScoredFrame(
        "labeled-data/a, b/1.png",
        (
            ScoredPoint("", 'the "nose"', (1.5, 2.0), (4.5, 6.0), 0.25),
            ScoredPoint("", "tail\ntip", (1.0, 2.0), None, None),
        ),
    ),
    ScoredFrame("labeled-data/a/2.png", (ScoredPoint("rat", "ear", (0, 0), (1, 0), None),)),
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_points(tmp_path / "p.csv", FRAMES)
    assert read_points(tmp_path / "p.csv") == FRAMES


def test_a_row_a_point(tmp_path: Path) -> None:
    write_points(tmp_path / "p.csv", FRAMES)
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["error_px"] for row in rows] == ["5.0000", "", "1.0000"]
    assert float(rows[0]["confidence"]) == pytest.approx(0.25)


def test_frames_without_a_point_have_no_row(tmp_path: Path) -> None:
    write_points(tmp_path / "p.csv", [ScoredFrame("a", ())])
    assert read_points(tmp_path / "p.csv") == ()
