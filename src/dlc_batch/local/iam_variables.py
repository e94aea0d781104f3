"""Policies that go by whom and what they meet, which MiniStack evaluates in part.

It knows the tags of a principal as condition keys, but leaves `${aws:PrincipalTag/lab}` as it
stands in a policy; and it lacks the key dynamodb:LeadingKeys, the tags of Batch jobs and the
streams of logs.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ministack.services import batch, dynamodb  # type: ignore[import-untyped]

# IAM user guide, "IAM policy elements: Variables and tags".
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
# An equality in a KeyConditionExpression; of the partition key DynamoDB takes nothing else.
_EQUALITY = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


def principal_with_variables(original: Callable[..., Any]) -> Callable[..., Any]:
    """`iam_evaluator.resolve_principal` that fills in the variables of policies."""

    def resolve(*args: Any, **named: Any) -> Any:
        principal = original(*args, **named)
        if getattr(principal, "policies", None) is None:  # root, or nobody
            return principal
        policies = [
            [_filled(statement, principal.keys) for statement in policy]
            for policy in principal.policies
        ]
        return replace(principal, policies=policies)

    return resolve


def _filled(statement: Any, keys: dict[str, Any]) -> Any:
    return replace(
        statement,
        resources=[fill(each, keys) for each in statement.resources],
        conditions=json.loads(fill(json.dumps(statement.conditions), keys)),
    )


def fill(text: str, keys: dict[str, Any]) -> str:
    """Fill in the variables of a policy; one without a value stays, and matches nothing."""
    return _VARIABLE.sub(lambda found: str(keys.get(found[1].lower(), found[0])), text)


def context_with_leading_keys(original: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """`iam_actions.dynamodb_service_context` that knows the partition key which is asked for."""

    def context(body: bytes) -> Any:
        known = original(body)
        try:
            request = json.loads(body or b"{}")
            leading = list(_leading_keys(request))
        except (ValueError, KeyError, TypeError, AttributeError):
            return known  # the request itself is refused later
        return {**known, "dynamodb:LeadingKeys": leading} if leading else known

    return context


def _leading_keys(request: dict[str, Any]) -> Iterator[str]:
    table = dynamodb._tables[str(request["TableName"]).rsplit("/", 1)[-1]]
    indexes = [each for each in table["GlobalSecondaryIndexes"] if "IndexName" in request]
    (schema,) = [
        each["KeySchema"] for each in indexes if each["IndexName"] == request["IndexName"]
    ] or [table["KeySchema"]]
    (name,) = [each["AttributeName"] for each in schema if each["KeyType"] == "HASH"]
    named = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for item in (request.get("Key"), request.get("Item")):
        if item:
            yield from item[name].values()
    for attribute, value in _EQUALITY.findall(request.get("KeyConditionExpression") or ""):
        if named.get(attribute, attribute) == name:
            yield from values[value].values()


def resource_with_stream(original: Callable[..., str]) -> Callable[..., str]:
    """`iam_actions.extract_resource_arn` that names the stream where AWS authorises on it, and not
    on its group (Service Authorization Reference, CloudWatch Logs)."""

    def extract(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> str:
        resource = original(service, method, path, headers, body, *rest)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "logs" and operation in ("GetLogEvents", "PutLogEvents"):
            return f"{resource}:log-stream:{json.loads(body or b'{}').get('logStreamName')}"
        return resource

    return extract


def job_tags() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The tags of each job by its ARN, as `tagging` collects those of other services."""
    for job in batch._jobs.values():
        yield job["jobArn"], [{"Key": k, "Value": v} for k, v in job.get("tags", {}).items()]
