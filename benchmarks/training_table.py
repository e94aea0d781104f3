"""What trainings took, as lines to read: pairs, levers and a verdict. Values in, text out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Training takes at most so much of the time of DeepLabCut by hand: the median of pairs on a CPU
#: (the project's promise: issue 4, "Must show" 5).
MOST_RATIO = 1.03
#: On a GPU, ours gets through so many times the images, at no larger test error ("Must show" 6).
LEAST_SPEEDUP = 3.0
#: DeepLabCut's table has two decimals; a little more than half of the last one, in pixels.
_ROUNDING_PX = 0.0051
HEADER = f"{'':<32}{'images/s':>10}{'/ by hand':>11}   test error (px), mean (range)"


@dataclass(frozen=True)
class Taken:
    """What one training took, and what came of it."""

    seed: int
    seconds: float
    images: int
    test_rmse_px: float | None  # by DeepLabCut's evaluation; None: it found nothing

    @property
    def speed(self) -> float:
        """Images a second."""
        return self.images / self.seconds


@dataclass(frozen=True)
class Row:
    """All trainings of one kind."""

    name: str
    taken: Sequence[Taken]

    @property
    def speed(self) -> float:
        """Images a second, the median."""
        return statistics.median(each.speed for each in self.taken)

    @property
    def errors(self) -> dict[int, float]:
        """Test error in pixels by seed; the mean where one seed was trained more than once."""
        found: dict[int, list[float]] = {}
        for each in self.taken:
            if each.test_rmse_px is not None:
                found.setdefault(each.seed, []).append(each.test_rmse_px)
        return {seed: statistics.mean(each) for seed, each in found.items()}


@dataclass(frozen=True)
class Difference:
    """Of the test errors of two kinds of training, seed by seed: ours - by hand, in pixels."""

    mean: float
    standard_error: float  # 0 with one seed

    @classmethod
    def of(cls, ours: Row, native: Row) -> Difference | None:
        """Return None where no seed has both errors."""
        theirs = native.errors
        each = [error - theirs[seed] for seed, error in ours.errors.items() if seed in theirs]
        if not each:
            return None
        spread = statistics.stdev(each) / math.sqrt(len(each)) if len(each) > 1 else 0.0
        return cls(statistics.mean(each), spread)

    @property
    def is_worse(self) -> bool:
        """Whether ours is worse by more than seeds differ."""
        return self.mean > self.standard_error


def pair_line(number: int, ours: Taken, native: Taken) -> str:
    """Say what one pair took."""
    return (
        f"pair {number} (seed {ours.seed}): ours {ours.seconds:.2f} s, {_px(ours.test_rmse_px)};"
        f" by hand {native.seconds:.2f} s, {_px(native.test_rmse_px)};"
        f" ours / by hand {ours.seconds / native.seconds:.3f}"
    )


def ratio_of(ours: Row, native: Row) -> float:
    """Return the median over pairs of the time of ours / that of DeepLabCut by hand."""
    return statistics.median(_ratios(ours, native))


def ratio_lines(ours: Row, native: Row) -> str:
    """Say what all pairs took."""
    ratios = _ratios(ours, native)
    return (
        f"median of {len(ratios)} ratios of time, ours / by hand: {ratio_of(ours, native):.3f}"
        f" ({min(ratios):.3f} to {max(ratios):.3f})\n"
        f"images a second: ours {ours.speed:.1f}, by hand {native.speed:.1f},"
        f" ours / by hand {ours.speed / native.speed:.2f}"
    )


def is_same(ours: float | None, native: float | None) -> bool:
    """Tell whether two figures in pixels agree, to the rounding of DeepLabCut's table."""
    if ours is None or native is None:
        return ours is native
    return abs(ours - native) <= _ROUNDING_PX


def score_line(name: str, ours: float | None, native: float | None) -> str:
    """Return the line of one figure of the same snapshot."""
    shown = ["none" if value is None else f"{value:.2f}" for value in (ours, native)]
    return f"  {name:<36} ours {shown[0]:>8}   by hand {shown[1]:>8}"


def table_line(row: Row, native: Row) -> str:
    """Return the row of the table of levers."""
    ratio = row.speed / native.speed
    return f"{row.name:<32}{row.speed:>10.1f}{ratio:>11.2f}   {_errors(row)}"


def failed_line(name: str, reason: str) -> str:
    """Return the row of a kind of training that failed."""
    return f"{name:<32}failed: {reason}"


def verdict(ours: Row, native: Row) -> str:
    """Judge the two promises of a GPU in one line."""
    speedup = ours.speed / native.speed
    is_fast = "kept" if speedup >= LEAST_SPEEDUP else "not kept"
    difference = Difference.of(ours, native)
    judged = "no difference can be told"
    if difference is not None:
        word = "worse" if difference.is_worse else "no worse"
        judged = (
            f"difference {difference.mean:+.2f} ± {difference.standard_error:.2f} px (standard"
            f" error; seeds: {len(ours.errors)}): {word}"
        )
    return (
        f"verdict: images a second ours {ours.speed:.1f}, by hand {native.speed:.1f}:"
        f" {speedup:.2f} times as fast, promised {LEAST_SPEEDUP:g} on a GPU: {is_fast};"
        f" test error ours {_errors(ours)} px, by hand {_errors(native)} px, {judged}"
    )


def _ratios(ours: Row, native: Row) -> list[float]:
    pairs = zip(ours.taken, native.taken, strict=True)
    return [mine.seconds / theirs.seconds for mine, theirs in pairs]


def _errors(row: Row) -> str:
    errors = sorted(row.errors.values())
    if not errors:
        return "-"
    mean = f"{statistics.mean(errors):.2f}"
    return f"{mean} ({errors[0]:.2f} to {errors[-1]:.2f})" if len(errors) > 1 else mean


def _px(error: float | None) -> str:
    return "no error" if error is None else f"{error:.2f} px"
