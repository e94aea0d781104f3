"""A lab's month: reserved once, settled once, never above the cap, whoever is at it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest

from dlc_batch_core.budget import Budget
from dlc_batch_core.costs import Rates
from dlc_batch_core.keys import is_run_id
from dlc_batch_core.ledger import SETTINGS, Ledger, month_key
from dlc_batch_core.prices import PRICES
from dlc_batch_core.request import Request
from dlc_batch_core.run import Run, Status

MONTH = "2026-11"


@pytest.fixture
def lab() -> str:
    return f"lab-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def ledger(new_cloud: Any) -> Ledger:
    cloud = new_cloud()
    return Ledger(cloud.client, cloud.table_name)


def begun(cloud: Any, lab: str) -> Run:
    run_id = f"mouse-{uuid.uuid4().hex[:12]}"
    run = Run(lab, run_id, Status.SUBMITTING, "b", "k", submitted_at="2026-11-25T12:00:00")
    cloud.records.begin(run, "submit", cloud.now)
    return run


def test_what_is_reserved_twice_counts_once(lab: str, ledger: Ledger, new_cloud: Any) -> None:
    run = begun(new_cloud(), lab)
    assert ledger.reserve(run, MONTH, 300, 1000)
    assert ledger.reserve(run, MONTH, 300, 1000)
    assert ledger.committed(lab, MONTH) == 300
    record = new_cloud().records.get(lab, run.run_id)
    assert (record.reserved_cents, record.reserved_in) == (300, MONTH)


def test_a_month_is_never_above_its_cap(
    lab: str, ledger: Ledger, new_cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_at_a_time, transact = Lock(), ledger._client.transact_write_items

    def as_dynamodb(**request: Any) -> Any:  # moto checks first and writes then
        with one_at_a_time:
            return transact(**request)

    monkeypatch.setattr(ledger._client, "transact_write_items", as_dynamodb)
    runs = [begun(new_cloud(), lab) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(lambda run: ledger.reserve(run, MONTH, 300, 1000), runs))
    assert sum(taken) == 3
    assert ledger.committed(lab, MONTH) == 900
    assert not ledger.reserve(begun(new_cloud(), lab), "2026-12", 1001, 1000)


def test_a_full_month_still_knows_what_it_reserved(
    lab: str, ledger: Ledger, new_cloud: Any
) -> None:
    run = begun(new_cloud(), lab)
    assert ledger.reserve(run, MONTH, 1000, 1000)
    assert ledger.reserve(run, MONTH, 1000, 1000)
    assert not ledger.reserve(begun(new_cloud(), lab), MONTH, 1, 1000)


def test_what_was_not_needed_is_free_again_once(lab: str, ledger: Ledger, new_cloud: Any) -> None:
    run = begun(new_cloud(), lab)
    ledger.reserve(run, MONTH, 300, 1000)
    stale = new_cloud().records.get(lab, run.run_id)
    for _ in range(3):
        ledger.settle(stale, 120)
    assert ledger.committed(lab, MONTH) == 120
    settled = new_cloud().records.get(lab, run.run_id)
    assert settled.is_settled == 1
    ledger.settle(begun(new_cloud(), lab), 50)  # nothing was reserved for it
    assert ledger.committed(lab, MONTH) == 120


def budget(ledger: Ledger, **caps: float) -> Budget:
    return Budget(Rates(PRICES, ("g4dn.xlarge",), **caps), ledger, lambda _lab: [])


def test_a_run_without_room_is_told_how_much_there_is(
    lab: str, ledger: Ledger, new_cloud: Any
) -> None:
    capped = budget(ledger, dollars_per_month=10.0)
    run = begun(new_cloud(), lab)
    assert capped.find_problems(run, Request(time_limit_hours=10)) == []
    (found,) = capped.find_problems(begun(new_cloud(), lab), Request(time_limit_hours=10))
    assert found.code == "budget"
    assert "up to 5.74 $" in found.what
    assert "4.26 $ are neither spent nor reserved" in found.what
    assert "time_limit_hours" in found.remedy


def test_without_a_cap_nothing_is_reserved(lab: str, ledger: Ledger, new_cloud: Any) -> None:
    assert budget(ledger).find_problems(begun(new_cloud(), lab), Request()) == []
    assert ledger.committed(lab, MONTH) == 0


def test_a_cap_needs_the_prices_of_all_computers(lab: str, ledger: Ledger, new_cloud: Any) -> None:
    capped = budget(ledger, dollars_per_month=10.0)
    unknown = replace(capped, rates=replace(capped.rates, instance_types=("g9.huge",)))
    (found,) = unknown.find_problems(begun(new_cloud(), lab), Request())
    assert (found.code, "g9.huge" in found.what) == ("price-unknown", True)


def test_shuffles_share_the_cap_per_run(ledger: Ledger, new_cloud: Any, lab: str) -> None:
    capped = budget(ledger, dollars_per_run=5.0)
    alone, _ = capped.shorten(Request())
    shared, (note,) = capped.shorten(Request(shuffles=(1, 2, 3)))
    assert shared.time_limit_hours == pytest.approx(alone.time_limit_hours / 3, abs=0.1)
    assert "all its 3 shuffles together" in note
    many = Request(shuffles=tuple(range(1, 21)))
    run = begun(new_cloud(), lab)
    assert capped.find_problems(run, many) == []
    (found,) = budget(ledger, dollars_per_run=1.0).find_problems(run, many)
    assert found.code == "cap-per-run"
    assert "6 minutes of each of its 20 trainings" in found.what


def test_a_cap_per_run_shortens_it_and_says_so(ledger: Ledger) -> None:
    request, (note,) = budget(ledger, dollars_per_run=5.0).shorten(Request())
    assert request.time_limit_hours == 8.7
    assert "8.7 hours instead of 24" in note
    assert budget(ledger).shorten(Request()) == (Request(), ())


def test_a_cap_that_can_t_hold_is_told(ledger: Ledger) -> None:
    capped = budget(ledger, dollars_per_run=5.0)
    unknown = replace(capped, rates=replace(capped.rates, instance_types=("g9.huge",)))
    request, (note,) = unknown.shorten(Request())
    assert request == Request()
    assert "no price of g9.huge" in note


@pytest.mark.parametrize(
    ("own", "of_stack", "fits"),
    [
        (600, 10.0, 1),
        (2000, 10.0, 3),
        (600, 0.0, 1),
        (0, 10.0, 4),
        (None, 10.0, 1),
        (None, 0.0, 4),
    ],
)
def test_a_labs_own_cap_goes_before_that_of_the_stack(
    own: int | None, of_stack: float, fits: int, lab: str, ledger: Ledger, new_cloud: Any
) -> None:
    capped = budget(ledger, dollars_per_month=of_stack)
    ledger.set_cap(lab, own)
    runs = [begun(new_cloud(), lab) for _ in range(4)]  # each of 5.74 $
    assert sum(not capped.find_problems(run, Request(time_limit_hours=10)) for run in runs) == fits


def test_a_cap_can_be_taken_away_and_is_no_run(lab: str, ledger: Ledger, new_cloud: Any) -> None:
    ledger.set_cap(lab, 600)
    assert ledger.cap_of(lab) == 600
    assert new_cloud().records.newest_of_lab(lab) == []
    for _ in range(2):
        ledger.set_cap(lab, None)
        assert ledger.cap_of(lab) is None


@pytest.mark.parametrize("key", [SETTINGS, month_key(MONTH)])
def test_no_run_can_have_the_key_of_what_else_lies_in_the_table(key: str) -> None:
    assert not is_run_id(key)
