"""Takes the events of training jobs: records how each goes and ends, mails the lab."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from dlc_batch_core.aws import BatchQueue, MailTopic, ObjectStore
from dlc_batch_core.completion import Completion
from dlc_batch_core.costs import Rates
from dlc_batch_core.errors import StateError
from dlc_batch_core.fall_back import FallBack
from dlc_batch_core.job_change import parse_job_change
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.run_table import RunTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
dynamodb = boto3.client("dynamodb")
table = RunTable(dynamodb, os.environ["RUNS_TABLE"])
# SubmitJob has no token: repeated by the client, it could start two jobs
batch = boto3.client("batch", config=Config(retries={"total_max_attempts": 1}))
on_demand = BatchQueue(batch, os.environ["ON_DEMAND_QUEUE"])
completion = Completion(
    outcomes=ObjectStore(boto3.client("s3")),
    table=table,
    publish=MailTopic(boto3.client("sns"), os.environ["TOPIC_ARN"]).publish,
    clock=time.time,
    fall_back=FallBack(table, on_demand, time.time) if on_demand.queue else None,
    rates=Rates.from_settings(os.environ),
    ledger=Ledger(dynamodb, os.environ["RUNS_TABLE"]),
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle a "Batch Job State Change" event of the queue."""
    try:
        change = parse_job_change(event["detail"])
    except StateError as error:  # somebody else's job in our queue: there is no run to record
        logger.warning("ignored", extra={"reason": str(error)})
        metrics.add_metric(name="JobIgnored", unit=MetricUnit.Count, value=1)
        return
    run = completion.record(change, context.aws_request_id)
    logger.info("recorded", extra={"run_id": run.run_id, "lab": run.lab, "status": run.status})
    metrics.add_metric(name=f"Run{run.status.title()}", unit=MetricUnit.Count, value=1)
