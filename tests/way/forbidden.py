"""What a training job may not do, tried with its own role."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import boto3
from botocore.exceptions import ClientError

#: Where a test leaves the names of what is to be tried: table, topic and queue.
NAMES = "runs/thief/names.json"


def attempts(bucket: str, run: str) -> Iterator[str]:
    """Try each thing; yields its name, and the error's code or `done`."""
    s3 = boto3.client("s3")
    names = json.loads(s3.get_object(Bucket=bucket, Key=NAMES)["Body"].read())
    dynamodb, sns, batch = (boto3.client(each) for each in ("dynamodb", "sns", "batch"))
    own = f"runs/thief/{run}/"
    key = {"lab": {"S": "thief"}, "run_id": {"S": run}}
    tries: dict[str, Callable[[], object]] = {
        "write-own": lambda: s3.put_object(Bucket=bucket, Key=f"{own}results/a", Body=b"a"),
        "write-upload": lambda: s3.put_object(Bucket=bucket, Key="uploads/x/y.zip", Body=b"a"),
        "delete-upload": lambda: s3.delete_object(Bucket=bucket, Key="uploads/thief/project.zip"),
        "delete-results": lambda: s3.delete_object(Bucket=bucket, Key=f"{own}results/a"),
        "delete-request": lambda: s3.delete_object(Bucket=bucket, Key=f"{own}request.json"),
        "read-record": lambda: dynamodb.get_item(TableName=names["table"], Key=key),
        "write-record": lambda: dynamodb.put_item(TableName=names["table"], Item=key),
        "publish": lambda: sns.publish(TopicArn=names["topic"], Message="m", Subject="s"),
        "submit": lambda: batch.submit_job(
            jobName="j", jobQueue=names["queue"], jobDefinition="d", shareIdentifier="s"
        ),
        "read-users": lambda: boto3.client("iam").list_users(),
    }
    for name, attempt in tries.items():
        try:
            attempt()
        except ClientError as error:
            yield f"{name}: {error.response['Error']['Code']}"
        else:
            yield f"{name}: done"
