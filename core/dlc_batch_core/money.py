"""Quote and cost, as the mails have them."""

from __future__ import annotations

import math

from dlc_batch_core.costs import Cost
from dlc_batch_core.prices import AS_OF
from dlc_batch_core.prose import wrapped
from dlc_batch_core.quotes import Quote
from dlc_batch_core.run import Run

_PRICES = f"(Prices: {AS_OF}, or those that your admin set.)"


def quote_of(run: Run) -> str:
    """Return what a training is likely to take and cost; empty where nothing can be said."""
    return words_of(Quote.from_dict(run.quote)) if run.quote else ""


def words_of(quote: Quote) -> str:
    """Return a quote as a person reads it."""
    prices = [] if math.isinf(quote.dollars_limit) else [_PRICES]
    return "\n".join(wrapped(each) for each in (_likely(quote), _bound(quote), *prices))


def _likely(quote: Quote) -> str:
    if quote.hours_least is None or quote.hours_most is None:
        return (
            "How long it takes can't be told yet: no earlier training of your lab tells how fast"
            " this network is trained."
        )
    hours = _range(quote.hours_least, quote.hours_most, 1)
    measured = "training" if quote.trainings == 1 else f"{quote.trainings} trainings"
    by = f"as measured at your lab's last {measured} of this network"
    is_one = quote.shuffles == 1
    text = f"{'It' if is_one else 'Each shuffle'} is likely to take {hours} hours"
    if quote.dollars_least is None or quote.dollars_most is None:
        return f"{text}, {by}."
    dollars = _range(quote.dollars_least, quote.dollars_most, 2)
    return f"{text}{' and' if is_one else ', and all together'} to cost {dollars} $, {by}."


def _bound(quote: Quote) -> str:
    each = "Each shuffle" if quote.shuffles > 1 else "It"
    ended = f"{each} is ended after {quote.hours_limit:g} hours at the latest"
    if math.isinf(quote.dollars_limit):
        return f"{ended}."
    all_ = "; all together then cost" if quote.shuffles > 1 else ", and then costs"
    return f"{ended}{all_} {quote.dollars_limit:.2f} $ at most."


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
    hours = f"{cost.hours:.1f}" if cost.hours >= 0.1 else "less than 0.1"
    return wrapped(
        f"It cost {word} {cost.dollars:.2f} $, for {hours} hours{on}; the minutes in which a"
        f" computer starts come on top of that. {_PRICES}"
    )
