"""What a run is at, in the words of a status line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from statistics import fmean

from dlc_batch_core.costs import Cost
from dlc_batch_core.fall_back import SPOT
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status
from dlc_batch_core.stages import duration_words, progress_words

#: By the name of a metric, in the order that they are read in: words, unit, and whether less is
#: better (None: neither).
SCORES: Mapping[str, tuple[str, str, bool | None]] = {
    "test_rmse_px": ("Error on test frames", "px", True),
    "test_rmse_low_px": ("95 % interval from", "px", None),
    "test_rmse_high_px": ("95 % interval to", "px", None),
    "test_interval_videos": ("Videos that the interval is of", "", None),
    "test_interval_stretches": ("Stretches of frames that the interval is of", "", None),
    "test_interval_instants": ("Instants that the interval is of", "", None),
    "test_rmse_pcutoff_px": ("Error on test frames, confident points only", "px", True),
    "validation_rmse_px": ("Error on validation frames", "px", True),
    "train_rmse_px": ("Error on training frames", "px", True),
    "train_rmse_pcutoff_px": ("Error on training frames, confident points only", "px", True),
    "test_map": ("mAP on test frames", "%", False),
    "test_mar": ("mAR on test frames", "%", False),
    "train_frames": ("Training frames", "", None),
    "validation_frames": ("Validation frames", "", None),
    "test_frames": ("Test frames", "", None),
    "recordings_asked": ("Recordings of several cameras", "", None),
    "recordings": ("Recordings put together in space", "", None),
    "points_percent": ("Points that are in space", "%", False),
    "calibration_px": ("Error of the cameras' calibration", "px", True),
    "reprojection_px": ("Points in space miss the predictions by", "px", True),
    "error_mm": ("Standard error of a point in space", "mm", True),
}
#: What a training that is stopped leaves.
_KEPT = "its best network so far (its last, where no validation has run yet)"
STOP_QUESTION = f"Its training ends now. I{_KEPT[1:]} is scored, and its results are sent as ever."
#: What was done about a shuffle, by what was asked for and by the words of ending.How.
CANCELLED: Mapping[str, str] = {
    "cancelled": "It waited for a computer, and will not start.",
    "told": "It is told to end, and does so within half a minute of its next step.",
    "killed": "Its process is ended now.",
    "over": "It has just ended by itself.",
}
STOPPED: Mapping[str, str] = {
    "told": f"It ends at its next step; {_KEPT} is scored then, and sent.",
    "left": "It has not begun, and goes on waiting. To end it, cancel it.",
}
_BEGUN = "a computer was found, and loads the training program"


def doing(run: Run, progress: Progress | None, job_state: str = "") -> str:
    """Return what a training does now; of one that has ended, what became of it.

    Args:
        run: the record of a run, or of one of its shuffles.
        job_state: of its job, as AWS Batch has it; empty where it is not known.
    """
    if run.status.is_final:
        return run.message
    if run.status is Status.SUBMITTING:
        return "the project is being checked"
    if job_state in ("SUBMITTED", "PENDING", "RUNNABLE"):
        return _waiting(run)
    if job_state == "STARTING":
        return _BEGUN
    if job_state in ("SUCCEEDED", "FAILED"):
        return "its job has ended; the result is being recorded"
    if progress is not None:
        return progress_words(progress)
    return _waiting(run) if run.status is Status.QUEUED else "the training program starts"


def _waiting(run: Run) -> str:
    # the local cloud has no Spot, and waits like this for the training before
    computer = "a computer" if run.submission == SPOT else "an On-Demand computer"
    if run.attempt:
        return f"interrupted; waits for {computer}, and goes on from its checkpoint"
    return f"waits for {computer}"


def figures(progress: Progress) -> str:
    """Return a training's figures on one line: loss, error, speed, time left."""
    validation = progress.metrics.get("validation_rmse_px")
    left = progress.seconds_left
    of = " of the detector" if progress.phase == "detector" else ""
    texts = [
        f"loss {progress.loss:.5f}" if progress.loss is not None else "",
        f"validation error {validation:.2f} px" if validation is not None else "",
        f"{progress.images_per_second:.1f} images/s" if progress.images_per_second else "",
        f"about {duration_words(left)} left{of}" if left is not None else "",
    ]
    return ", ".join(text for text in texts if text) if progress.stage == "train" else ""


def attempt_words(run: Run) -> str:
    """Return which attempt it is, and on what computer; empty for a first one on Spot."""
    texts = [f"attempt {run.attempt}"] * (run.attempt > 1)
    texts += ["On-Demand"] * (run.submission != SPOT)
    return ", ".join(texts)


def ago(time: str, now: float) -> str:
    """Return how long ago a time of a record is; empty for none.

    Args:
        now: seconds since the epoch.
    """
    return f"{duration_words(now - _seconds(time))} ago" if time else ""


def local_time(time: str) -> str:
    """Return a time of a record as this computer's clock has it; empty for none."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M") if time else ""


def lasted(run: Run, now: float) -> str:
    """Return how long a run has taken since its upload, to its end or to now."""
    if not run.submitted_at:
        return ""
    end = _seconds(run.updated_at) if run.status.is_final and run.updated_at else now
    return duration_words(end - _seconds(run.submitted_at))


def short_cost(run: Run) -> str:
    """Return what a run came to, such as `0.42 $`; empty where nothing was paid for."""
    if not run.cost:
        return ""
    cost = Cost.from_dict(run.cost)
    return f"{'< ' if cost.is_at_most else ''}{cost.dollars:.2f} $"


def short_error(run: Run) -> str:
    """Return the error on test frames, such as `4.21 px`; empty where there is none."""
    error = run.metrics.get("test_rmse_px")
    return f"{error:.2f} px" if error is not None and math.isfinite(error) else ""


def in_space(run: Run) -> dict[str, float]:
    """Return the figures of a run's poses in space; of several shuffles their means."""
    found = [FollowUp.from_dict(each.follow_up).in_space for each in run.parts or (run,)]
    names = dict.fromkeys(name for each in found for name in each)
    return {name: fmean(each[name] for each in found if name in each) for name in names}


def score_lines(metrics: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each score of a training: what it is, its value and its unit."""
    known = [*(name for name in SCORES if name in metrics), *sorted(set(metrics) - set(SCORES))]
    for name in known:
        words, unit, _ = SCORES.get(name, (name.replace("_", " "), "", None))
        value = metrics[name]
        text = f"{value:.2f}" if value % 1 or unit else f"{value:.0f}"
        yield f"  {words:<50} {text:>10} {unit}".rstrip()


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
