"""The table of prices, and the admin's own prices in it."""

import math
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dlc_batch_core.prices import (
    DISK_AND_ADDRESS,
    PRICES,
    Price,
    dearest,
    hourly,
    parse_prices,
)


def test_the_admins_prices_come_first_and_the_others_stay() -> None:
    prices = parse_prices("g5.xlarge=1.12/0.47, g6e.xlarge=1.86")

    assert prices["g5.xlarge"] == Price(1.12, 0.47)
    assert prices["g6e.xlarge"] == Price(1.86, 0.93)
    assert prices["g4dn.xlarge"] == PRICES["g4dn.xlarge"]
    assert parse_prices("") == PRICES


GOOD = ["", "g5.xlarge=1", "g5.xlarge=1.12/0.47", "g5.xlarge=1, g6e.xlarge=1.8,g4dn.metal=7/2.1"]
BAD = [
    "g5.xlarge",
    "g5.xlarge=",
    "g5.xlarge=a",
    "=1",
    "x=1;y=2",
    "g5=1.1",
    "g5.xlarge = 1.12",
    "g5.xlarge=1.12/",
    "g5.xlarge=1.2.3",
    "g5.xlarge=1 g6.xlarge=2",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no price"):
        parse_prices(text)


@pytest.mark.parametrize(
    ("text", "is_taken"), [(t, True) for t in GOOD] + [(t, False) for t in BAD]
)
def test_the_template_takes_what_the_functions_can_read(text: str, is_taken: bool) -> None:
    """Else they would fail when they are loaded, and nobody would hear of anything."""
    template = YAML(typ="rt").load(Path(__file__).resolve().parents[2] / "template.yaml")
    pattern = template["Parameters"]["Prices"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, text)) is is_taken
    if is_taken:
        parse_prices(text)


def test_an_hour_has_a_disk_and_an_address_too() -> None:
    price = Price(1.0, 0.4)

    assert hourly(price, "spot") == pytest.approx(0.4 + DISK_AND_ADDRESS)
    assert hourly(price, "on-demand") == hourly(price, None) == pytest.approx(1 + DISK_AND_ADDRESS)
    assert pytest.approx(0.0475, abs=0.0005) == DISK_AND_ADDRESS


def test_the_dearest_of_a_pool_is_unbounded_where_a_price_is_not_known() -> None:
    assert dearest(PRICES, ("g4dn.xlarge", "g5.xlarge")) == hourly(PRICES["g5.xlarge"], None)
    assert dearest(PRICES, ("g4dn.xlarge", "p9.huge")) == math.inf
    assert dearest(PRICES, ()) == math.inf
