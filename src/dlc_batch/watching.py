"""A run as it goes on: looked at again and again, through whatever becomes of the connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.runs import NoSuchRun, RunStatus, may_appear, read_status
from dlc_batch_core.aws import BatchQueue
from dlc_batch_core.errors import OutageError
from dlc_batch_core.progress import Progress

#: How often a run is looked at, in seconds (our choice): its progress is written each 15 at most.
EVERY = 5.0
#: Longest pause between two tries where the connection is broken, in seconds (our choice).
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Seen:
    """One look at a run. Where the connection is broken, it is the last one that succeeded."""

    status: RunStatus
    job_states: Mapping[int, str]  # as AWS Batch has them, by shuffle; of what has not ended
    curves: Mapping[int, Mapping[int, float]]  # by shuffle: losses by the epochs that were seen
    at: float  # when, in seconds since the epoch
    trouble: str = ""  # why there is no newer look

    @property
    def losses(self) -> Mapping[int, tuple[float, ...]]:
        """Return each shuffle's losses, in the order of their epochs."""
        return {shuffle: tuple(curve.values()) for shuffle, curve in self.curves.items()}

    @property
    def records(self) -> tuple[RunStatus, ...]:
        """Return the run's trainings: its shuffles, or itself."""
        return self.status.parts or (self.status,)


@dataclass
class Watch:
    """Yields looks at a run, until it has ended.

    Raises:
        LabError, CloudError: there is nothing to see, or not before somebody has acted.
    """

    cloud: Cloud
    run_id: str
    every: float = EVERY
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.time
    _curves: dict[int, dict[tuple[str, int], float]] = field(default_factory=dict)
    _last: Seen | None = None
    _failed: int = 0  # looks, one after another

    def __iter__(self) -> Iterator[Seen]:
        began = self.clock()
        while True:
            try:
                seen = self.look()
                self._failed = 0
            except NoSuchRun:
                if not may_appear(self.run_id, self.clock() - began):
                    raise
                self.sleep(self.every)
                continue
            except OutageError as error:
                self._failed += 1
                if self._last is None:  # nothing was ever seen: the first look must succeed
                    raise
                seen = Seen(**{**vars(self._last), "trouble": error.message})
            yield seen
            if not seen.trouble and seen.status.run.status.is_final:
                return
            self.sleep(min(self.every * 2 ** min(self._failed, 10), self._longest))

    @property
    def _longest(self) -> float:
        return max(self.every, _LONGEST_PAUSE) if self._failed else self.every

    def look(self) -> Seen:
        """Look once.

        Raises:
            LabError, CloudError: there is nothing to see; OutageError, a CloudError, passes.
        """
        status = read_status(self.cloud, self.run_id)
        for each in status.parts or (status,):
            if each.progress is not None:
                self._remember(each.run.shuffle, each.progress)
        curves = {shuffle: _of_phase(curve) for shuffle, curve in self._curves.items()}
        self._last = Seen(status, self._job_states(status), curves, self.clock())
        return self._last

    def _remember(self, shuffle: int, progress: Progress) -> None:
        if progress.stage != "train" or progress.loss is None:
            return
        curve = self._curves.setdefault(shuffle, {})
        place = (progress.phase, progress.epoch if progress.epochs else progress.step)
        curve.pop(place, None)  # so that the newest stands last
        curve[place] = progress.loss

    def _job_states(self, status: RunStatus) -> dict[int, str]:
        open_ = [each.run for each in status.parts or (status,) if not each.run.status.is_final]
        by_job = {run.job_id: run.shuffle for run in open_ if run.job_id}
        if not by_job or status.run.status.is_final:
            return {}
        queue = BatchQueue(self.cloud.client("batch"), self.cloud.job_queue)
        with aws_errors_as_ours(self.cloud):
            jobs = queue.describe(list(by_job))
        return {by_job[job_id]: str(job["status"]) for job_id, job in jobs.items()}


def _of_phase(curve: dict[tuple[str, int], float]) -> dict[int, float]:
    """Return the losses of the phase that was seen last, in the order of their epochs.

    What was trained again from a checkpoint counts once, as it was the last time.
    """
    phase = next(reversed(curve))[0]
    return {place: loss for (name, place), loss in sorted(curve.items()) if name == phase}
