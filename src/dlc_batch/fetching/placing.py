"""Putting in place what has come: all of it, also where the computer dies in the middle.

The journal says what is to be done. Once it lies there, nothing is undone: whoever finds it goes
on, and each step can be seen to be done by what lies where. A file that is replaced is first
renamed, so nothing is ever lost; and only by a step whose new file still waits, so nothing is
renamed twice.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path

from dlc_batch.fetching.changes import Changes
from dlc_batch.fetching.folder import WAITING_PREFIX
from dlc_batch.fetching.names import check_kept, kept_name, longest_name
from dlc_batch_core.errors import LabError

JOURNAL = "journal.json"
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Step:
    """One file to be put in place, or only out of the way."""

    path: str  # below the folder
    new: str | None  # its name in the waiting folder; None: something is only set aside
    aside: str  # the name that an earlier file gets, beside it


@dataclass(frozen=True)
class Placed:
    """What was put in place, by path below the folder."""

    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()  # earlier files, under their new names


def place(changes: Changes, waiting: Path, run_id: str) -> Placed:
    """Put in place what waits, and remove the waiting folder.

    Raises:
        LabError: a folder can't be written to, or `plan` refuses; nothing was changed.
        OSError: the disk refuses. Where it had begun, `finish_begun` goes on.
    """
    folder, steps = changes.folder, plan(changes, run_id)
    _check_writable(changes)
    _write(waiting / JOURNAL, steps)
    try:
        return _finish(folder, waiting)
    except KeyboardInterrupt:  # a moment's renames: they are done rather than left half done
        _finish(folder, waiting)
        raise


def plan(changes: Changes, run_id: str) -> list[Step]:
    """Return what is to be done.

    Raises:
        LabError: an earlier file can't be kept beside its new one under any name.
    """
    kept = partial(_kept_name, changes.folder.absolute(), run_id)
    rivals = [Step(path, None, kept(path)) for path in changes.rivals]
    files = [(str(each.path), each.waiting_name) for each in changes.to_write]
    return rivals + [Step(path, new, kept(path)) for path, new in files]


def _kept_name(folder: Path, run_id: str, path: str) -> str:
    target = folder / path
    name = kept_name(target, run_id, longest_name(target.parent))
    if os.path.lexists(target):
        check_kept(target.with_name(name))
    return name


def finish_begun(folder: Path) -> dict[str, Placed]:
    """Finish what earlier fetches into a folder had begun to put in place, by run id."""
    return {
        journal.parent.name.removeprefix(WAITING_PREFIX): _finish(folder, journal.parent)
        for journal in begun(folder)
    }


def begun(folder: Path) -> tuple[Path, ...]:
    """Return the journals of fetches that had begun to put files in place."""
    return tuple(sorted(folder.glob(f"{WAITING_PREFIX}*/{JOURNAL}")))


def _finish(folder: Path, waiting: Path) -> Placed:
    if not (waiting / JOURNAL).exists():
        shutil.rmtree(waiting, ignore_errors=True)
        return Placed()
    steps = [Step(**each) for each in json.loads((waiting / JOURNAL).read_text())["steps"]]
    kept = list[str]()
    for step in steps:
        kept += _do(step, folder, waiting)
    written = tuple(step.path for step in steps if step.new)
    (waiting / JOURNAL).unlink()  # first: what the lab does from now on is not ours to set aside
    shutil.rmtree(waiting, ignore_errors=True)
    return Placed(written, tuple(kept))


def _do(step: Step, folder: Path, waiting: Path) -> Iterator[str]:
    target, aside = folder / step.path, folder / Path(step.path).with_name(step.aside)
    new = waiting / step.new if step.new else None
    if new and not new.exists():  # done before
        return
    if os.path.lexists(target):
        free = _free_name(aside)
        target.rename(free)
        yield free.relative_to(folder).as_posix()
    if new:
        target.parent.mkdir(parents=True, exist_ok=True)
        _move(new, target)


def _free_name(aside: Path) -> Path:
    names = chain([aside.name], (f"{aside.name}.{number}" for number in count(2)))
    return next(p for name in names if not os.path.lexists(p := aside.with_name(name)))


def _move(new: Path, target: Path) -> None:
    """Put a file in place at once, also where a folder of the project is on another disk."""
    try:
        new.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f"{WAITING_PREFIX}{new.name}")  # short, and nobody else's
        shutil.copyfile(new, copy)
        _sync(copy)
        copy.replace(target)
        new.unlink()


def _check_writable(changes: Changes) -> None:
    targets = [changes.folder / each.path for each in changes.to_write]
    for parent in {target.parent for target in targets}:
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK):
            raise LabError(
                f"{parent} can't be written to.",
                "Nothing was changed. Allow it; then the same command goes on.",
            )


def _write(journal: Path, steps: list[Step]) -> None:
    content = {"schema_version": _SCHEMA_VERSION, "steps": [asdict(step) for step in steps]}
    draft = journal.with_suffix(".draft")
    draft.write_text(json.dumps(content))
    _sync(draft)
    draft.replace(journal)
    _sync(journal.parent)


def _sync(path: Path) -> None:
    """Have it on the disk before what relies on it. Windows does so for no folder."""
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
