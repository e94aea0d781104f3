"""The stack itself: how its last deployment ended."""

from __future__ import annotations

from collections.abc import Iterator

from dlc_batch.doctor.deployment import Deployment
from dlc_batch.doctor.findings import finding
from dlc_batch_core.problems import Problem

#: The change was taken back whole, and the stack is as it was before.
_TAKEN_BACK = ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def look_at_stack(deployment: Deployment) -> Iterator[Problem]:
    """Find a deployment that failed, was taken back, or goes on."""
    status = str(deployment.stack.description["StackStatus"])
    if status in _WELL:
        return
    if status == "REVIEW_IN_PROGRESS":
        code = "stack-not-deployed"
    elif status.endswith("_IN_PROGRESS"):
        code = "stack-in-progress"
    elif status in _TAKEN_BACK:
        code = "stack-rolled-back"
    else:
        code = "stack-failed"
    reason = deployment.stack.description.get("StackStatusReason", "")
    yield finding(
        code, deployment, deployment.stack.name, f"Its status is {status}. {reason}".strip()
    )
