"""The rows of a report's tables, in words and numbers as the page shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dlc_batch_core.words import counted
from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint, video_of
from dlc_batch_trainer.report.cost import Bill
from dlc_batch_trainer.report.curve import Curve

#: A cell; None is shown as a dash.
Row = list[str | None]
_MOST_CURVE_ROWS = 25
_QUANTILES = (0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
_MOST_POINTS = 20  # that a person looks at
_CONFIDENCES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)


def px(value: float | None) -> str | None:
    """Return a length in pixels."""
    return None if value is None else f"{value:.2f}"


def time_of(seconds: float | None) -> str | None:
    """Return a time as people say it."""
    if seconds is None:
        return None
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def scores(metrics: Mapping[str, float], sure: Mapping[str, int]) -> list[Row]:
    """Errors and numbers of frames, of the three sides of the split.

    Args:
        sure: how many points are above pcutoff, by side, where that is known.
    """
    sides = ("test", "validation", "train")
    low, high = metrics.get("test_rmse_low_px"), metrics.get("test_rmse_high_px")
    interval = None if low is None or high is None else f"{low:.2f} to {high:.2f}"
    rows: list[Row] = [
        ["error, px", *(px(metrics.get(f"{side}_rmse_px")) for side in sides)],
        ["95 % interval, px", interval, None, None],
        ["error above pcutoff, px", *(_above_pcutoff(metrics, side, sure) for side in sides)],
    ]
    kept = [row for row in rows if any(row[1:])]
    return [*kept, ["frames", *(f"{int(metrics.get(f'{s}_frames', 0))}" for s in sides)]]


def _above_pcutoff(metrics: Mapping[str, float], side: str, sure: Mapping[str, int]) -> str | None:
    error = px(metrics.get(f"{side}_rmse_pcutoff_px"))
    of = f" (of {counted(sure[side], 'points')})" if side in sure else ""
    return error and f"{error}{of}"


def more_scores(metrics: Mapping[str, float]) -> list[Row]:
    """What only several animals have."""
    names = (
        ("test_map", "mAP, %"),
        ("test_mar", "mAR, %"),
        ("test_rmse_deeplabcut_px", "DeepLabCut's own error, which leaves far ones out, px"),
    )
    return [[text, f"{metrics[name]:.2f}"] for name, text in names if name in metrics]


def body_parts(parts: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Errors of each body part, in the project's order."""
    return [
        [
            name,
            px(each["mean_px"]),
            _interval(each),
            px(each["mean_pcutoff_px"]),
            str(each["points"]),
            str(each["missed"]),
        ]
        for name, each in parts.items()
    ]


def _interval(each: Mapping[str, Any]) -> str | None:
    if each.get("low_px") is None:
        return None
    return f"{each['low_px']:.2f} to {each['high_px']:.2f}"


def curve(found: Curve) -> list[Row]:
    """The learning curve, thinned to what can be read."""
    losses, errors = dict(found.losses), dict(found.errors)
    at = sorted({*losses, *errors})
    step = -(-len(at) // _MOST_CURVE_ROWS) if at else 1
    wanted = {*at[::step], *at[-1:], *({found.taken} & set(at))}
    return [
        [str(n), None if n not in losses else f"{losses[n]:.4g}", px(errors.get(n))]
        for n in sorted(wanted)
    ]


def quantiles(errors: Sequence[float]) -> list[Row]:
    """Below which error which share of the points lies."""
    if not errors:
        return []
    return [[f"{100 * q:g} %", f"{np.quantile(errors, q):.2f}"] for q in _QUANTILES]


def confidences(points: Iterable[ScoredPoint], far_px: float | None) -> list[Row]:
    """Points by confidence: how many, how far off, and how many of them wrong."""
    found: list[list[float]] = [[] for _ in _CONFIDENCES]
    for point in points:
        error = point.error_px
        if point.confidence is not None and error is not None:
            place = sum(point.confidence >= least for least in _CONFIDENCES) - 1
            found[max(place, 0)].append(error)
    ends = (*_CONFIDENCES[1:], 1.0)
    return [
        [
            f"{least:g} to {end:g}",
            str(len(errors)),
            px(sum(errors) / len(errors)) if errors else None,
            None if far_px is None else str(sum(error > far_px for error in errors)),
        ]
        for least, end, errors in zip(_CONFIDENCES, ends, found, strict=True)
    ]


def sure_and_wrong(frames: Iterable[ScoredFrame], wrong: Sequence[ScoredPoint]) -> list[Row]:
    """The points of which the network was sure, and that are far off: the farthest first."""
    of = {id(point): frame.image for frame in frames for point in frame.points}
    ranked = sorted(wrong, key=lambda point: -(point.error_px or 0.0))[:_MOST_POINTS]
    return [[of[id(p)], name_of(p), px(p.error_px), f"{p.confidence or 0.0:.2f}"] for p in ranked]


def doubtful(frames: Iterable[ScoredFrame]) -> list[Row]:
    """Training frames that the network misses all the same, and which point the farthest."""
    rows: list[Row] = []
    for frame in frames:
        missed = [point for point in frame.points if point.error_px is None]
        far = max(frame.points, key=lambda point: point.error_px or 0.0)
        which = f"{name_of(far)}, {far.error_px:.1f} px" if far.error_px is not None else None
        rows.append([frame.image, px(frame.error_px), which, str(len(missed))])
    return rows


def name_of(point: ScoredPoint) -> str:
    """Return the body part, after the animal where there are several."""
    return " ".join(filter(None, (point.individual, point.body_part)))


def split(found: Mapping[str, Any]) -> list[Row]:
    """How many frames of each video are for what."""
    sides = ("train", "validation", "test")
    counts = {side: Counter(video_of(image) for image in found[side]) for side in sides}
    videos = sorted({video for each in counts.values() for video in each})
    return [[video, *(str(counts[side][video]) for side in sides)] for video in videos]


def stages(bill: Bill) -> list[Row]:
    """How long each stage took, and all together."""
    total = sum(seconds for _, seconds in bill.stages)
    return [
        *([name, time_of(seconds)] for name, seconds in bill.stages),
        ["together", time_of(total)],
    ]


def attempts(bill: Bill) -> list[Row]:
    """The computers that worked on it; none where there was one, and it was none of AWS's."""
    if len(bill.attempts) == 1 and not bill.attempts[0].instance_type:
        return []
    return [
        [
            str(each.number),
            " ".join(filter(None, (each.instance_type, each.life_cycle))) or "not known",
            time_of(each.seconds),
            None if each.dollars is None else f"{each.dollars:.2f}",
        ]
        for each in bill.attempts
    ]


def record(run: Mapping[str, Any]) -> list[Row]:
    """What it takes to repeat the training, in brief."""
    hardware, upload = run["hardware"], run["upload"]
    gpu = hardware.get("gpu")
    computer = gpu["name"] if gpu else f"{counted(hardware['cores'], 'cores')}, no GPU"
    weights = run["request"]["weights"]
    names = ("deeplabcut", "torch", "tensorflow", "numpy", "python")
    versions = (f"{name} {run['versions'][name]}" for name in names if name in run["versions"])
    return [
        ["upload", str(upload.get("key", ""))],
        ["version of the upload", upload.get("version_id")],
        ["hash of the labels", str(run["labels_sha256"])],
        ["seed", str(run["split"]["seed"])],
        ["weights it began from", f"{weights}, hash {run['began_from'].get('pose_sha256', '?')}"],
        *_networks(run["request"]),
        ["versions", ", ".join(versions)],
        ["computer", " ".join(filter(None, (computer, hardware.get("instance_type"))))],
        ["container's image", run["image"]],
        ["changed in dlc-batch.yaml", _overrides(run["request"])],
    ]


def _networks(request: Mapping[str, Any]) -> list[Row]:
    networks = (request.get("cameras") or {}).get("networks") or {}
    return [[f"network for {camera}", f"that of run {run}"] for camera, run in networks.items()]


def _overrides(request: Mapping[str, Any]) -> str | None:
    overrides = request.get("overrides") or {}
    return ", ".join(f"{name}: {value}" for name, value in overrides.items()) or None
