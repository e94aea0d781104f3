"""Takes the events of training jobs: records how each goes and ends, mails the lab."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from dlc_batch_core.admin_mails import QUEUE_BLOCKED, mail_of_blocked_queue
from dlc_batch_core.completing import Clients, make_completion
from dlc_batch_core.errors import StateError
from dlc_batch_core.job_change import JobChange, parse_job_change
from dlc_batch_core.run import Run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
completion = make_completion(
    Clients(
        s3=boto3.client("s3"),
        dynamodb=boto3.client("dynamodb"),
        batch=boto3.client("batch", config=Config(retries={"total_max_attempts": 1})),
        sns=boto3.client("sns"),
    ),
    os.environ,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle a "Batch Job State Change" event of the queues, or one that a queue is blocked."""
    if event.get("detail-type") == QUEUE_BLOCKED:
        completion.publish(mail_of_blocked_queue(event["detail"]))
        return
    try:
        change = parse_job_change(event["detail"])
    except StateError as error:  # somebody else's job in our queue: there is no run to record
        logger.warning("ignored", extra={"reason": str(error)})
        _tell({"JobIgnored": (MetricUnit.Count, 1)})
        return
    recorded = completion.record(change, context.aws_request_id)
    before, run = recorded.before, recorded.now
    logger.info("recorded", extra={"run_id": run.run_id, "lab": run.lab, "status": run.status})
    if _without_mails(before) != _without_mails(run):
        _tell(measure(before, change, run))  # an event that came before counted then


def _tell(measured: dict[str, tuple[MetricUnit, float]]) -> None:
    for name, (unit, value) in measured.items():
        metrics.add_metric(name=name, unit=unit, value=value)
    if measured:
        metrics.flush_metrics()


def _without_mails(run: Run) -> Run:
    """Return a record without what a repeated event may still change: mails, and its month."""
    return replace(run, mail=None, accepted_mail=None, is_settled=None)


def measure(before: Run, change: JobChange, run: Run) -> dict[str, tuple[MetricUnit, float]]:
    """Return what an event says of a run that it changed, as the dashboard shows it."""
    told: dict[str, tuple[MetricUnit, float]] = {}
    if run.status is not before.status:  # else another attempt, or another of its shuffles
        told[f"Run{run.status.title()}"] = (MetricUnit.Count, 1)
    if change.waited is not None:
        told["QueueMinutes"] = (MetricUnit.NoUnit, change.waited / 60)
    if run.status.is_final and run.cost:
        told["Dollars"] = (MetricUnit.NoUnit, run.cost["dollars"])
    if run.status.is_final and "train" in run.timings:
        told["TrainMinutes"] = (MetricUnit.NoUnit, run.timings["train"] / 60)
    return told
