"""Waiting for one of the few functions that may run at once."""

import threading
import time
from collections import Counter
from typing import Any

from dlc_batch.local.functions import FunctionSlots, Slot


class Limits:
    """Slots as MiniStack hands them out: never waiting, with a limit for all and for each."""

    def __init__(self, for_all: int, for_each: int) -> None:
        self.for_all, self.for_each = for_all, for_each
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.looks = 0

    def acquire(self, _: dict[str, Any], config: dict[str, Any]) -> Slot:
        self.looks += 1
        name = config["FunctionName"]
        if self.running.total() >= self.for_all or self.running[name] >= self.for_each:
            return None, "account"
        self.running[name] += 1
        self.most[name] = max(self.most[name], self.running[name])
        return name, None

    def release(self, key: str) -> None:
        self.running[key] -= 1


def call(slots: FunctionSlots, name: str, done: list[str], seconds: float = 0.0) -> None:
    key, _ = slots.acquire({}, {"FunctionName": name})
    assert key is not None
    time.sleep(seconds)
    done.append(name)
    slots.release(key)


def started(slots: FunctionSlots, names: list[str], done: list[str]) -> list[threading.Thread]:
    threads = [threading.Thread(target=call, args=(slots, name, done, 0.02)) for name in names]
    for thread in threads:
        thread.start()
    return threads


def test_a_burst_is_served_within_the_limits_and_looks_a_few_times_for_each() -> None:
    limits = Limits(for_all=4, for_each=3)
    slots = FunctionSlots(limits.acquire, limits.release)
    names, done = ["submit", "complete"] * 200, list[str]()
    for thread in started(slots, names, done):
        thread.join(timeout=60)
    assert Counter(done) == Counter(names)
    assert set(limits.most.values()) == {3}  # as many as may, at once
    assert limits.looks < 10 * len(names)  # to wake all of them each time were 80,000
    assert not limits.running.total()


def test_a_slot_that_is_freed_without_a_word_is_found() -> None:
    limits = Limits(for_all=1, for_each=1)
    slots = FunctionSlots(limits.acquire, limits.release)
    assert slots.acquire({}, {"FunctionName": "replaced"}) == ("replaced", None)
    done = list[str]()
    threads = started(slots, ["submit"] * 3, done)
    limits.running.clear()  # its function was replaced by a stack's update
    for thread in threads:
        thread.join(timeout=60)
    assert done == ["submit"] * 3


def test_a_function_that_may_never_run_is_refused_at_once() -> None:
    limits = Limits(for_all=0, for_each=0)
    slots = FunctionSlots(limits.acquire, limits.release)
    never = {"FunctionName": "off", "concurrency": 0}
    assert slots.acquire(never, never) == (None, "account")
