"""The life of one run on Spot instances that are taken away. Values in, values out; in minutes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

#: How long before it takes a Spot instance away EC2 gives notice ("Spot Instance interruption
#: notices" in EC2's user guide).
NOTICE_MINUTES = 2.0


@dataclass(frozen=True)
class Chance:
    """What befalls one attempt on Spot."""

    wait: float  # until there is capacity
    life: float  # from the instance's boot until it is taken away; infinite: it never is


@dataclass(frozen=True)
class Work:
    """What is to be done, undisturbed."""

    minutes: float
    startup: float  # of each attempt: boot, image, fetch and restore; billed


@dataclass(frozen=True)
class Way:
    """How a run is brought to its end."""

    name: str
    spot_attempts: int | None  # then On-Demand; None: Spot without end
    keep: Callable[[float], float]  # of what an attempt trained until it was lost
    notice: float = 0.0  # how long before the loss it stops training
    patience: float = math.inf  # the longest it waits for Spot; then On-Demand
    gives_up: float = math.inf  # after so long


@dataclass(frozen=True)
class Ending:
    """What became of a run. Where it is not finished, it takes and costs more than this."""

    is_finished: bool
    minutes: float  # from its submission
    spot: float  # billed
    on_demand: float  # billed
    losses: int

    def dollars(self, spot_hour: float, on_demand_hour: float) -> float:
        """Return what it cost at these prices of an hour."""
        return (self.spot * spot_hour + self.on_demand * on_demand_hour) / 60


def keep_nothing(_: float) -> float:
    """Begin again from zero."""
    return 0.0


def keep_all(trained: float) -> float:
    """Go on from the checkpoint that was made at the notice."""
    return trained


def keep_checkpoints(every: float) -> Callable[[float], float]:
    """Go on from the last of the checkpoints that were made so many minutes apart."""
    return lambda trained: trained // every * every


def chances(seed: int, run: int, hourly_rate: float, mean_wait: float) -> Iterator[Chance]:
    """Yield what befalls a run's attempts, one after the other.

    The same run draws the same numbers for each rate and each way, so that they can be compared.

    Args:
        hourly_rate: the part of instances that are taken away within an hour, below 1.
    """
    stream = random.Random(f"{seed}/{run}")
    hazard = -math.log1p(-hourly_rate) / 60  # a minute: 1 - exp(-60 hazard) = hourly_rate
    while True:
        wait, life = stream.expovariate(1.0), stream.expovariate(1.0)
        yield Chance(wait * mean_wait, life / hazard if hazard else math.inf)


def live(work: Work, way: Way, befalling: Iterable[Chance]) -> Ending:
    """Return what becomes of a run."""
    now = spot = 0.0
    losses, left = 0, work.minutes
    for chance in islice(befalling, way.spot_attempts):
        if chance.wait > way.patience:
            now += way.patience
            break
        needed, usable = work.startup + left, chance.life - way.notice
        is_done = needed <= usable
        up = needed if is_done else chance.life
        if now + chance.wait + up > way.gives_up:
            spot += max(0.0, way.gives_up - now - chance.wait)
            return Ending(False, way.gives_up, spot, 0.0, losses)
        now, spot = now + chance.wait + up, spot + up
        if is_done:
            return Ending(True, now, spot, 0.0, losses)
        losses += 1
        left -= way.keep(max(0.0, usable - work.startup))
    on_demand = work.startup + left
    return Ending(True, now + on_demand, spot, on_demand, losses)
