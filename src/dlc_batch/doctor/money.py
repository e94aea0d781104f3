"""Whether caps and budgets can hold: they need the price of every computer."""

from __future__ import annotations

from collections.abc import Iterator

from dlc_batch.doctor.deployment import Deployment
from dlc_batch.doctor.findings import finding
from dlc_batch_core.costs import Rates
from dlc_batch_core.problems import Problem


def look_at_prices(deployment: Deployment) -> Iterator[Problem]:
    """Find a cap, or a budget, that a computer without a known price undoes."""
    rates = Rates.from_parameters(deployment.stack.parameters)
    if not rates.unpriced:
        return
    what = f"There is no price of {rates.unpriced}."
    if rates.dollars_per_month:
        yield finding("budget-without-price", deployment, "MonthlyDollarsPerLab", what)
    if rates.dollars_per_run:
        yield finding("cap-without-price", deployment, "MaxDollarsPerRun", what)
