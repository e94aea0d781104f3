"""A stack and what it is made of, also after it was deleted.

CloudFormation tells of a deleted stack for 90 days, by its id: what it left can still be found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.exceptions

from dlc_batch.cloud import Account, aws_errors_as_ours
from dlc_batch_core.errors import CloudError, LabError

_DELETED = "DELETE_COMPLETE"
#: Compute environments take minutes to go; an hour is what CloudFormation itself would wait.
_WAIT = {"Delay": 5, "MaxAttempts": 720}


@dataclass(frozen=True)
class StackWithResources:
    """A stack of ours, deployed or deleted."""

    account: Account
    stack_id: str
    is_deleted: bool
    resources: Mapping[str, tuple[str, ...]]  # by type, such as AWS::S3::Bucket: physical ids

    def ids(self, kind: str) -> tuple[str, ...]:
        return self.resources.get(kind, ())

    def delete(self) -> None:
        """Delete it, and wait until it is gone.

        Raises:
            CloudError: parts of it can't be deleted.
        """
        formation = self.account.client("cloudformation")
        with aws_errors_as_ours():
            formation.delete_stack(StackName=self.stack_id)
            try:
                formation.get_waiter("stack_delete_complete").wait(
                    StackName=self.stack_id, WaiterConfig=_WAIT
                )
            except botocore.exceptions.WaiterError as error:
                raise CloudError(
                    f"The stack {self.account.stack} is not deleted: {self._failures(formation)}.",
                    "Mend that, and say it again: it goes on.",
                ) from error

    def _failures(self, formation: Any) -> str:
        pages = formation.get_paginator("describe_stack_events").paginate(StackName=self.stack_id)
        events = [event for page in pages for event in page["StackEvents"]]
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event["ResourceStatus"] == "DELETE_FAILED"
        ]
        return "; ".join(failed) or "it takes longer than an hour"


def find_stack(account: Account) -> StackWithResources:
    """Find the stack of this name: the one that is deployed, else the last that was deleted.

    Raises:
        LabError: there is none of ours.
    """
    with aws_errors_as_ours():
        formation = account.client("cloudformation")
        pages = formation.get_paginator("list_stacks").paginate()
        found = [
            each
            for page in pages
            for each in page["StackSummaries"]
            if each["StackName"] == account.stack
        ]
        # a deployed one has no time of deletion, and there is one at most
        found.sort(key=lambda each: (each["StackStatus"] != _DELETED, each["CreationTime"]))
        resources = _resources(formation, found[-1]) if found else {}
    if not {"AWS::S3::Bucket", "AWS::Batch::JobQueue"} <= resources.keys():
        raise LabError(
            f"No stack of dlc-batch is named {account.stack}, and none was deleted in 90 days.",
            "Name the right one with --stack, and its region with --region.",
        )
    newest = found[-1]
    return StackWithResources(
        account, newest["StackId"], newest["StackStatus"] == _DELETED, resources
    )


def _resources(formation: Any, stack: Any) -> dict[str, tuple[str, ...]]:
    told = [("list_stack_resources", "StackResourceSummaries")]
    if stack["StackStatus"].startswith("DELETE_"):  # what is deleted, or kept, is told by events
        told.append(("describe_stack_events", "StackEvents"))
    named: dict[str, dict[str, None]] = defaultdict(dict)
    for operation, field in told:
        for page in formation.get_paginator(operation).paginate(StackName=stack["StackId"]):
            for each in page[field]:
                if each.get("PhysicalResourceId"):
                    named[each["ResourceType"]][each["PhysicalResourceId"]] = None
    return {kind: tuple(ids) for kind, ids in named.items()}
