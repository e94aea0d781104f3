"""What a training is likely to take and cost, told before it starts.

No speed is guessed: it is what this lab's earlier trainings of the same network were measured at.
Without any, only the bound is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
        if run.images_per_second and work.is_measurable
    ]
    priced = [run for run in alike if run.instance_type in rates.prices]
    measured = priced or alike  # the local cloud's computer, or a new type, has no price
    if not measured:
        return bound
    least, most = _hours(work, [run.images_per_second or 0.0 for run in measured], hours_limit)
    timed = replace(bound, trainings=len(measured), hours_least=least, hours_most=most)
    if not priced:
        return timed
    prices = [rates.prices[run.instance_type or ""] for run in priced]
    return replace(
        timed,
        dollars_least=count * least * min(hourly(each, "spot") for each in prices),
        dollars_most=count * most * max(hourly(each, "on-demand") for each in prices),
    )


def _hours(work: Work, speeds: Sequence[float], hours_limit: float) -> tuple[float, float]:
    """Return the least and the most that a training is likely to take.

    Args:
        speeds: images a second, of earlier trainings.
    """
    spread = _SPREAD if len(speeds) == 1 else 1.0
    least = work.images / (max(speeds) * spread) / 3600 + _BESIDES
    most = work.images / (min(speeds) / spread) / 3600 + _BESIDES
    return min(least, hours_limit), min(most, hours_limit)
