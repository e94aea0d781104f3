"""Leaving: what a stack holds beside itself, and deleting or keeping it when the stack goes.

Every step looks for what is there, so that all of it is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import botocore.exceptions

from dlc_batch.cloud import aws_errors_as_ours
from dlc_batch.object_versions import ObjectVersions
from dlc_batch.stacks import StackWithResources
from dlc_batch_core.errors import LabError

_UNFINISHED = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_GIB = 2**30
#: Dollars for a GiB and month, us-east-1, 2026: S3 Standard's first 50 TB; a DynamoDB table, with
#: its point-in-time recovery (aws.amazon.com/s3/pricing, aws.amazon.com/dynamodb/pricing).
_BUCKET_DOLLARS, _TABLE_DOLLARS = 0.023, 0.25 + 0.20
#: Services that make a log group by themselves, by the prefix of its name.
_LOGGING = {"AWS::Lambda::Function": "/aws/lambda/", "AWS::CodeBuild::Project": "/aws/codebuild/"}


@dataclass(frozen=True)
class Left:
    """Something that outlives the stack, and costs."""

    kind: str  # bucket | table
    name: str
    size: int  # bytes

    @property
    def dollars_a_month(self) -> float:
        price = _BUCKET_DOLLARS if self.kind == "bucket" else _TABLE_DOLLARS
        return self.size / _GIB * price


def refuse_unfinished_jobs(stack: StackWithResources) -> None:
    """Make sure that no training would be cut off.

    Raises:
        LabError: some are queued or running; it names them.
    """
    if stack.is_deleted:
        return
    batch = stack.account.client("batch")
    pages = batch.get_paginator("list_jobs")
    with aws_errors_as_ours():
        names = [
            job["jobName"]
            for queue in stack.ids("AWS::Batch::JobQueue")
            for status in _UNFINISHED
            for page in pages.paginate(jobQueue=queue, jobStatus=status)
            for job in page["jobSummaryList"]
        ]
    if names:
        remedy = "Wait for their end, or end them: dlc-batch cancel RUN"
        raise LabError(f"These trainings are not over: {', '.join(names)}.", remedy)


def find_left(stack: StackWithResources) -> tuple[Left, ...]:
    """Return the buckets and tables of a stack that are there."""
    with aws_errors_as_ours():
        return (*_buckets(stack), *_tables(stack))


def delete_data(
    stack: StackWithResources, deleted: Callable[[int], object] = lambda _: None
) -> None:
    """Delete the stack's buckets, with all versions, and its tables.

    Args:
        deleted: is told how many objects have gone, as they go.
    """
    s3, database = stack.account.client("s3"), stack.account.client("dynamodb")
    with aws_errors_as_ours():
        for each in find_left(stack):
            if each.kind == "bucket":
                ObjectVersions(s3, each.name).delete(deleted)
                s3.delete_bucket(Bucket=each.name)
            else:
                database.delete_table(TableName=each.name)
                database.get_waiter("table_not_exists").wait(TableName=each.name)


def detach_policies(stack: StackWithResources) -> None:
    """Take the stack's policies from the people who have them: no attached one can be deleted."""
    iam = stack.account.client("iam")
    pages = iam.get_paginator("list_entities_for_policy")
    with aws_errors_as_ours():
        for arn in stack.ids("AWS::IAM::ManagedPolicy"):
            try:
                found = list(pages.paginate(PolicyArn=arn))
            except iam.exceptions.NoSuchEntityException:  # deleted before
                continue
            for page in found:
                for each in page["PolicyUsers"]:
                    iam.detach_user_policy(UserName=each["UserName"], PolicyArn=arn)
                for each in page["PolicyGroups"]:
                    iam.detach_group_policy(GroupName=each["GroupName"], PolicyArn=arn)
                for each in page["PolicyRoles"]:
                    iam.detach_role_policy(RoleName=each["RoleName"], PolicyArn=arn)


def delete_traces(stack: StackWithResources) -> None:
    """Delete what no stack deletes: earlier job definitions, and logs written after its end."""
    with aws_errors_as_ours():
        _deregister_job_definitions(stack)
        _delete_log_groups(stack)


def _buckets(stack: StackWithResources) -> Iterator[Left]:
    s3 = stack.account.client("s3")
    for name in stack.ids("AWS::S3::Bucket"):
        try:
            yield Left("bucket", name, ObjectVersions(s3, name).measure().size)
        except s3.exceptions.NoSuchBucket:
            continue


def _tables(stack: StackWithResources) -> Iterator[Left]:
    database = stack.account.client("dynamodb")
    for name in stack.ids("AWS::DynamoDB::Table"):
        try:
            table = database.describe_table(TableName=name)["Table"]
        except database.exceptions.ResourceNotFoundException:
            continue
        yield Left("table", name, table["TableSizeBytes"])


def _deregister_job_definitions(stack: StackWithResources) -> None:
    batch = stack.account.client("batch")
    pages = batch.get_paginator("describe_job_definitions")
    for arn in stack.ids("AWS::Batch::JobDefinition"):
        name = arn.rpartition("/")[2].partition(":")[0]
        for page in pages.paginate(jobDefinitionName=name):
            revisions = page["jobDefinitions"]  # AWS shows deregistered ones for 180 days
            for each in (each for each in revisions if each["status"] == "ACTIVE"):
                batch.deregister_job_definition(jobDefinition=each["jobDefinitionArn"])


def _delete_log_groups(stack: StackWithResources) -> None:
    logs = stack.account.client("logs")
    made = [prefix + name for kind, prefix in _LOGGING.items() for name in stack.ids(kind)]
    for name in (*stack.ids("AWS::Logs::LogGroup"), *made):
        try:
            logs.delete_log_group(logGroupName=name)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
