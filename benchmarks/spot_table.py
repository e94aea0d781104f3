"""What became of simulated runs, as lines to read. Values in, text out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spot_runs import Ending

HEADER = (
    f"{'lost/h':>6}  {'':<26}{'finished':>8}{'hours':>8}{'95 %':>8}{'$ mean':>9}{'95 %':>8}"
    f"{'h/OD':>8}{'$/OD':>8}{'h/zero':>8}{'$/zero':>8}"
)


@dataclass(frozen=True)
class Summary:
    """Of all runs of one way."""

    finished: float  # the share
    median_hours: float
    most_hours: float  # of 95 %
    mean_dollars: float
    most_dollars: float  # of 95 %
    is_cut: tuple[bool, bool]  # whether the median and the 95 % are of a run that was given up

    @classmethod
    def of(cls, endings: Sequence[Ending], spot_hour: float, on_demand_hour: float) -> Summary:
        """Sum up at these prices of an hour."""
        by_time = sorted(endings, key=lambda each: each.minutes)
        dollars = sorted(each.dollars(spot_hour, on_demand_hour) for each in endings)
        middle, high = (_rank(share, len(endings)) for share in (0.5, 0.95))
        median, most = by_time[middle], by_time[high]
        return cls(
            sum(each.is_finished for each in endings) / len(endings),
            median.minutes / 60,
            most.minutes / 60,
            statistics.mean(dollars),
            dollars[high],
            (not median.is_finished, not most.is_finished),
        )


def lines(rate: float, found: Mapping[str, Summary], alone: str, restart: str) -> Iterable[str]:
    """Yield the rows of one rate, with the ratios to two of the ways, which finish all runs."""
    for name, each in found.items():
        is_median_cut, is_most_cut = each.is_cut
        is_part = each.finished < 1  # of the dollars that all runs would have cost
        cells = [
            _cell(each.median_hours, is_median_cut, 8, 1),
            _cell(each.most_hours, is_most_cut, 8, 1),
            _cell(each.mean_dollars, is_part, 9, 2),
            _cell(each.most_dollars, is_part, 8, 2),
        ]
        for other in (found[alone], found[restart]):
            cells.append(_cell(each.median_hours / other.median_hours, is_median_cut, 8, 2))
            cells.append(_cell(each.mean_dollars / other.mean_dollars, is_part, 8, 2))
        yield f"{rate:>6.0%}  {name:<26}{each.finished:>8.1%}{''.join(cells)}"


def _rank(share: float, count: int) -> int:
    """Return the place, in order, of the least that so large a share does not exceed."""
    return math.ceil(share * count) - 1


def _cell(value: float, is_bound: bool, width: int, digits: int) -> str:
    return f"{'>' if is_bound else ''}{value:.{digits}f}".rjust(width)
