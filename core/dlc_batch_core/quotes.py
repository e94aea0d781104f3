"""What a training is likely to take and cost, told before it starts.

No speed is guessed: it is what this lab's earlier trainings of the same network were measured at.
Without any, only the bound is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dlc_batch_core.costs import Rates
from dlc_batch_core.prices import hourly
from dlc_batch_core.run import Run, Status

if TYPE_CHECKING:
    from dlc_batch_core.work import Work

#: Of one single earlier training, the next one's speed is taken to be within this factor: frames
#: may be larger, and an instance another (our choice).
_SPREAD = 1.5
#: To fetch, prepare, evaluate and export, in hours (our choice).
_BESIDES = 0.25


@dataclass(frozen=True)
class Quote:
    """Hours of each training of a run, and dollars of all. None: nothing was measured yet."""

    hours_limit: float
    dollars_limit: float  # infinite where a price is not known
    trainings: int = 0  # that it was measured at
    shuffles: int = 1  # that are trained
    hours_least: float | None = None
    hours_most: float | None = None
    dollars_least: float | None = None
    dollars_most: float | None = None

    def to_dict(self) -> dict[str, float]:
        """Return the numbers there are, as the record holds them."""
        numbers = {name: each for name, each in asdict(self).items() if each is not None}
        return {name: round(each, 3) for name, each in numbers.items() if math.isfinite(each)}

    @classmethod
    def from_dict(cls, value: Mapping[str, float]) -> Quote:
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        bounds = {"hours_limit": math.inf, "dollars_limit": math.inf}
        return cls(**{**bounds, **known})  # type: ignore[arg-type]  # our own record


def quote(work: Work, earlier: Sequence[Run], hours_limit: float, rates: Rates) -> Quote:
    """Return what a training is likely to take and cost.

    Args:
        earlier: runs of the same lab, of any network.
        hours_limit: the longest it may take.
    """
    count = work.trainings
    bound = Quote(hours_limit, count * hours_limit * rates.most_an_hour, shuffles=count)
    alike = [
        run
        for run in earlier
        if run.status is Status.SUCCEEDED and run.network == work.network
        if run.images_per_second and run.instance_type in rates.prices and work.is_measurable
    ]
    if not alike:
        return bound
    speeds = [run.images_per_second or 0.0 for run in alike]
    spread = _SPREAD if len(alike) == 1 else 1.0
    least = work.images / (max(speeds) * spread) / 3600 + _BESIDES
    most = work.images / (min(speeds) / spread) / 3600 + _BESIDES
    prices = [rates.prices[run.instance_type or ""] for run in alike]
    return Quote(
        bound.hours_limit,
        bound.dollars_limit,
        len(alike),
        count,
        min(least, hours_limit),
        min(most, hours_limit),
        count * min(least, hours_limit) * min(hourly(each, "spot") for each in prices),
        count * min(most, hours_limit) * max(hourly(each, "on-demand") for each in prices),
    )
