"""Getting a run's results: into the project's folder, never over what differs unless told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dlc_batch.cloud import Cloud
from dlc_batch.fetching.changes import Changes, compare
from dlc_batch.fetching.downloads import bring, bytes_waiting
from dlc_batch.fetching.folder import (
    check_names,
    check_room,
    disk_errors_as_ours,
    left_by_others,
    locked,
    waiting_folder,
)
from dlc_batch.fetching.names import check_lengths
from dlc_batch.fetching.placing import Placed, begun, finish_begun, place, plan
from dlc_batch.fetching.projects import OtherProject, check_project
from dlc_batch.fetching.proof import Proofs
from dlc_batch.fetching.results import Result, list_results
from dlc_batch.fetching.store import Store
from dlc_batch.patience import MINUTES, Patience
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run

__all__ = [
    "Changes",
    "Fetched",
    "OtherProject",
    "Result",
    "check_project",
    "fetch",
    "list_results",
    "preview",
]


@dataclass(frozen=True)
class Fetched:
    """What a fetch did, by path below the folder."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]  # earlier files that were replaced, under their new names


def _nothing(_: object) -> None:
    """Tell nobody."""


def _no(_: Changes) -> bool:
    """Replace nothing."""
    return False


def fetch(
    cloud: Cloud,
    run: Run,
    results: tuple[Result, ...],
    folder: Path,
    overwrite: bool = False,
    got: Callable[[int], object] = _nothing,
    *,
    told: Callable[[str], object] = _nothing,
    ask: Callable[[Changes], bool] = _no,
    minutes: float = MINUTES,
    read: Callable[[int], object] = _nothing,
    other_project: bool = False,
) -> Fetched:
    """Bring results into a folder; all of them, or none.

    All files are downloaded first, below a hidden folder there, and only then put in place. A
    fetch that was broken off, however, is gone on with by the next: no file is got twice, and
    what it had begun to put in place is finished first.

    A file that is there and differs is replaced only by leave, and then kept as NAME.before-RUN.
    So is another snapshot of the same shuffle. `config.yaml` is never touched.

    Args:
        overwrite: the leave, for whatever differs.
        got: is told the bytes as they come, in all as many as the results have.
        told: is told in words what goes wrong and is tried again, and what other fetches left.
        ask: is asked for leave otherwise; by default it is not given.
        minutes: how long a lost network is waited for.
        read: is told the bytes of files as they are read here to be verified: what is there
            already, and what has come. By several threads.
        other_project: go ahead although the folder is of another project than the run.

    Raises:
        OtherProject: the folder is of another project; a LabError.
        LabError: files are there that differ; another fetch into the folder is under way; the
            disk is full or refuses; or this computer can't have files of such names.
        CloudError: S3 refuses, can't be reached, or gives other bytes than the run left.
    """
    store = Store.of(cloud, Patience(told, minutes))
    _check_names(results, folder)
    if not other_project:
        check_project(results, folder)
    with disk_errors_as_ours(folder), locked(folder):
        before = finish_begun(folder).get(run.run_id, Placed())
        for sentence in left_by_others(folder, run.run_id):
            told(sentence)
        visit = _Visit(store, run, results, folder, Proofs(store, results, read))
        changes = visit.compare()
        leave = None if overwrite else _leave(changes, ask)
        got(sum(result.size for result in changes.unchanged))
        placed = Placed()
        if changes.to_write or changes.rivals:
            placed = place(visit.bring(changes, leave, got), visit.waiting, run.run_id)
    written = (*before.written, *placed.written)
    unchanged = (str(each.path) for each in changes.unchanged)
    same = tuple(path for path in unchanged if path not in written)
    return Fetched(written, same, (*before.kept, *placed.kept))


def preview(
    cloud: Cloud,
    run: Run,
    results: tuple[Result, ...],
    folder: Path,
    told: Callable[[str], object] = _nothing,
    read: Callable[[int], object] = _nothing,
    other_project: bool = False,
) -> Changes:
    """Return what `fetch` would do, without writing anything.

    Args:
        told, read, other_project: as `fetch` has them.

    Raises:
        LabError, CloudError: as `fetch` does.
    """
    _check_names(results, folder)
    if not other_project:
        check_project(results, folder)
    if begun(folder):
        told("An earlier fetch was broken off as it put files in place. The next finishes that.")
    store = Store.of(cloud, Patience(told))
    with disk_errors_as_ours(folder):
        for sentence in left_by_others(folder, run.run_id):
            told(sentence)
        visit = _Visit(store, run, results, folder, Proofs(store, results, read))
        changes = visit.compare()
        if folder.exists():
            visit.check_place(changes)
    return changes


@dataclass(frozen=True)
class _Visit:
    """One look after a run's results in a folder."""

    store: Store
    run: Run
    results: tuple[Result, ...]
    folder: Path
    proofs: Proofs

    @property
    def waiting(self) -> Path:
        return waiting_folder(self.folder, self.run.run_id)

    def compare(self) -> Changes:
        return compare(self.store, self.results, self.proofs, self.folder)

    def check_place(self, changes: Changes) -> None:
        """Raise LabError where there is no room, or no name for what is to be kept."""
        plan(changes, self.run.run_id)
        to_come = (each.size - bytes_waiting(each, self.waiting) for each in changes.to_write)
        check_room(self.folder, sum(to_come))

    def bring(
        self, changes: Changes, leave: set[str] | None, got: Callable[[int], object]
    ) -> Changes:
        """Have all that differs wait, and return the changes as they then are.

        Somebody may write to the folder meanwhile. What was alike and no longer is comes too.

        Args:
            leave: the files that may be replaced; None: any.

        Raises:
            LabError: others now differ as well.
        """
        while True:
            self.check_place(changes)
            bring(self.store, changes.to_write, self.proofs, self.waiting, got)
            now = self.compare()
            if more := [path for path in now.differing if leave is not None and path not in leave]:
                raise _differ(now, tuple(more))
            if set(now.to_write) <= set(changes.to_write):
                return now
            changes, got = now, _nothing  # all were counted before


def _check_names(results: tuple[Result, ...], folder: Path) -> None:
    paths = [result.path for result in results]
    check_names(paths, folder.absolute())
    check_lengths(paths, folder)


def _leave(changes: Changes, ask: Callable[[Changes], bool]) -> set[str]:
    """Return the files that may be replaced."""
    if changes.differing and not ask(changes):
        raise _differ(changes, changes.differing)
    return set(changes.differing)


def _differ(changes: Changes, paths: tuple[str, ...]) -> LabError:
    return LabError(
        f"These files of {changes.folder} are there already and differ:\n"
        + "\n".join(f"  {path}" for path in paths),
        "Nothing was changed. --overwrite replaces them, and keeps each as NAME.before-RUN.",
    )
