"""Looks at runs, for whichever page asks: curves are remembered as long as the console runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dlc_batch.cloud import Cloud
from dlc_batch.console.memory import Fresh, Recent
from dlc_batch.runs import RunStatus, list_runs, status_of
from dlc_batch.watching import Seen, Watch
from dlc_batch_core.run import Run, Status

#: Seconds between two looks, however many pages are open (our choice).
_EVERY = 3.0
_EVERY_LIST = 5.0
_RUNS = 100
#: Of the newest that train, the list tells how far they are.
_TOLD = 20


@dataclass
class _Watched:
    watch: Watch | None = None
    fresh: Fresh[Seen] = field(default_factory=lambda: Fresh(_EVERY))


class Looks:
    """What was seen of runs."""

    def __init__(self) -> None:
        self._watched: Recent[str, _Watched] = Recent(lambda _: _Watched(), _RUNS)
        self._lists: Recent[str | None, Fresh[tuple[RunStatus, ...]]] = Recent(
            lambda _: Fresh(_EVERY_LIST), _RUNS
        )

    def at(self, cloud: Cloud, run_id: str) -> Seen:
        """Return how a run is.

        Raises:
            LabError: there is no such run.
            CloudError: it can't be seen now.
        """
        kept = self._watched.get(run_id)

        def look() -> Seen:
            if kept.watch is None:
                kept.watch = Watch(cloud, run_id)
            kept.watch.cloud = cloud
            return kept.watch.look()

        return kept.fresh.get(look)

    def all(self, cloud: Cloud) -> tuple[RunStatus, ...]:
        """Return the runs that the user may see, newest first; of those that train, how far."""
        return self._lists.get(cloud.lab).get(lambda: tuple(_told(cloud)))

    def forget(self, run_id: str, cloud: Cloud) -> None:
        """Look anew at a run that something was done about."""
        self._watched.get(run_id).fresh.expire()
        self._lists.get(cloud.lab).expire()


def _told(cloud: Cloud) -> Sequence[RunStatus]:
    runs = list_runs(cloud, cloud.lab)
    training = [run.run_id for run in runs if run.status is Status.RUNNING][:_TOLD]
    return [_status(cloud, run, run.run_id in training) for run in runs]


def _status(cloud: Cloud, run: Run, is_told: bool) -> RunStatus:
    return status_of(cloud, run) if is_told else RunStatus.from_record(run)
