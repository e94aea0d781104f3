"""What each lab may spend in a month: reserved before a job is submitted, settled when it ended.

The runs table holds an item for each lab and month beside the runs, and one for a lab that has a
cap of its own: sort keys `month#2026-11` and `settings`, which no run id can be. Reserving and
settling change the month and the run's record in one transaction, so that whoever repeats them
changes nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from dlc_batch_core.run import Run

#: Sort keys. Money is counted in whole cents: DynamoDB's sums are then exact.
_MONTH = "month#"
SETTINGS = "settings"
#: A transaction that meets another one on the same month is tried again, after up to so many
#: seconds each (our choice): botocore does not.
_TRIES, _MOST_PAUSE = 10, 0.5


def month_key(month: str) -> str:
    """Return the sort key of a month, such as `2026-11`."""
    return _MONTH + month


def committed_in(item: Mapping[str, Any]) -> int:
    """Return the cents that an item of a month says are spent or reserved."""
    return int(item.get("committed", {"N": "0"})["N"])


def cap_in(item: Mapping[str, Any]) -> int | None:
    """Return the cap in cents a month that a lab's settings hold, 0 for no cap, or None."""
    return int(item["monthly_cents"]["N"]) if "monthly_cents" in item else None


class Ledger:
    """The labs' months in the runs table, and their own caps."""

    def __init__(self, client: Any, name: str) -> None:
        """Take a low-level DynamoDB client and the table's name."""
        self._client, self._name = client, name

    def committed(self, lab: str, month: str) -> int:
        """Return the cents that a lab has spent or reserved in a month, such as `2026-11`."""
        return committed_in(self._item(lab, month_key(month)))

    def cap_of(self, lab: str) -> int | None:
        """Return a lab's own cap in cents a month, 0 for none at all; None: the stack's holds."""
        return cap_in(self._item(lab, SETTINGS))

    def set_cap(self, lab: str, cents: int | None) -> None:
        """Give a lab a cap of its own, as `cap_of` returns it."""
        key = _key(lab, SETTINGS)
        if cents is None:
            self._client.delete_item(TableName=self._name, Key=key)
        else:
            item = {**key, "monthly_cents": {"N": str(cents)}}
            self._client.put_item(TableName=self._name, Item=item)

    def _item(self, lab: str, sort: str) -> dict[str, Any]:
        answer = self._client.get_item(
            TableName=self._name, Key=_key(lab, sort), ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

    def reserve(self, run: Run, month: str, cents: int, cap: int) -> bool:
        """Reserve for a run; whether the lab's month had room, or it was reserved before."""
        of_month = self._update(
            run.lab,
            month_key(month),
            "ADD committed :cents",
            "attribute_not_exists(committed) OR committed <= :room",
            {":cents": cents, ":room": cap - cents},
        )
        of_run = self._update(
            run.lab,
            run.run_id,
            "SET reserved_cents = :cents, reserved_in = :month",
            "attribute_exists(run_id) AND attribute_not_exists(reserved_cents)",
            {":cents": cents, ":month": month},
        )
        if cents > cap:
            return False
        failed = self._transact(of_month, of_run)
        return not failed or failed[1]  # the run's own item: reserved before

    def settle(self, run: Run, cents: int) -> None:
        """Put what a run came to in the place of what was reserved for it, once."""
        if run.reserved_cents is None or run.reserved_in is None or run.is_settled:
            return
        of_month = self._update(
            run.lab,
            month_key(run.reserved_in),
            "ADD committed :less",
            "attribute_exists(committed)",
            {":less": cents - run.reserved_cents},
        )
        of_run = self._update(
            run.lab,
            run.run_id,
            "SET is_settled = :yes",
            "attribute_exists(reserved_cents) AND attribute_not_exists(is_settled)",
            {":yes": 1},
        )
        self._transact(of_month, of_run)

    def _update(
        self, lab: str, sort: str, expression: str, condition: str, values: dict[str, int | str]
    ) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._name,
                "Key": _key(lab, sort),
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {
                    name: {"N": str(each)} if isinstance(each, int) else {"S": each}
                    for name, each in values.items()
                },
            }
        }

    def _transact(self, *updates: dict[str, Any]) -> list[bool]:
        """Do all of them or none; returns which of them failed, empty when all were done."""
        for left in reversed(range(_TRIES)):
            try:
                self._client.transact_write_items(TransactItems=list(updates))
            except self._client.exceptions.TransactionCanceledException as error:
                codes = [each.get("Code") for each in error.response["CancellationReasons"]]
                if "ConditionalCheckFailed" in codes:
                    return [code == "ConditionalCheckFailed" for code in codes]
                if not left:
                    raise
                time.sleep(_MOST_PAUSE * random.random())  # noqa: S311  # no secret
            else:
                break
        return []


def _key(lab: str, sort: str) -> dict[str, dict[str, str]]:
    return {"lab": {"S": lab}, "run_id": {"S": sort}}
