"""What a training costs: the bound before it starts, and what it came to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dlc_batch_core.prices import PRICES, Price, dearest, hourly, parse_prices

#: Settings of the stack, which template.yaml hands on to the functions.
INSTANCE_TYPES, OWN_PRICES = "INSTANCE_TYPES", "PRICES"
MAX_DOLLARS_PER_RUN, MONTHLY_DOLLARS = "MAX_DOLLARS_PER_RUN", "MONTHLY_DOLLARS_PER_LAB"
#: The stack's parameters that they are made of.
_PARAMETERS = {
    INSTANCE_TYPES: "InstanceTypes",
    OWN_PRICES: "Prices",
    MAX_DOLLARS_PER_RUN: "MaxDollarsPerRun",
    MONTHLY_DOLLARS: "MonthlyDollarsPerLab",
}


@dataclass(frozen=True)
class Cost:
    """Of a training, or of a part of it."""

    hours: float = 0.0
    dollars: float = 0.0
    is_at_most: bool = False  # the computer's type is not known: of the dearest that it may be

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.hours + other.hours,
            self.dollars + other.dollars,
            self.is_at_most or other.is_at_most,
        )

    @property
    def cents(self) -> int:
        """Whole ones, rounded up."""
        return math.ceil(round(100 * self.dollars, 6))

    def to_dict(self) -> dict[str, float]:
        return {
            "hours": round(self.hours, 3),
            "dollars": round(self.dollars, 4),
            "is_at_most": float(self.is_at_most),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, float]) -> Cost:
        """Read what `to_dict` wrote; of nothing, the cost of nothing."""
        at_most = bool(value.get("is_at_most"))
        return cls(value.get("hours", 0.0), value.get("dollars", 0.0), at_most)


@dataclass(frozen=True)
class Rates:
    """What the stack's computers may cost, and the admin's caps; 0: no cap."""

    prices: Mapping[str, Price]
    instance_types: tuple[str, ...] = ()  # that the stack may start
    dollars_per_run: float = 0.0
    dollars_per_month: float = 0.0  # of one lab

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Rates:
        """Read the settings of the stack, such as the environment of a function.

        Raises:
            ValueError: a price or a cap is not a number.
        """
        pool = settings.get(INSTANCE_TYPES, "")
        return cls(
            parse_prices(settings.get(OWN_PRICES, "")),
            tuple(each.strip() for each in pool.split(",") if each.strip()),
            float(settings.get(MAX_DOLLARS_PER_RUN) or 0),
            float(settings.get(MONTHLY_DOLLARS) or 0),
        )

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> Rates:
        """Read the parameters that the stack was deployed with.

        Raises:
            ValueError: a price or a cap is not a number.
        """
        return cls.from_settings(
            {name: parameters.get(of, "") for name, of in _PARAMETERS.items()}
        )

    @property
    def most_an_hour(self) -> float:
        """Dollars; infinite where the price of one of the instance types is not known."""
        return dearest(self.prices, self.instance_types)

    @property
    def unpriced(self) -> str:
        """The instance types whose price is not known, for a sentence; empty: all are known."""
        return ", ".join(sorted(set(self.instance_types) - set(self.prices)))

    def hours_within(self, hours: float, trainings: int = 1) -> float:
        """Return how long each training of a run may take, so that all stay within its cap."""
        if not self.dollars_per_run or math.isinf(self.most_an_hour):
            return hours
        return min(hours, self.dollars_per_run / (trainings * self.most_an_hour))

    def cost_of(self, seconds: float, instance_type: str | None, life_cycle: str) -> Cost | None:
        """Return the cost of a computer, or None where no bound is known.

        Args:
            seconds: that attempts ran; the minutes in which the computer starts are not in them.
            instance_type: None, or one without a known price: the dearest of the pool is taken.
            life_cycle: `spot` or `on-demand`.
        """
        hours, price = seconds / 3600, self.prices.get(instance_type or "")
        if price is not None:
            return Cost(hours, hours * hourly(price, life_cycle))
        if math.isinf(self.most_an_hour):
            return None
        return Cost(hours, hours * self.most_an_hour, is_at_most=True)


#: Where nothing is known of a stack: no cap, and the table's prices.
PLAIN_RATES = Rates(PRICES, tuple(PRICES))
