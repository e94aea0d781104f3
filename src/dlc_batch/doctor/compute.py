"""What runs trainings: job queues, compute environments, and the trainer's images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dlc_batch.doctor.deployment import Deployment, NotCheckedError, Resource
from dlc_batch.doctor.findings import finding
from dlc_batch_core.problems import Problem

JOB_QUEUE = "AWS::Batch::JobQueue"
COMPUTE_ENVIRONMENT = "AWS::Batch::ComputeEnvironment"
JOB_DEFINITION = "AWS::Batch::JobDefinition"
#: Batch lists what was deleted for a while.
_GONE = ("DELETING", "DELETED")
_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^:@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)


def look_at_queues(deployment: Deployment) -> Iterator[Problem]:
    """Find job queues that take no jobs."""
    queues = deployment.of_type(JOB_QUEUE)
    names = [each.name for each in queues]
    answer = deployment.client("batch").describe_job_queues(jobQueues=names)
    described = {each["jobQueueName"]: each for each in answer["jobQueues"]}
    for queue in queues:
        yield from _state(deployment, queue, described.get(queue.name), "queue")


def look_at_environments(deployment: Deployment) -> Iterator[Problem]:
    """Find compute environments that start no instances."""
    environments = deployment.of_type(COMPUTE_ENVIRONMENT)
    described = {
        each["computeEnvironmentName"]: each for each in describe_environments(deployment)
    }
    for environment in environments:
        found = described.get(environment.name)
        yield from _state(deployment, environment, found, "environment")


def describe_environments(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the stack's compute environments, as Batch describes those that are there."""
    names = [each.name for each in deployment.of_type(COMPUTE_ENVIRONMENT)]
    batch = deployment.client("batch")
    answer = batch.describe_compute_environments(computeEnvironments=names)
    found: list[dict[str, Any]] = answer["computeEnvironments"]
    return found


def _state(
    deployment: Deployment, resource: Resource, found: Mapping[str, Any] | None, kind: str
) -> Iterator[Problem]:
    where, name = resource.where, resource.name
    if found is None or found.get("status") in _GONE:
        yield finding("resource-missing", deployment, where, "Batch does not know it.")
        return
    reason = found.get("statusReason") or "none given"
    if found["state"] == "DISABLED":
        what = f"It is DISABLED (reason: {reason})."
        yield finding(f"{kind}-disabled", deployment, where, what, name=name)
    if found.get("status") == "INVALID":
        what = f"It is INVALID (reason: {reason})."
        yield finding(f"{kind}-invalid", deployment, where, what, name=name)


def look_at_images(deployment: Deployment) -> Iterator[Problem]:
    """Find job definitions whose image is not in its repository."""
    elsewhere = []
    for definition in deployment.of_type(JOB_DEFINITION):
        image = _newest_image(deployment, definition)
        if image is None:
            what = "It has no active revision."
            yield finding("resource-missing", deployment, definition.where, what)
        elif place := _ECR_IMAGE.fullmatch(image):
            if not _is_there(deployment, place):
                is_tensorflow = "TensorFlow" in definition.logical_id
                code = "tensorflow-image-missing" if is_tensorflow else "image-missing"
                what = f"There is no image {image}."
                yield finding(code, deployment, definition.where, what, image=image)
        else:
            elsewhere.append(image)
    if elsewhere:
        raise NotCheckedError(f"Only ECR can be asked, not where {', '.join(elsewhere)} lies.")


def _newest_image(deployment: Deployment, definition: Resource) -> str | None:
    name = definition.name.split(":")[0]  # without the revision
    pages = deployment.client("batch").get_paginator("describe_job_definitions")
    revisions = [
        each
        for page in pages.paginate(jobDefinitionName=name, status="ACTIVE")
        for each in page["jobDefinitions"]
    ]
    if not revisions:
        return None
    newest = max(revisions, key=lambda revision: int(revision["revision"]))
    return str(newest["containerProperties"]["image"])


def _is_there(deployment: Deployment, place: re.Match[str]) -> bool:
    ecr = deployment.stack.client("ecr", place["region"])
    if place["digest"]:
        image = {"imageDigest": place["digest"]}
    else:
        image = {"imageTag": place["tag"] or "latest"}
    try:
        ecr.describe_images(
            registryId=place["account"], repositoryName=place["repository"], imageIds=[image]
        )
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return False
    return True
