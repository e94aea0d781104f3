"""What each lab has spent in a month, and what it may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.labs import check_lab
from dlc_batch_core.costs import Cost
from dlc_batch_core.ledger import SETTINGS, Ledger, cap_in, committed_in, month_key
from dlc_batch_core.run import from_item

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Spending:
    """A lab's month, in dollars."""

    lab: str
    month: str  # such as 2026-11
    dollars: float  # spent, or reserved for what is queued or runs
    monthly_dollars: float | None  # that it may spend; None: no cap


def list_spending(cloud: Cloud, month: str, labs: Iterable[str] = ()) -> tuple[Spending, ...]:
    """Return the month of each lab that ever sent a project, and of others, in their order.

    Where there is a budget, it is what counts against it. Nothing is reserved where there is none:
    then it is what the runs that were sent in that month came to.
    """
    with aws_errors_as_ours(cloud):
        pages = cloud.dynamodb.get_paginator("scan").paginate(TableName=cloud.table_name)
        items = [item for page in pages for item in page["Items"]]
    of_lab: dict[str, list[Item]] = defaultdict(list, {lab: [] for lab in labs})
    for item in items:
        of_lab[item["lab"]["S"]].append(item)
    return tuple(_spending(cloud, lab, month, of_lab[lab]) for lab in sorted(of_lab))


def set_cap(cloud: Cloud, lab: str, dollars: float | None) -> None:
    """Let a lab spend so much a month, 0 for no cap; None: as much as the stack lets each.

    Runs that have started keep what was reserved for them.

    Raises:
        LabError: the name can't be a lab's.
    """
    check_lab(lab)
    cents = None if dollars is None else round(100 * dollars)
    with aws_errors_as_ours(cloud):
        Ledger(cloud.dynamodb, cloud.table_name).set_cap(lab, cents)


def _spending(cloud: Cloud, lab: str, month: str, items: list[Item]) -> Spending:
    by_key = {item["run_id"]["S"]: item for item in items}
    own = cap_in(by_key.get(SETTINGS, {}))
    cap = cloud.monthly_dollars if own is None else own / 100
    if cap:
        dollars = committed_in(by_key.get(month_key(month), {})) / 100
    else:
        dollars = _cost_of_runs(month, items)
    return Spending(lab, month, dollars, cap or None)


def _cost_of_runs(month: str, items: list[Item]) -> float:
    runs = [from_item(item) for item in items if "submitted_at" in item]
    costs = [Cost.from_dict(run.cost) for run in runs if run.submitted_at.startswith(month)]
    return sum(each.cents for each in costs) / 100
