"""Completion over the AWS services, as the functions `complete` and `sweep` have it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch_core.aws import BatchQueue, MailTopic, ObjectStore
from dlc_batch_core.completion import Completion
from dlc_batch_core.costs import Rates
from dlc_batch_core.fall_back import FallBack
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.run_table import RunTable


@dataclass(frozen=True)
class Clients:
    """Of boto3. Batch's must not repeat requests by itself: SubmitJob has no token, and two jobs
    could start."""

    s3: Any
    dynamodb: Any
    batch: Any
    sns: Any


def make_completion(clients: Clients, settings: Mapping[str, str]) -> Completion:
    """Return the completion of a stack, from the environment of one of its functions.

    Raises:
        KeyError, ValueError: a setting is missing, or is not what it should be.
    """
    table = RunTable(clients.dynamodb, settings["RUNS_TABLE"])
    on_demand = BatchQueue(clients.batch, settings["ON_DEMAND_QUEUE"])
    return Completion(
        outcomes=ObjectStore(clients.s3),
        table=table,
        publish=MailTopic(clients.sns, settings["TOPIC_ARN"]).publish,
        clock=time.time,
        # the setting is empty where the admin does not want On-Demand
        fall_back=FallBack(table, on_demand, time.time) if on_demand.queue else None,
        rates=Rates.from_settings(settings),
        ledger=Ledger(clients.dynamodb, settings["RUNS_TABLE"]),
    )
