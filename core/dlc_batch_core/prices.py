"""What an hour of a training's computer costs: the one table of prices, and the admin's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: When and where the prices below held: Linux in US East (N. Virginia). Elsewhere they differ by
#: some tenths; the stack's parameter `Prices` takes a region's own.
AS_OF = "November 2026, us-east-1"
#: A computer's disk and address, dollars an hour: 200 GB of gp3 at 500 MB/s (0.08 $ a GB and
#: 0.04 $ a MB/s above 125, a month of 730 hours), and a public IPv4 address (0.005 $).
DISK_AND_ADDRESS = (200 * 0.08 + (500 - 125) * 0.04) / 730 + 0.005
#: Where the Spot price is not known, this share of the On-Demand price is taken: it moves daily.
_SPOT_SHARE = 0.5
#: As the parameter `Prices` of template.yaml has it.
_OWN = re.compile(
    r"([a-z0-9-]+\.[a-z0-9-]+)=([0-9]+(?:\.[0-9]+)?)(?:/([0-9]+(?:\.[0-9]+)?))?", re.ASCII
)


@dataclass(frozen=True)
class Price:
    """Of one instance type, in dollars an hour."""

    on_demand: float
    spot: float


def _price(on_demand: float, spot: float | None = None) -> Price:
    return Price(on_demand, on_demand * _SPOT_SHARE if spot is None else spot)


PRICES: Mapping[str, Price] = {
    "g4dn.xlarge": _price(0.526, 0.21),
    "g4dn.2xlarge": _price(0.752),
    "g5.xlarge": _price(1.006),
    "g5.2xlarge": _price(1.212),
    "g6.xlarge": _price(0.805, 0.40),
    "g6.2xlarge": _price(0.978),
}


def parse_prices(text: str) -> dict[str, Price]:
    """Return the table with the admin's own prices in it.

    Args:
        text: such as `g5.xlarge=1.12/0.47,g6e.xlarge=1.86`: On-Demand, and Spot where known.

    Raises:
        ValueError: the text is not of this form.
    """
    own = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        found = _OWN.fullmatch(each)
        if found is None:
            raise ValueError(f"`{each}` is no price: g5.xlarge=1.12/0.47 would be one")
        name, on_demand, spot = found.groups()
        own[name] = _price(float(on_demand), float(spot) if spot else None)
    return {**PRICES, **own}


def hourly(price: Price, life_cycle: str | None) -> float:
    """Return what an hour costs with disk and address, in dollars.

    Args:
        life_cycle: `spot` or `on-demand`, as EC2 names it; None: not known, so the dearer.
    """
    bare = price.spot if life_cycle == "spot" else price.on_demand
    return bare + DISK_AND_ADDRESS


def dearest(prices: Mapping[str, Price], instance_types: tuple[str, ...]) -> float:
    """Return the most that an hour on one of these instances costs, On-Demand; infinite where
    one of them has no known price: then no bound can be given."""
    known = [prices.get(each) for each in instance_types]
    if not known or None in known:
        return math.inf
    return max(hourly(each, None) for each in known if each is not None)
