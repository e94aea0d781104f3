"""Takes the event of an upload: checks it, records the run, submits its job, mails the lab."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from dlc_batch_core.aws import BatchQueue, MailTopic, ObjectStore
from dlc_batch_core.budget import Budget
from dlc_batch_core.costs import Rates
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.limits import Limits
from dlc_batch_core.run_table import RunTable
from dlc_batch_core.submission import Claim, Submission, Upload

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# SubmitJob has no token: repeated by the client, it could start two jobs. Lambda's own retry looks
# for the first one.
batch = boto3.client("batch", config=Config(retries={"total_max_attempts": 1}))
dynamodb = boto3.client("dynamodb")
table = RunTable(dynamodb, os.environ["RUNS_TABLE"])
submission = Submission(
    objects=ObjectStore(boto3.client("s3")),
    table=table,
    queues={
        engine: BatchQueue(batch, os.environ["JOB_QUEUE"], definition)
        for engine, definition in (
            ("pytorch", os.environ["JOB_DEFINITION"]),
            ("tensorflow", os.environ["JOB_DEFINITION_TENSORFLOW"]),
        )
        if definition  # it is empty where the stack has no image for the engine
    },
    publish=MailTopic(boto3.client("sns"), os.environ["TOPIC_ARN"]).publish,
    clock=time.time,
    limits=Limits.from_settings(os.environ),
    budget=Budget(
        Rates.from_settings(os.environ),
        Ledger(dynamodb, os.environ["RUNS_TABLE"]),
        table.newest_of_lab,
    ),
)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle an "Object Created" event of the inbox."""
    upload = parse_upload(event["detail"])
    logger.append_keys(key=upload.key, version_id=upload.version_id)
    until = time.time() + context.get_remaining_time_in_millis() / 1000
    run = submission.take(upload, Claim(context.aws_request_id, until))
    status = run.status if run is not None else "IGNORED"  # the empty object of a folder
    logger.info("taken", extra={"run_id": run and run.run_id, "status": status})
    metrics.add_metric(name=f"Upload{status.title()}", unit=MetricUnit.Count, value=1)


def parse_upload(detail: dict[str, Any]) -> Upload:
    """Read the event's detail. The key is raw: EventBridge does not encode it."""
    item = detail["object"]
    return Upload(
        bucket=detail["bucket"]["name"],
        key=item["key"],
        version_id=item.get("version-id"),
        size=int(item["size"]),
    )
