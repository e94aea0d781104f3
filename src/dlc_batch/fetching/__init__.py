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
    locked,
    waiting_folder,
)
from dlc_batch.fetching.placing import Placed, begun, finish_begun, place
from dlc_batch.fetching.proof import Proofs
from dlc_batch.fetching.results import Result, list_results
from dlc_batch.fetching.store import Store
from dlc_batch.patience import MINUTES, Patience
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run

__all__ = ["Changes", "Fetched", "Result", "fetch", "list_results", "preview"]


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
        told: is told in words what goes wrong and is tried again.
        ask: is asked for leave otherwise; by default it is not given.
        minutes: how long a lost network is waited for.

    Raises:
        LabError: files are there that differ; another fetch into the folder is under way; the
            disk is full or refuses; or this computer can't have files of such names.
        CloudError: S3 refuses, can't be reached, or gives other bytes than the run left.
    """
    store = Store.of(cloud, Patience(told, minutes))
    _check_names(results, folder)
    with disk_errors_as_ours(folder), locked(folder):
        before = finish_begun(folder).get(run.run_id, Placed())
        proofs = Proofs(store, results)
        changes = compare(store, results, proofs, folder)
        leave = _leave(changes, overwrite, ask)
        got(sum(result.size for result in changes.unchanged))
        placed = Placed()
        if changes.to_write or changes.rivals:
            waiting = waiting_folder(folder, run.run_id)
            _check_room(changes, waiting)
            bring(store, changes.to_write, proofs, waiting, got)
            _check_still(changes, compare(store, results, proofs, folder), leave)
            placed = place(changes, waiting, run.run_id)
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
) -> Changes:
    """Return what `fetch` would do, without writing anything.

    Raises:
        LabError, CloudError: as `fetch` does.
    """
    _check_names(results, folder)
    if begun(folder):
        told("An earlier fetch was broken off as it put files in place. The next finishes that.")
    store = Store.of(cloud, Patience(told))
    with disk_errors_as_ours(folder):
        changes = compare(store, results, Proofs(store, results), folder)
        if folder.exists():
            _check_room(changes, waiting_folder(folder, run.run_id))
    return changes


def _check_names(results: tuple[Result, ...], folder: Path) -> None:
    check_names((result.path for result in results), folder.absolute())


def _check_room(changes: Changes, waiting: Path) -> None:
    to_come = (each.size - bytes_waiting(each, waiting) for each in changes.to_write)
    check_room(changes.folder, sum(to_come))


def _leave(changes: Changes, overwrite: bool, ask: Callable[[Changes], bool]) -> set[str]:
    """Return the files that may be replaced."""
    if changes.differing and not overwrite and not ask(changes):
        raise _differ(changes, changes.differing)
    return set(changes.differing)


def _check_still(before: Changes, now: Changes, leave: set[str]) -> None:
    """Raise LabError where somebody has made files since they were asked about."""
    if more := [path for path in now.differing if path not in leave]:
        raise _differ(before, tuple(more))


def _differ(changes: Changes, paths: tuple[str, ...]) -> LabError:
    return LabError(
        f"These files of {changes.folder} are there already and differ: {', '.join(paths)}.",
        "Nothing was changed. --overwrite replaces them, and keeps each as NAME.before-RUN.",
    )
