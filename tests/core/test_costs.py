"""Caps, costs and quotes: pure arithmetic, and what the mails make of it."""

import math
from dataclasses import replace

import pytest

from dlc_batch_core.costs import Cost, Rates
from dlc_batch_core.money import cost_of, quote_of
from dlc_batch_core.prices import PRICES, Price, hourly
from dlc_batch_core.quotes import Quote, quote
from dlc_batch_core.run import Run, Status, from_item, to_item
from dlc_batch_core.work import Work

RATES = Rates(PRICES, ("g4dn.xlarge", "g5.xlarge"))
ON_DEMAND = hourly(PRICES["g5.xlarge"], None)
RUN = Run("miller", "mouse-0123456789ab", Status.SUCCEEDED, "b", "k", submitted_at="2026-11-02")
TRAINED = replace(
    RUN, network="pytorch/resnet_50", images_per_second=40.0, instance_type="g4dn.xlarge"
)
WORK = Work("pytorch/resnet_50", 144_000)  # an hour at 40 a second


def test_rates_are_read_from_the_stacks_settings() -> None:
    rates = Rates.from_settings({
        "INSTANCE_TYPES": "g5.xlarge, g9.huge",
        "PRICES": "g9.huge=4/2",
        "MAX_DOLLARS_PER_RUN": "20",
        "MONTHLY_DOLLARS_PER_LAB": "",
    })  # fmt: skip
    assert rates.instance_types == ("g5.xlarge", "g9.huge")
    assert rates.most_an_hour == hourly(Price(4, 2), None)
    assert (rates.dollars_per_run, rates.dollars_per_month) == (20.0, 0.0)


def test_the_cap_of_a_run_is_time() -> None:
    assert RATES.hours_within(24) == 24
    capped = replace(RATES, dollars_per_run=5.0)
    assert capped.hours_within(24) == pytest.approx(5 / ON_DEMAND)
    assert capped.hours_within(1) == 1
    assert replace(capped, instance_types=("g9.huge",)).hours_within(24) == 24


def test_the_cost_of_a_known_computer_is_its_own() -> None:
    spot = hourly(PRICES["g4dn.xlarge"], "spot")
    assert RATES.cost_of(5400, "g4dn.xlarge", "spot") == Cost(1.5, 1.5 * spot)


@pytest.mark.parametrize("instance_type", [None, "g9.huge"])
def test_the_cost_of_another_is_at_most_the_dearest(instance_type: str | None) -> None:
    assert RATES.cost_of(3600, instance_type, "spot") == Cost(1, ON_DEMAND, is_at_most=True)
    assert Rates(PRICES, ("g9.huge",)).cost_of(3600, instance_type, "spot") is None


def test_costs_add_up_and_stay_a_bound() -> None:
    total = Cost(1, 0.5) + Cost(2, 1, is_at_most=True)
    assert total == Cost(3, 1.5, is_at_most=True)
    assert Cost.from_dict(total.to_dict()) == total
    assert Cost.from_dict({}) == Cost()
    assert (Cost(1, 0.501).cents, Cost(1, 0.5).cents, Cost().cents) == (51, 50, 0)


def test_without_a_training_of_its_kind_a_quote_is_a_bound() -> None:
    others = [
        replace(TRAINED, network="pytorch/hrnet_w32"),
        replace(TRAINED, status=Status.FAILED),
    ]
    assert quote(WORK, others, 10, RATES) == Quote(10, 10 * ON_DEMAND)
    assert quote(replace(WORK, is_measurable=False), [TRAINED], 10, RATES).trainings == 0


def test_one_training_quotes_with_a_wide_range_and_more_with_their_own() -> None:
    one = quote(WORK, [TRAINED], 24, RATES)
    assert (one.hours_least, one.hours_most) == pytest.approx((1 / 1.5 + 0.25, 1.5 + 0.25))
    faster = replace(TRAINED, images_per_second=80.0)
    two = quote(WORK, [TRAINED, faster], 24, RATES)
    assert (two.hours_least, two.hours_most) == pytest.approx((0.75, 1.25))
    price = PRICES["g4dn.xlarge"]
    assert two.dollars_least == pytest.approx(0.75 * hourly(price, "spot"))
    assert two.dollars_most == pytest.approx(1.25 * hourly(price, "on-demand"))


def test_a_computer_without_a_price_tells_hours_and_no_dollars() -> None:
    """As the local cloud's, which is none of EC2's."""
    at_home = replace(TRAINED, instance_type=None)
    local = quote(WORK, [at_home], 24, RATES)
    known = quote(WORK, [TRAINED], 24, RATES)
    assert (local.hours_least, local.hours_most) == (known.hours_least, known.hours_most)
    assert (local.trainings, local.dollars_least, local.dollars_most) == (1, None, None)
    words = quote_of(replace(RUN, quote=local.to_dict()))
    assert words.startswith("It is likely to take 0.9 to 1.8 hours, as measured at")
    assert quote(WORK, [TRAINED, at_home], 24, RATES) == known  # what has a price tells more


def test_no_quote_is_above_the_time_limit() -> None:
    short = quote(WORK, [TRAINED], 0.5, RATES)
    assert (short.hours_least, short.hours_most) == (0.5, 0.5)


def test_quote_and_cost_go_through_the_record() -> None:
    asked = quote(WORK, [TRAINED], 24, RATES)
    run = replace(RUN, quote=asked.to_dict(), cost=Cost(1.0, 0.5).to_dict(), reserved_cents=7)
    again = from_item(to_item(run))
    assert again == run
    assert Quote.from_dict(again.quote).hours_most == pytest.approx(asked.hours_most, abs=1e-3)
    bound = Quote.from_dict(Quote(24, math.inf).to_dict())
    assert bound == Quote(24, math.inf)


def test_mails_tell_what_is_known() -> None:
    known = replace(RUN, quote=quote(WORK, [TRAINED], 24, RATES).to_dict())
    assert "likely to take 0.9 to 1.8 hours" in quote_of(known)
    assert "measured at your lab's last training" in quote_of(known)
    assert "costs 25.28 $ at most" in quote_of(known)
    local = replace(RUN, quote=Quote(24, math.inf).to_dict())
    assert "$" not in quote_of(local)
    assert "ended after 24 hours" in quote_of(local)
    assert quote_of(RUN) == ""
    unknown = replace(RUN, quote=Quote(24, math.inf).to_dict())
    assert "no earlier training of your lab tells how fast" in " ".join(quote_of(unknown).split())


def test_mails_tell_what_it_came_to() -> None:
    cost = Cost(2.1, 0.54).to_dict()
    paid = replace(RUN, cost=cost, instance_type="g4dn.xlarge")
    assert cost_of(paid).startswith("It cost about 0.54 $, for 2.1 hours on a g4dn.xlarge")
    bound = replace(RUN, cost=Cost(2.1, 0.54, is_at_most=True).to_dict())
    assert cost_of(bound).startswith("It cost at most 0.54 $, for 2.1 hours")
    assert cost_of(RUN) == ""
