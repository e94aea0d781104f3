"""The figures of a report. Each says the same as a table beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from dlc_batch_core.words import counted, shown
from dlc_batch_trainer.evaluation.points import ScoredPoint
from dlc_batch_trainer.report.curve import Curve, Line
from dlc_batch_trainer.report.drawing import HEIGHT, INK, ONE, QUIET, THREE, TWO, Drawn, draw

#: A scatter of more points is a cloud, and a page of megabytes (our choice).
_MOST_DOTS = 3000
_BINS = 30
#: The farthest hundredth is told in words; it would leave the rest in the first bin.
_SHOWN_SHARE = 0.99
_MANY = 100  # points; of fewer, none is left out
_LONGEST_NAME = 24
_ROW_HEIGHT, _FRAME_HEIGHT = 0.26, 0.75  # inches, of a body part and of what is around them
_MOST_DRAWN_PARTS = 60
_LOWEST_LOSS, _LEAST_ERROR_PX = 1e-12, 0.05  # for a scale that knows no zero
_MANY_POWERS = 100.0  # of ten: where a scale spans more, a number for each is enough


def draw_curve(curve: Curve) -> Drawn | None:
    """Draw loss and validation error; None without either."""
    lines = [line for line in (curve.losses, curve.errors) if line]
    if not lines:
        return None

    def paint(figure: Figure) -> None:
        axes = figure.subplots(len(lines), 1, sharex=True, squeeze=False)[:, 0]
        for axis, line in zip(axes, lines, strict=True):
            _paint_line(axis, line, is_loss=line is curve.losses)
            axis.axvline(curve.taken, color=TWO, linewidth=1.2, linestyle="--")
        axes[0].set_title(
            f"dashed: the snapshot, after {curve.taken}", fontsize=10, color=TWO, loc="right"
        )
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[-1].set_xlabel(curve.unit)

    return draw("learning", _alt_of_curve(curve), paint, 0.9 + 1.6 * len(lines))


def _paint_line(axis: Axes, line: Line, is_loss: bool) -> None:
    at, values = zip(*line, strict=True)
    axis.plot(at, values, color=ONE, marker="o" if len(line) < 20 else "", markersize=4)
    if is_loss:
        axis.set_ylabel("loss")
        if max(values) > 10 * max(min(values), _LOWEST_LOSS):
            _scale_by_powers(axis, values)
    else:
        axis.set_ylabel("validation\nerror (px)")
        axis.set_ylim(0, 1.1 * max(values) or 1.0)


def _scale_by_powers(axis: Axes, values: Sequence[float]) -> None:
    """With plain numbers: matplotlib's own are a formula, which SVG's text can't show."""
    is_wide = max(values) > _MANY_POWERS * max(min(values), _LOWEST_LOSS)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0,) if is_wide else (1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")


def _alt_of_curve(curve: Curve) -> str:
    words = []
    if curve.losses:
        first, last = curve.losses[0][1], curve.losses[-1][1]
        words.append(f"the loss goes from {first:.3g} to {last:.3g}")
    if curve.errors:
        at, least = min(curve.errors, key=lambda each: each[1])
        words.append(f"the validation error is least, {least:.2f} px, after {at} {curve.unit}")
    return f"Learning curve: {'; '.join(words)}."


def draw_body_parts(parts: Mapping[str, Mapping[str, Any]], mean: float | None) -> Drawn | None:
    """Draw the mean error of each body part with its interval; None without any."""
    known = [(name, each) for name, each in parts.items() if each["mean_px"] is not None]
    known = sorted(known, key=lambda each: -each[1]["mean_px"])[:_MOST_DRAWN_PARTS]
    if not known:
        return None

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        rows = range(len(known))
        for row, (_, each) in zip(rows, known, strict=True):
            if each.get("low_px") is not None:
                axis.plot([each["low_px"], each["high_px"]], [row, row], color=ONE, linewidth=2.5)
        axis.plot([each["mean_px"] for _, each in known], rows, "o", color=ONE, markersize=7)
        if mean is not None:
            axis.axvline(mean, color=TWO, linestyle="--", linewidth=1.2)
            axis.set_title(f"dashed: all, {mean:.2f} px", fontsize=10, color=TWO, loc="right")
        axis.set_yticks(list(rows), [_short(shown(name)) for name, _ in known])
        axis.set_xlim(left=0)
        axis.set_ylim(len(known) - 0.4, -0.6)  # the first one on top
        axis.grid(axis="y", visible=False)
        axis.set_xlabel("test error (px)")

    worst, best = known[0], known[-1]
    alt = (
        f"Error of each body part: from {best[1]['mean_px']:.2f} px ({shown(best[0])}) to"
        f" {worst[1]['mean_px']:.2f} px ({shown(worst[0])})."
    )
    return draw("body-parts", alt, paint, max(_FRAME_HEIGHT + _ROW_HEIGHT * len(known), 1.8))


def _short(name: str) -> str:
    """Cut in the middle: the names of body parts differ at their ends (paw_left_front)."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"


def draw_errors(errors: Sequence[float]) -> Drawn | None:
    """Draw how the errors of points are distributed; None without any."""
    if not errors:
        return None
    share = _SHOWN_SHARE if len(errors) >= _MANY else 1.0
    middle, most = float(np.median(errors)), float(np.quantile(errors, share))
    beyond = sum(error > most for error in errors)

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        axis.hist(
            [error for error in errors if error <= most] or errors,
            bins=min(_BINS, max(5, math.isqrt(len(errors)) * 2)),
            color=ONE,
        )
        axis.axvline(middle, color=TWO, linestyle="--", linewidth=1.2)
        axis.set_title(f"dashed: the median, {middle:.2f} px", fontsize=10, color=TWO, loc="right")
        axis.set_xlim(left=0)
        axis.grid(axis="x", visible=False)
        axis.set_xlabel("error of a point (px)")
        axis.set_ylabel("points")

    alt = f"Distribution of {len(errors)} errors: half are below {middle:.2f} px."
    more = f"Not drawn: {counted(beyond, 'points')} beyond {most:.1f} px." if beyond else ""
    return draw("errors", alt, paint, HEIGHT, more)


def draw_confidence(
    points: Sequence[ScoredPoint], pcutoff: float, far_px: float | None
) -> Drawn | None:
    """Draw confidence against error; None where nothing was found.

    Args:
        points: of the test frames.
        pcutoff: config.yaml's.
        far_px: from where on a point is wrong, as the verdict has it.
    """
    found = [
        (point.confidence, error)
        for point in points
        if (error := point.error_px) is not None and point.confidence is not None
    ]
    if not found:
        return None
    dots = found[:: math.ceil(len(found) / _MOST_DOTS)]
    sure = [error for confidence, error in found if confidence >= pcutoff]

    def paint(figure: Figure) -> None:
        axis = figure.subplots()
        confidences = [confidence for confidence, _ in dots]
        errors = [max(error, _LEAST_ERROR_PX) for _, error in dots]
        axis.plot(confidences, errors, ".", color=ONE, markersize=5)
        axis.axvline(pcutoff, color=TWO, linestyle="--", linewidth=1.2)
        title = f"dashed: pcutoff, {pcutoff:g}"
        if far_px:
            axis.axhline(far_px, color=THREE, linestyle=":", linewidth=1.6)
            title += f"; dotted: wrong, {far_px:.1f} px"
        axis.set_title(title, fontsize=10, color=INK, loc="right")
        _scale_by_powers(axis, errors)
        axis.set_xlim(-0.02, max(1.02, *confidences))
        axis.set_xlabel("confidence")
        axis.set_ylabel("error (px)")
        axis.tick_params(which="minor", color=QUIET)

    mean = f", with a mean error of {sum(sure) / len(sure):.2f} px" if sure else ""
    alt = (
        f"Confidence against error: {len(sure)} of {len(found)} points lie above pcutoff"
        f" ({pcutoff:g}){mean}."
    )
    return draw("confidence", alt, paint)
