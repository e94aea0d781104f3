"""Which waiting job is next, and which has waited for too long: pure rules of Batch's queues."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dlc_batch.local.batch_jobs import JobRecord


@dataclass(frozen=True)
class Prospects:
    """What a job may hope for in its queue."""

    has_computer: bool = True  # one of the queue's compute environments is enabled
    wait_s: float | None = None  # the longest it may wait for one; None: for ever
    reason: str = ""  # told when that is over


@dataclass
class Shares:
    """Fair shares: next is the share that had the fewest jobs since the queue was last empty.

    AWS weighs vCPU seconds, and lets them decay over time (Batch user guide, fair-share
    scheduling).
    """

    _started: Counter[str] = field(default_factory=Counter)

    def next(self, waiting: Sequence[JobRecord]) -> JobRecord | None:
        """Choose the first job of the share that had the least; None: none waits."""
        if not waiting:
            self._started.clear()
            return None
        chosen = min(waiting, key=lambda job: self._started[_share(job)])
        self._started[_share(chosen)] += 1
        return chosen


def _share(job: JobRecord) -> str:
    return str(job.get("shareIdentifier", ""))


def prospects_in(queue: dict[str, Any], environments: Sequence[dict[str, Any]]) -> Prospects:
    """What a job may hope for in a queue with these compute environments.

    Here a computer lacks where all environments are disabled, and that counts as AWS's lack of
    capacity.
    """
    if any(each["state"] == "ENABLED" for each in environments):
        return Prospects()
    limits = queue.get("jobStateTimeLimitActions") or []
    for limit in limits:
        if str(limit["reason"]).startswith("CAPACITY:"):
            return Prospects(False, float(limit["maxTimeSeconds"]), str(limit["reason"]))
    return Prospects(has_computer=False)


def is_overdue(job: JobRecord, prospects: Prospects, now_ms: int, scale: float) -> bool:
    """Whether a job has waited longer than its queue lets it."""
    if prospects.wait_s is None:
        return False
    return now_ms - int(job["_runnable_since"]) > 1000 * scale * prospects.wait_s
