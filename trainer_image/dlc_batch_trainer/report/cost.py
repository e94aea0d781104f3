"""How long a training took, and what it cost as far as can be known where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch_core.prices import AS_OF, PRICES, hourly

#: What each stage of a training is, in the order in which they come.
STAGES = {
    "fetch": "upload read",
    "unpack": "project unpacked",
    "restore": "checkpoint restored",
    "prepare": "data set made",
    "train": "network trained",
    "evaluate": "network scored",
    "export": "results written",
}


@dataclass(frozen=True)
class Attempt:
    """One computer that worked on the training."""

    number: int
    instance_type: str | None
    life_cycle: str | None  # spot or on-demand
    seconds: float | None  # None: it vanished, and nobody knows when
    dollars: float | None  # None: not known


@dataclass(frozen=True)
class Bill:
    """What a training came to."""

    stages: tuple[tuple[str, float], ...]  # of the last attempt: what, seconds
    attempts: tuple[Attempt, ...]
    text: str  # what it cost, and what is not in that


def add_up(run: Mapping[str, Any]) -> Bill:
    """Return the bill of run.json's training."""
    timings: Mapping[str, float] = run["timings"]
    stages = tuple((STAGES.get(name, name), seconds) for name, seconds in timings.items())
    entries = run["attempts"] or [run["hardware"]]
    last = len(entries)
    attempts = tuple(
        _attempt(n, each, sum(timings.values()) if n == last else each.get("seconds"))
        for n, each in enumerate(entries, 1)
    )
    return Bill(stages, attempts, _text(attempts))


def _attempt(number: int, entry: Mapping[str, Any], seconds: float | None) -> Attempt:
    instance, life_cycle = entry.get("instance_type"), entry.get("life_cycle")
    price = PRICES.get(instance or "")
    is_known = price is not None and seconds is not None
    dollars = seconds / 3600 * hourly(price, life_cycle) if is_known else None  # type: ignore[operator,arg-type]  # both known
    return Attempt(number, instance, life_cycle, seconds, dollars)


def _text(attempts: tuple[Attempt, ...]) -> str:
    known = [each.dollars for each in attempts if each.dollars is not None]
    if not any(each.instance_type for each in attempts):
        return "This computer is none of AWS's: dlc-batch knows of nothing that it cost."
    if not known:
        return "What it cost is not known here: the mail says it, by the prices that hold for you."
    more = len(attempts) - len(known)
    lacking = (
        f" {more} of {len(attempts)} attempts are not counted: how long they took, or what such a"
        " computer costs, is not known here."
        if more
        else ""
    )
    return (
        f"About {sum(known):.2f} $, with disk and address, at the prices of {AS_OF}.{lacking} Not"
        " in it: the minutes in which a computer starts, what follows this report, and"
        " storage. The mail counts by your admin's prices, where there are any."
    )
