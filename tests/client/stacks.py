"""Stacks of a test's own, and the runs in them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from dlc_batch.cloud import Cloud
from dlc_batch_core.run import Run, Status, to_item


def make_stack(aws: Any, cloud: Cloud) -> dict[str, str]:
    """Make a stack whose outputs name a cloud's parts; return the variables that lead to it."""
    name = f"stack-{uuid.uuid4().hex[:8]}"
    outputs = {"Bucket": cloud.bucket, "RunsTable": cloud.table_name, "JobQueue": cloud.job_queue}
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    formation = aws.client("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    return {
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "1",
        "DLC_BATCH_CLOUD": "aws",
        "DLC_BATCH_STACK": name,
    }


def recorder(cloud: Cloud) -> Callable[..., Run]:
    """Return what writes the record of a run."""

    def write(**values: Any) -> Run:
        defaults = {
            "lab": "miller",
            "run_id": f"mouse-{uuid.uuid4().hex[:12]}",
            "status": Status.QUEUED,
            "bucket": cloud.bucket,
            "key": "uploads/miller/mouse.zip",
            "submitted_at": "2026-01-02T03:04:05.678+00:00",
        }
        run = Run(**{**defaults, **values})
        cloud.dynamodb.put_item(TableName=cloud.table_name, Item=to_item(run))
        return run

    return write
