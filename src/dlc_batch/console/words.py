"""How templates say things."""

from __future__ import annotations

import time
from collections.abc import Callable

from dlc_batch import wording
from dlc_batch.runs import RunStatus
from dlc_batch_core.money import cost_of, quote_of
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status

_STATES = {
    Status.SUBMITTING: "being checked",
    Status.QUEUED: "waiting",
    Status.RUNNING: "training",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.REJECTED: "rejected",
}


def state(status: Status) -> str:
    """Return a run's state in a word or two."""
    return _STATES[status]


def size(count: float) -> str:
    """Return a number of bytes, in the units that disks are sold by."""
    if count < 1e5:
        return f"{count / 1e3:,.1f} kB"
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.2f} GB"


def ago(run: Run) -> str:
    """Return how long ago a run was sent."""
    return wording.ago(run.submitted_at, time.time())


def lasted(run: Run) -> str:
    """Return how long a run has taken."""
    return wording.lasted(run, time.time())


def doing(status: RunStatus, job_state: str = "") -> str:
    """Return what a run, or a shuffle of it, does."""
    return wording.doing(status.run, status.progress, job_state)


def money(run: Run) -> str:
    """Return what a run came to, or may come to."""
    return cost_of(run) if run.status.is_final else quote_of(run)


def share_done(progress: Progress | None) -> int | None:
    """Return how much of its stage is done, in percent; None where it has no measure."""
    if progress is None:
        return None
    done, total = 0.0, 0.0
    if progress.stage == "train":
        done, total = (
            (progress.epoch, progress.epochs)
            if progress.epochs
            else (progress.step, progress.steps)
        )
    elif progress.stage in ("fetch", "unpack"):
        done, total = progress.bytes_done, progress.bytes_total
    elif progress.stage == "after":
        done, total = progress.video - 1, progress.videos
    return round(100 * min(1.0, max(0.0, done / total))) if total else None


FILTERS: dict[str, Callable[..., object]] = {
    "ago": ago,
    "attempt": wording.attempt_words,
    "doing": doing,
    "figures": wording.figures,
    "lasted": lasted,
    "local_time": wording.local_time,
    "money": money,
    "share_done": share_done,
    "short_cost": wording.short_cost,
    "size": size,
    "state": state,
}
