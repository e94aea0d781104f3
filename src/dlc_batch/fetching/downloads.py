"""Bringing objects into the waiting folder: several at once, each from where it got before."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from botocore.exceptions import BotoCoreError

from dlc_batch.cloud import may_pass
from dlc_batch.fetching.proof import Proofs
from dlc_batch.fetching.results import Result
from dlc_batch.fetching.store import WORKERS, Store
from dlc_batch.patience import Patience, StoppedError
from dlc_batch_core.errors import CloudError

_POLL = 0.1  # seconds: Windows tells a waiting Python of Ctrl-C only between two waits
_LAST_WAIT = 1.0  # seconds for a worker whose connection stands still


def bytes_waiting(result: Result, waiting: Path) -> int:
    """Return how much of an object has come."""
    for name in (result.waiting_name, f"{result.waiting_name}.part"):
        if (waiting / name).exists():
            return (waiting / name).stat().st_size
    return 0


def bring(
    store: Store,
    results: Sequence[Result],
    proofs: Proofs,
    waiting: Path,
    got: Callable[[int], object],
) -> None:
    """Bring objects as `waiting/<waiting name>`, each verified; what is there already stays.

    Raises:
        CloudError: one could not be got. The others' bytes are kept.
    """
    waiting.mkdir(exist_ok=True)
    _remove_stale(waiting, {result.waiting_name for result in results})
    told = _one_at_a_time(got)
    todo = queue.SimpleQueue[Result]()
    for result in sorted(results, key=lambda each: each.size, reverse=True):
        todo.put(result)  # the largest first: no other waits for it in the end
    errors = list[BaseException]()

    def work() -> None:
        try:
            while not store.patience.is_stopped:
                _bring_one(store, todo.get_nowait(), proofs, waiting, told)
        except (queue.Empty, StoppedError):
            pass
        except BaseException as error:  # told where the others are waited for
            errors.append(error)
            store.patience.stop()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(WORKERS)]
    _run(threads, store.patience)
    if errors:
        raise errors[0]


def _run(threads: list[threading.Thread], patience: Patience) -> None:
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not patience.is_stopped:
                thread.join(_POLL)
    finally:  # Ctrl-C, or one of them failed: a daemon that is stuck in a read writes no more
        if any(thread.is_alive() for thread in threads):
            patience.stop()
        for thread in threads:
            if thread.is_alive():
                thread.join(_LAST_WAIT)


def _bring_one(
    store: Store, result: Result, proofs: Proofs, waiting: Path, got: Callable[[int], object]
) -> None:
    whole = waiting / result.waiting_name
    if whole.exists():
        got(result.size)
        return
    part, proof = whole.with_name(f"{whole.name}.part"), proofs.of(result)
    for _ in range(2):  # what a computer that lost its power left may be no beginning of it
        _go_on(store, result, part, got)
        if proof.holds_of(part, proofs.read):
            part.replace(whole)
            return
        got(-part.stat().st_size)
        part.unlink()
    raise CloudError(
        f"{result.path} came with other bytes than the run left ({proof.kind}).",
        "Nothing was changed. Fetch again; if it stays so, the file was changed in the bucket.",
    )


def _go_on(store: Store, result: Result, part: Path, got: Callable[[int], object]) -> None:
    with part.open("ab") as file:
        got(file.tell())
        while file.tell() < result.size:
            store.patiently(result, lambda: _append(store, result, file, got))
        file.flush()
        os.fsync(file.fileno())


def _append(store: Store, result: Result, file: IO[bytes], got: Callable[[int], object]) -> None:
    """Write what comes. Where something came before it broke off, the rest is asked for anew."""
    start = file.tell()
    try:
        for data in store.chunks(result, start):
            file.write(data)
            got(len(data))
    except BotoCoreError as error:
        if file.tell() == start or not may_pass(error):
            raise


def _remove_stale(waiting: Path, names: set[str]) -> None:
    """Remove what came of objects that were changed since."""
    for path in waiting.iterdir():
        if path.name.removesuffix(".part") not in names:
            path.unlink()


def _one_at_a_time(got: Callable[[int], object]) -> Callable[[int], object]:
    lock = threading.Lock()

    def tell(count: int) -> object:
        with lock:
            return got(count)

    return tell
