"""Gives the stack the trainer's image: takes CloudFormation's requests and the ends of builds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from custom_resource import Answer, Request, send
from image_builds import EndedBuild, ImageBuilds

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_FAILED = (
    "The function of the trainer's image failed: {kind}: {error}. Its log says where. "
    "Deploy again, or build the image with Docker: docs/image.md tells how."
)

logger = Logger()
builds = ImageBuilds(
    codebuild=boto3.client("codebuild"),
    ecr=boto3.client("ecr"),
    s3=boto3.client("s3"),
    project=os.environ["IMAGE_PROJECT"],
    repository=os.environ["REPOSITORY"],
    repository_uri=os.environ["REPOSITORY_URI"],
    bucket=os.environ["BUCKET"],
    layers=Path(os.environ["LAYERS"]),
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Handle a request of CloudFormation, or a "CodeBuild Build State Change" event."""
    if "RequestType" in event:
        request = Request.parse(event)
        _respond(request, lambda: builds.take(request))
        return
    build = EndedBuild.parse(event["detail"])
    waiting = builds.request_of(build)
    if waiting is None:
        logger.warning("ignored", extra={"status": build.status, "variables": build.variables})
        return
    _respond(waiting, lambda: builds.end(build))
    builds.forget(waiting)


def _respond(request: Request, make_answer: Callable[[], Answer | None]) -> None:
    """Send the answer, if there is one yet. Without any, CloudFormation waits for an hour: so a
    failure of ours is an answer too."""
    try:
        answer = make_answer()
    except Exception as error:
        logger.exception("failed", extra={"resource": request.resource})
        answer = Answer({}, _FAILED.format(kind=type(error).__name__, error=error))
    if answer is None:
        logger.info("building", extra={"resource": request.resource})
        return
    send(answer, request)
    said = {"resource": request.resource, "failure": answer.failure, **answer.attributes}
    logger.info("answered", extra=said)
