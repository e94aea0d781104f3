"""The four AWS::Batch resource types of CloudFormation, which MiniStack lacks.

Each goes through the same operations as Batch's own API. `Ref` gives the ARN, as in AWS.
And a mend: a topic of a stack lets anybody publish.
"""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]
from ministack.services import batch, sns  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from dlc_batch.local.batch_api import Answer, BatchApi, find_definition
from dlc_batch.local.batch_jobs import RequestError

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, str]]  # physical id, attributes for Fn::GetAtt

# Maps whose keys are the user's own, not field names: they keep their case.
_FREE_MAPS = {"Tags", "Parameters", "Options"}
# MiniStack keeps three of them only.
_QUEUE_FIELDS = (
    "state",
    "priority",
    "computeEnvironmentOrder",
    "jobStateTimeLimitActions",
    "schedulingPolicyArn",
)


def handlers(api: BatchApi) -> dict[str, dict[str, Callable[..., Any]]]:
    """Create, update and delete for each type, as MiniStack's CloudFormation calls them."""

    def job_definition(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        request = _request(properties, "jobDefinitionName", logical_id, stack)
        arn = _body(api.register_job_definition(request))["jobDefinitionArn"]
        return arn, {"JobDefinitionArn": arn}

    def new_revision(arn: str, _old: Properties, new: Properties, stack: str) -> Provisioned:
        # A changed definition is a new revision under the same name; the old one ends, unless
        # the template keeps it for jobs that wait.
        made = job_definition("", {"JobDefinitionName": _name(arn), **new}, stack)
        if not (new.get("ResourceRetentionPolicy") or {}).get("SkipDeregisterOnUpdate"):
            _deregister(arn)
        return made

    return {
        "AWS::Batch::ComputeEnvironment": {
            "create": _create_environment,
            "update": _update_environment,
            "delete": lambda arn, _properties: batch._compute_envs.pop(_name(arn), None),
        },
        "AWS::Batch::JobQueue": {
            "create": _create_queue,
            "update": _update_queue,
            "delete": lambda arn, _properties: batch._job_queues.pop(_name(arn), None),
        },
        "AWS::Batch::SchedulingPolicy": {
            "create": _create_policy,
            "update": lambda arn, _old, _new, _stack: (arn, {"Arn": arn}),
            "delete": lambda _arn, _properties: None,
        },
        "AWS::Batch::JobDefinition": {
            "create": job_definition,
            "update": new_revision,
            "delete": lambda arn, _properties: _deregister(arn),
        },
        "AWS::SNS::Topic": {
            **provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"],
            "create": closed_topic(provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]["create"]),
        },
    }


def closed_topic(create: Callable[..., Provisioned]) -> Callable[..., Provisioned]:
    """AWS::SNS::Topic's `create`, with the condition of AWS's default policy, which MiniStack
    leaves out: without it a role that may not publish can."""

    def create_closed(logical_id: str, properties: Properties, stack: str) -> Provisioned:
        arn, attributes = create(logical_id, properties, stack)
        topic = sns._topics[arn]["attributes"]
        policy = json.loads(topic["Policy"])
        for statement in policy["Statement"]:
            statement["Condition"] = {"StringEquals": {"AWS:SourceOwner": topic["Owner"]}}
        topic["Policy"] = json.dumps(policy)
        return arn, attributes

    return create_closed


def _create_environment(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request = _request(properties, "computeEnvironmentName", logical_id, stack)
    arn = _body(batch._create_compute_environment(request))["computeEnvironmentArn"]
    return arn, {"ComputeEnvironmentArn": arn}


def _update_environment(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    _body(batch._update_compute_environment({**camel_case(new), "computeEnvironment": arn}))
    return arn, {"ComputeEnvironmentArn": arn}


def _create_policy(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    """Every policy shares alike here: its weights and its decay are not looked at."""
    name = _request(properties, "name", logical_id, stack)["name"]
    place = f"{responses.get_region()}:{responses.get_account_id()}"
    arn = f"arn:aws:batch:{place}:scheduling-policy/{name}"
    return arn, {"Arn": arn}


def _create_queue(logical_id: str, properties: Properties, stack: str) -> Provisioned:
    request = _request(properties, "jobQueueName", logical_id, stack)
    arn = _body(batch._create_job_queue(request))["jobQueueArn"]
    return _update_queue(arn, {}, properties, stack)


def _update_queue(arn: str, _old: Properties, new: Properties, _stack: str) -> Provisioned:
    request = camel_case(new)
    changed = {name: request[name] for name in _QUEUE_FIELDS if name in request}
    batch._job_queues[_name(arn)].update(changed)
    return arn, {"JobQueueArn": arn}


def _deregister(arn: str) -> None:
    with contextlib.suppress(RequestError):  # deregistered by hand since
        find_definition(arn)["status"] = "INACTIVE"


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1].split(":")[0]


def _request(properties: Properties, name: str, logical_id: str, stack: str) -> dict[str, Any]:
    request: dict[str, Any] = camel_case(properties)
    if name not in request:
        request[name] = provisioners._physical_name(stack, logical_id, max_len=128)
    return request


def camel_case(value: Any) -> Any:
    """CloudFormation's PascalCase property names as the Batch API spells them."""
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key[:1].lower() + key[1:]: item if key in _FREE_MAPS else camel_case(item)
        for key, item in value.items()
    }


def _body(answer: Answer) -> dict[str, Any]:
    status, _, body = answer
    values: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise ValueError(values.get("message") or body.decode())  # the stack fails with it
    return values
