"""Looks at the runs that are not done, now and then: mends what no event told, and tells it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from dlc_batch_core.aws import BatchQueue
from dlc_batch_core.completing import Clients, make_completion
from dlc_batch_core.run import Run
from dlc_batch_core.sweep import LATE, Sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
s3, functions = boto3.client("s3"), boto3.client("lambda")
batch = boto3.client("batch", config=Config(retries={"total_max_attempts": 1}))

#: What S3 answers for a version that is deleted, or a mark of deletion.
_GONE = (404, 405)


def submit_again(run: Run) -> None:
    """Tell the submit function of a run's upload, as S3 did."""
    try:
        head = s3.head_object(Bucket=run.bucket, Key=run.key, VersionId=run.version_id or "null")
        size = head["ContentLength"]
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _GONE:
            raise  # the next sweep looks again
        size = 1  # submit finds out that it is gone, and tells the lab
    item = {"key": run.key, "size": size, "version-id": run.version_id}
    event = {"detail": {"bucket": {"name": run.bucket}, "object": item}}
    functions.invoke(
        FunctionName=os.environ["SUBMIT_FUNCTION"],
        InvocationType="Event",
        Payload=json.dumps(event),
    )


sweep = Sweep(
    completion=make_completion(
        Clients(s3, boto3.client("dynamodb"), batch, boto3.client("sns")), os.environ
    ),
    jobs=BatchQueue(batch, os.environ["JOB_QUEUE"]),
    submit_again=submit_again,
    spot_wait=float(os.environ["SPOT_WAIT_SECONDS"]),
    late=float(os.environ.get("LATE_SECONDS") or LATE),
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001  # a schedule's
    """Sweep once."""
    found = sweep.run(context.aws_request_id)
    logger.info("swept", extra={"found": found})
    if found:  # a metric is billed for each hour in which it is told
        metrics.add_metric(name="Swept", unit=MetricUnit.Count, value=len(found))
        metrics.flush_metrics()
