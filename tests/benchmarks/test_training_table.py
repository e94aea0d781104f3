"""What the benchmark of training says of what it measured."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # its scripts find each other there
    return import_module("training_table")


def _row(table: Any, seconds: Sequence[float], errors: Sequence[float | None]) -> Any:
    """One training for each seed, of 100 images."""
    each = enumerate(zip(seconds, errors, strict=True), 1)
    return table.Row("", [table.Taken(seed, took, 100, error) for seed, (took, error) in each])


def test_ratio_is_the_median_over_pairs(table: Any) -> None:
    ours, native = _row(table, [10, 11, 30], [1] * 3), _row(table, [10, 10, 10], [1] * 3)
    assert table.ratio_of(ours, native) == pytest.approx(1.1)


def test_keeps_what_was_promised(table: Any) -> None:
    ours, native = _row(table, [10, 10], [3.0, 4.14]), _row(table, [31, 31], [3.1, 4.0])
    said = table.verdict(ours, native)
    assert "3.10 times as fast, promised 3 on a GPU: kept" in said
    assert "test error ours 3.57 (3.00 to 4.14) px" in said
    assert "difference +0.02 ± 0.12 px (standard error; seeds: 2): no worse" in said


def test_says_what_was_not_kept(table: Any) -> None:
    ours, native = _row(table, [10, 10], [3.3, 4.1]), _row(table, [29, 29], [3.1, 4.0])
    said = table.verdict(ours, native)
    assert "2.90 times as fast, promised 3 on a GPU: not kept" in said
    assert said.endswith("difference +0.15 ± 0.05 px (standard error; seeds: 2): worse")


def test_one_seed_has_no_spread(table: Any) -> None:
    ours, native = _row(table, [10], [3.01]), _row(table, [30], [3.0])
    assert table.verdict(ours, native).endswith(": worse")
    assert table.verdict(native, ours).endswith(": no worse")


def test_tells_a_training_without_a_score(table: Any) -> None:
    ours, native = _row(table, [10], [None]), _row(table, [30], [3.0])
    assert "test error ours - px, by hand 3.00 px, no difference" in table.verdict(ours, native)


def test_figures_agree_to_the_rounding_of_two_decimals(table: Any) -> None:
    assert table.is_same(3.2149, 3.21)
    assert not table.is_same(3.2152, 3.21)
    assert table.is_same(None, None)
    assert not table.is_same(None, 3.21)
