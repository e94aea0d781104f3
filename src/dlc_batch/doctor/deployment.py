"""A deployed stack with its resources, as the doctor finds them: by what CloudFormation made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import DescribedStack, aws_errors_as_ours

#: The account of local clouds; AWS gives it to nobody.
LOCAL_ACCOUNT = "000000000000"


class NotCheckedError(Exception):
    """Something can't be looked at; the text says why."""


@dataclass(frozen=True)
class Resource:
    """A resource of the stack: its name in the template, and the one that AWS knows it by."""

    logical_id: str
    physical_id: str
    type: str

    @property
    def name(self) -> str:
        """The physical name without what goes before it in an ARN."""
        return self.physical_id.rsplit("/", 1)[-1]

    @property
    def where(self) -> str:
        return f"{self.logical_id} ({self.name})"


@dataclass(frozen=True)
class Deployment:
    """What the doctor examines."""

    stack: DescribedStack
    resources: tuple[Resource, ...]

    @property
    def account(self) -> str:
        return str(self.stack.description["StackId"]).split(":")[4]

    @property
    def region(self) -> str:
        return str(self.stack.description["StackId"]).split(":")[3]

    @property
    def is_local(self) -> bool:
        return self.account == LOCAL_ACCOUNT

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def of_type(self, resource_type: str) -> tuple[Resource, ...]:
        """Return the resources of this type.

        Raises:
            NotCheckedError: there is none.
        """
        found = tuple(each for each in self.resources if each.type == resource_type)
        if not found:
            raise NotCheckedError(f"The stack has no {resource_type}.")
        return found

    def named(self, logical_id: str) -> Resource:
        """Return the resource that the template calls so.

        Raises:
            NotCheckedError: there is none.
        """
        for each in self.resources:
            if each.logical_id == logical_id:
                return each
        raise NotCheckedError(f"The stack has no resource {logical_id}.")


def read_deployment(stack: DescribedStack) -> Deployment:
    """List what the stack consists of.

    Raises:
        CloudError: it can't be listed.
    """
    with aws_errors_as_ours():
        pages = stack.client("cloudformation").get_paginator("list_stack_resources")
        listed = [
            each
            for page in pages.paginate(StackName=stack.name)
            for each in page["StackResourceSummaries"]
        ]
    made = (
        Resource(each["LogicalResourceId"], each["PhysicalResourceId"], each["ResourceType"])
        for each in listed
        if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
    )
    return Deployment(stack, tuple(made))
