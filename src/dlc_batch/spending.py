"""What each lab has spent in a month, and what it may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.costs import Cost
from dlc_batch_core.ledger import committed_in, month_key
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
    with aws_errors_as_ours():
        pages = cloud.dynamodb.get_paginator("scan").paginate(TableName=cloud.table_name)
        items = [item for page in pages for item in page["Items"]]
    of_lab: dict[str, list[Item]] = defaultdict(list, {lab: [] for lab in labs})
    for item in items:
        of_lab[item["lab"]["S"]].append(item)
    return tuple(_spending(cloud, lab, month, of_lab[lab]) for lab in sorted(of_lab))


def _spending(cloud: Cloud, lab: str, month: str, items: list[Item]) -> Spending:
    by_key = {item["run_id"]["S"]: item for item in items}
    cap = cloud.monthly_dollars or None
    if cap is not None:
        dollars = committed_in(by_key.get(month_key(month), {})) / 100
    else:
        dollars = _cost_of_runs(month, items)
    return Spending(lab, month, dollars, cap)


def _cost_of_runs(month: str, items: list[Item]) -> float:
    runs = [from_item(item) for item in items if "submitted_at" in item]
    costs = [Cost.from_dict(run.cost) for run in runs if run.submitted_at.startswith(month)]
    return sum(each.cents for each in costs) / 100
