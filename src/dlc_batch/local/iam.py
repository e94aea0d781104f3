"""IAM on Batch's requests, which MiniStack checks against the resource `*` only.

AWS authorises SubmitJob on the job definition and on the queue, and with tags also
batch:TagResource; TerminateJob and CancelJob on the job; lists and descriptions on `*`
(Service Authorization Reference, AWS Batch).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One permission that a request needs."""

    action: str
    resource: str


class CheckedResource(str):
    """A request's resource, with the further permissions that it needs.

    A string, because MiniStack hands the resource from `extract_resource_arn` to `enforce`.
    """

    further: tuple[Check, ...] = ()


def batch_resource(path: str, body: bytes, region: str, account: str) -> str:
    """What a Batch request is about, as IAM names it."""
    operation = path.rstrip("/").rsplit("/", 1)[-1].lower()
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"  # the request itself is refused later

    def arn(kind: str, reference: object) -> str:
        text = str(reference or "")
        return (
            text if text.startswith("arn:") else f"arn:aws:batch:{region}:{account}:{kind}/{text}"
        )

    if operation in ("terminatejob", "canceljob"):
        return arn("job", request.get("jobId"))
    if operation != "submitjob":
        return "*"
    resource = CheckedResource(arn("job-definition", request.get("jobDefinition")))
    resource.further = (Check("batch:SubmitJob", arn("job-queue", request.get("jobQueue"))),)
    if request.get("tags"):
        resource.further += (Check("batch:TagResource", arn("job", "new")),)
    return resource


def resource_with_batch(original: Callable[..., str]) -> Callable[..., str]:
    """`iam_actions.extract_resource_arn` that knows Batch."""

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        region: str,
        account: str,
    ) -> str:
        if service == "batch":
            return batch_resource(path, body, region, account)
        return original(service, method, path, headers, body, query, region, account)

    return extract


def enforce_all(original: Callable[..., Any]) -> Callable[..., Any]:
    """`iam_evaluator.enforce` that goes on to a resource's further checks."""

    def enforce(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", **named: Any
    ) -> Any:
        denied = original(key, action, service, region, resource_arn=str(resource_arn), **named)
        for check in getattr(resource_arn, "further", ()):
            denied = denied or original(
                key, check.action, service, region, resource_arn=check.resource, **named
            )
        return denied

    return enforce
