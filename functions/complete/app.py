"""Takes the events of training jobs: records how each goes and ends, mails the lab."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from dlc_batch_core.aws import MailTopic, ObjectStore
from dlc_batch_core.completion import Completion, parse_job_change
from dlc_batch_core.errors import StateError
from dlc_batch_core.run_table import RunTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
completion = Completion(
    outcomes=ObjectStore(boto3.client("s3")),
    table=RunTable(boto3.client("dynamodb"), os.environ["RUNS_TABLE"]),
    publish=MailTopic(boto3.client("sns"), os.environ["TOPIC_ARN"]).publish,
    clock=time.time,
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
