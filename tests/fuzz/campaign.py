"""A campaign: many inputs through the check, in processes that may hardly do anything else.

The check must answer in every case, in a stable order, and the same when it is asked again. An
input that breaks a rule, or kills its worker, is a find; the campaign goes on behind it.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.fuzz.guard import BrokenRuleError, Guard, held_bytes
from tests.fuzz.inputs import input_of

from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.problems import in_stable_order
from dlc_batch_core.ranged_file import RangedFile

_NAME = "fuzz.zip"
#: A worker that shows no progress for so long hangs where no signal reaches it.
_HUNG_SECONDS = 120.0


@dataclass(frozen=True)
class Find:
    """An input that the check did not take well."""

    number: int
    what: str  # a traceback, or how the worker died


@dataclass
class Report:
    """What came of a campaign, or of a part of it."""

    inputs: int = 0
    trainable: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)  # seconds of processor time, number of the input
    memory: int = 0  # the most that a worker held above its start, in bytes
    finds: list[Find] = field(default_factory=list)

    def add(self, part: Report) -> None:
        self.inputs += part.inputs
        self.trainable += part.trainable
        for code, count in part.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count
        self.slowest = max(self.slowest, part.slowest)
        self.memory = max(self.memory, part.memory)
        self.finds += part.finds


@dataclass
class _Worker:
    """A process, and the inputs that it has not yet reported."""

    process: Any
    at: Any  # shared with it: the number of the input that it works at
    rest: range
    seen: tuple[int, float] = (-1, 0.0)  # where it was, and since when

    def is_hung(self) -> bool:
        if self.at.value != self.seen[0]:
            self.seen = (self.at.value, time.monotonic())
        return time.monotonic() - self.seen[1] > _HUNG_SECONDS


def run_campaign(
    seed: int, count: int, workers: int, scratch: Path, progress: Callable[[Report], None]
) -> Report:
    """Check the inputs from 0 to count, each made by the seed and its number alone.

    Args:
        scratch: an empty folder: the workers' working directory. It must be empty afterwards.
        progress: called with the report so far, about every second.
    """
    report, waiting = Report(), _shares(count, workers)
    running: dict[Connection, _Worker] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            pipe, worker = _start(seed, waiting.pop(0), scratch)
            running[pipe] = worker
        for pipe in wait(list(running), timeout=5):
            assert isinstance(pipe, Connection)
            worker = running[pipe]
            try:
                next_number, part = pipe.recv()
            except EOFError:
                del running[pipe]
                waiting += _bury(worker, report)
                continue
            worker.rest = range(next_number, worker.rest.stop)
            report.add(part)
            progress(report)
        for worker in running.values():
            if worker.is_hung():
                worker.process.kill()
    if left := sorted(path.name for path in scratch.iterdir()):
        report.finds.append(Find(-1, f"files were left in the working directory: {left[:5]}"))
    return report


def _shares(count: int, workers: int) -> list[range]:
    edges = [count * each // workers for each in range(workers + 1)]
    return [range(a, b) for a, b in pairwise(edges) if a < b]


def _start(seed: int, share: range, scratch: Path) -> tuple[Connection, _Worker]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    at = context.Value("q", share.start, lock=False)
    process = context.Process(target=_work, args=(seed, share, scratch, there, at))
    process.start()
    there.close()
    return here, _Worker(process, at, share)


def _bury(worker: _Worker, report: Report) -> list[range]:
    """Take note of a worker's end; return what another has still to do."""
    worker.process.join()
    if not worker.rest:
        return []
    killer = worker.at.value
    report.inputs += killer + 1 - worker.rest.start
    report.finds.append(Find(killer, f"the worker died: exit code {worker.process.exitcode}"))
    return [rest] if (rest := range(killer + 1, worker.rest.stop)) else []


def _work(seed: int, share: range, scratch: Path, pipe: Connection, at: Any) -> None:
    os.chdir(scratch)
    check_upload(io.BytesIO(input_of(seed, share.start)), _NAME)  # late imports
    guard, part, told = Guard(), Report(), time.monotonic()
    for number in share:
        at.value = number
        check_one(guard, seed, number, part)
        is_late = time.monotonic() - told > 1
        if part.finds or is_late or number + 1 == share.stop:
            part.memory = held_bytes() - guard.start_bytes
            pipe.send((number + 1, part))
            part, told = Report(), time.monotonic()


def check_one(guard: Guard, seed: int, number: int, report: Report) -> None:
    """Put one input through the check and add to the report what came of it."""
    data = input_of(seed, number)
    start = time.process_time()
    report.inputs += 1
    try:
        with guard.watching():
            found = check_upload(io.BytesIO(data), _NAME)
        took = time.process_time() - start
        _require_sound(found)
        _require_the_same_again(guard, found, data, number)
    except (Exception, BrokenRuleError) as error:
        report.finds.append(Find(number, "".join(traceback.format_exception(error))))
        return
    report.slowest = max(report.slowest, (took, number))
    report.trainable += found.is_trainable
    for code in {problem.code for problem in found.problems}:
        report.codes[code] = report.codes.get(code, 0) + 1


def _require_sound(found: Check) -> None:
    assert isinstance(found, Check)
    assert found.problems == in_stable_order(found.problems), "the order is not the stable one"
    assert all(each.code and each.where and each.what for each in found.problems)
    # in a mail, a record and an answer: UTF-8, and no line without end
    told = json.dumps([each.to_dict() for each in found.problems], ensure_ascii=False)
    told += json.dumps(found.mended, ensure_ascii=False)
    told.encode()


def _require_the_same_again(guard: Guard, found: Check, data: bytes, number: int) -> None:
    """Every fourth input is asked again; every other fourth from afar, by ranges."""
    if number % 4 == 0:
        with guard.watching():
            again = check_upload(io.BytesIO(data), _NAME)
        assert again == found, f"asked again, it says {again}"
    if number % 4 == 2:
        remote = RangedFile(lambda start, end: data[start:end], len(data), _NAME)
        with guard.watching():
            afar = check_upload(remote, _NAME)  # type: ignore[arg-type]  # a RawIOBase reads
        _require_sound(afar)
        assert afar.is_trainable or not found.is_trainable or _is_of_size(afar)


def _is_of_size(found: Check) -> bool:
    """Whether all that is wrong is that it is too large to be read from afar."""
    return {p.code for p in found.problems} <= {"zip-directory-too-large", "labels-too-large"}


def digest(seed: int, numbers: Iterable[int]) -> str:
    """All that the check says of some inputs: to be the same in every process."""
    found = (check_upload(io.BytesIO(input_of(seed, number)), _NAME) for number in numbers)
    return "\n".join(repr((each.problems, each.mended, each.root)) for each in found)
