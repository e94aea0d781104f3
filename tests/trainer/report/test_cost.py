"""What a training came to, and what is not known of it."""

from __future__ import annotations

from typing import Any

import pytest

from dlc_batch_core.prices import DISK_AND_ADDRESS
from dlc_batch_trainer.report.cost import add_up

G6 = {"instance_type": "g6.xlarge", "life_cycle": "spot"}


def run(*attempts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"timings": {"train": 3500.0, "export": 100.0}, "attempts": attempts, **more}


def test_attempts_add_up() -> None:
    bill = add_up(run({**G6, "seconds": 1800}, {**G6, "seconds": None}))
    hour = 0.40 + DISK_AND_ADDRESS
    assert [each.dollars for each in bill.attempts] == pytest.approx([hour / 2, hour])
    assert bill.attempts[1].seconds == 3600
    assert f"About {1.5 * hour:.2f} $" in bill.text
    assert bill.stages == (("network trained", 3500.0), ("results written", 100.0))


def test_what_is_not_known_is_said() -> None:
    bill = add_up(run({**G6, "seconds": None}, {**G6, "seconds": None}))
    assert bill.attempts[0].dollars is None
    assert "1 of 2 attempts are not counted" in bill.text


def test_an_unknown_computer_has_no_price() -> None:
    bill = add_up(run({"instance_type": "p9.large", "life_cycle": "spot", "seconds": None}))
    assert "is not known here" in bill.text


def test_a_computer_that_is_not_aws_costs_nothing_that_is_known() -> None:
    nothing = {"instance_type": None, "life_cycle": None}
    assert "none of AWS's" in add_up(run({**nothing, "seconds": None})).text
    assert "none of AWS's" in add_up(run(hardware=nothing)).text
