"""Quote and cost, as the mails have them."""

from __future__ import annotations

import math

from dlc_batch_core.costs import Cost
from dlc_batch_core.prices import AS_OF
from dlc_batch_core.quotes import Quote
from dlc_batch_core.run import Run

_PRICES = f"Prices: {AS_OF}, or those that your admin set."


def quote_of(run: Run) -> str:
    """Return what a training is likely to take and cost; empty where nothing can be said."""
    return words_of(Quote.from_dict(run.quote)) if run.quote else ""


def words_of(quote: Quote) -> str:
    """Return a quote as a person reads it."""
    prices = [] if math.isinf(quote.dollars_limit) else [_PRICES]
    return "\n".join([*_likely(quote), *_bound(quote), *prices])


def _likely(quote: Quote) -> list[str]:
    if quote.hours_least is None or quote.hours_most is None:
        return [
            "How long it takes can't be told yet: your lab has trained no such network before."
        ]
    hours = _range(quote.hours_least, quote.hours_most, 1)
    dollars = _range(quote.dollars_least or 0.0, quote.dollars_most or 0.0, 2)
    measured = "training" if quote.trainings == 1 else f"{quote.trainings} trainings"
    each, all_ = ("Each shuffle", ", all together,") if quote.shuffles > 1 else ("It", "")
    return [
        f"{each} is likely to take {hours} hours and to cost{all_} {dollars} $, as measured at"
        f" your lab's last {measured} of this network."
    ]


def _bound(quote: Quote) -> list[str]:
    each, all_ = ("Each shuffle", ", all together,") if quote.shuffles > 1 else ("It", "")
    if math.isinf(quote.dollars_limit):
        return [f"{each} is ended after {quote.hours_limit:g} hours."]
    return [
        f"{each} is ended after {quote.hours_limit:g} hours, which cost{all_}"
        f" {quote.dollars_limit:.2f} $ at most."
    ]


def _range(least: float, most: float, digits: int) -> str:
    low, high = f"{least:.{digits}f}", f"{most:.{digits}f}"
    return f"about {low}" if low == high else f"{low} to {high}"


def cost_of(run: Run) -> str:
    """Return what a run came to; empty where it ran on no computer that is paid for."""
    if not run.cost:
        return ""
    cost = Cost.from_dict(run.cost)
    word = "at most" if cost.is_at_most else "about"
    on = f" on a {run.instance_type}" if run.instance_type else ""
    return (
        f"It cost {word} {cost.dollars:.2f} $: {cost.hours:.1f} hours{on}, and besides them the"
        f" minutes in which a computer starts. {_PRICES}"
    )
