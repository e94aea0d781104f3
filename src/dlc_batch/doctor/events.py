"""How word of uploads and of ended trainings travels: bucket, event rules, functions, and the
queue of what could not be dealt with."""

from __future__ import annotations

from collections.abc import Iterator

from dlc_batch.doctor.deployment import Deployment
from dlc_batch.doctor.findings import finding
from dlc_batch_core.problems import Problem

BUCKET = "Bucket"
UNDELIVERED = "Undelivered"
RULE = "AWS::Events::Rule"
FUNCTION = "AWS::Lambda::Function"


def look_at_bucket(deployment: Deployment) -> Iterator[Problem]:
    """Find a bucket that does not tell of uploads."""
    bucket = deployment.named(BUCKET)
    s3 = deployment.client("s3")
    try:
        told = s3.get_bucket_notification_configuration(Bucket=bucket.physical_id)
    except s3.exceptions.NoSuchBucket:
        yield finding("resource-missing", deployment, bucket.where, "S3 does not know it.")
        return
    if "EventBridgeConfiguration" not in told:
        what = "Its notifications to EventBridge are off."
        names = {"bucket": bucket.physical_id}
        yield finding("notifications-off", deployment, bucket.where, what, **names)


def look_at_rules(deployment: Deployment) -> Iterator[Problem]:
    """Find event rules that wake no function."""
    events = deployment.client("events")
    for rule in deployment.of_type(RULE):
        try:
            state = events.describe_rule(Name=rule.name)["State"]
        except events.exceptions.ResourceNotFoundException:
            what = "EventBridge does not know it."
            yield finding("resource-missing", deployment, rule.where, what)
            continue
        if state == "DISABLED":
            yield finding(
                "rule-disabled", deployment, rule.where, "It is DISABLED.", name=rule.name
            )


def look_at_functions(deployment: Deployment) -> Iterator[Problem]:
    """Find functions that are gone."""
    functions = deployment.client("lambda")
    for function in deployment.of_type(FUNCTION):
        try:
            functions.get_function_configuration(FunctionName=function.name)
        except functions.exceptions.ResourceNotFoundException:
            what = "Lambda does not know it."
            yield finding("resource-missing", deployment, function.where, what)


def look_at_undelivered(deployment: Deployment) -> Iterator[Problem]:
    """Find events that could not be dealt with."""
    queue = deployment.named(UNDELIVERED)
    sqs = deployment.client("sqs")
    asked = {"QueueUrl": queue.physical_id, "AttributeNames": ["ApproximateNumberOfMessages"]}
    try:
        answer = sqs.get_queue_attributes(**asked)
    except sqs.exceptions.QueueDoesNotExist:
        yield finding("resource-missing", deployment, queue.where, "SQS does not know it.")
        return
    waiting = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    if waiting:
        what = f"{waiting} message{'s' * (waiting > 1)} in it."
        names = {"queue": queue.physical_id}
        yield finding("undelivered", deployment, queue.where, what, **names)
