"""Builds of the trainer's image in CodeBuild: which are needed, and what comes of each.

CodeBuild takes far longer than a function may run. So the request waits in the bucket, and is
answered when the build's end is told by an event. Events hold the build's variables, and those
name the request; the URL for the answer itself shows up in neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom_resource import Answer, Request
from image_sources import image_tag, read_sources, zipped

_SOURCES = "image-sources"
_REQUESTS = "image-requests"
_OTHER_WAY = "Or build the image with Docker: docs/image.md tells how."
_QUOTA = (
    "CodeBuild starts no build: {error}. Ask for a higher quota of concurrently running builds "
    f"for the Linux/Medium environment in the Service Quotas console. {_OTHER_WAY}"
)
_NOT_BUILT = "The trainer's image was not built: {status}. {causes} Its log: {log} {remedy}"
_REMEDIES = {
    "TIMED_OUT": f"Bake fewer networks with the parameter TrainerNets. {_OTHER_WAY}",
    "STOPPED": "Somebody stopped the build. Deploy again.",
}
_REMEDY = "Mend what it names, or if it was the network, just deploy again."
_NOT_PUSHED = "The build says it succeeded, but {repository} has no image {tag}. Deploy again."
_LONGEST_CAUSES = 1000  # in a reason, beside the log's address and the remedy


@dataclass(frozen=True)
class EndedBuild:
    """A build that ended, as its event tells."""

    status: str
    variables: Mapping[str, str]
    causes: str
    log: str

    @classmethod
    def parse(cls, detail: Mapping[str, Any]) -> EndedBuild:
        """Read the detail of a "CodeBuild Build State Change" event."""
        more = detail["additional-information"]
        variables = more["environment"]["environment-variables"]
        contexts = [
            context
            for phase in more.get("phases", [])
            if phase.get("phase-status") not in (None, "SUCCEEDED")
            for context in phase.get("phase-context", [])
        ]
        return cls(
            status=detail["build-status"],
            variables={each["name"]: each["value"] for each in variables},
            causes=" ".join(contexts)[:_LONGEST_CAUSES],
            log=more.get("logs", {}).get("deep-link", "none"),
        )


@dataclass(frozen=True)
class ImageBuilds:
    """The project that builds, the repository it pushes to, and the bucket between."""

    codebuild: Any
    ecr: Any
    s3: Any
    project: str
    repository: str  # its name
    repository_uri: str
    bucket: str
    layers: Path

    def take(self, request: Request) -> Answer | None:
        """Answer at once where the image is there; else start its build, and return None."""
        if request.kind == "Delete":  # images go with their repository
            return Answer({})
        engine = request.properties["Engine"]
        nets = " ".join(request.properties.get("Nets", "").split())
        sources = read_sources(self.layers)
        tag = image_tag(sources, engine, nets)
        found = self._find(tag)
        if found is not None:
            return found
        variables = {"ENGINE": engine, "NETS": nets, "TAG": tag, "REQUEST": request.id}
        return self._start(request, zipped(sources), variables)

    def _find(self, tag: str) -> Answer | None:
        try:
            found = self.ecr.describe_images(
                repositoryName=self.repository, imageIds=[{"imageTag": tag}]
            )
        except self.ecr.exceptions.ImageNotFoundException:
            return None
        uris = [f"{self.repository_uri}@{each['imageDigest']}" for each in found["imageDetails"]]
        return Answer({"ImageUri": uris[0]}) if uris else None

    def _start(
        self, request: Request, sources: bytes, variables: Mapping[str, str]
    ) -> Answer | None:
        place = f"{_SOURCES}/{variables['TAG']}.zip"
        waiting = request.to_json().encode()
        self.s3.put_object(Bucket=self.bucket, Key=place, Body=sources)
        self.s3.put_object(Bucket=self.bucket, Key=_key(request.id), Body=waiting)
        try:
            self.codebuild.start_build(
                projectName=self.project,
                sourceLocationOverride=f"{self.bucket}/{place}",
                environmentVariablesOverride=[
                    {"name": name, "value": value} for name, value in variables.items() if value
                ],
                idempotencyToken=request.id,  # Lambda may give us the request again
            )
        except self.codebuild.exceptions.AccountLimitExceededException as error:
            return Answer({}, _QUOTA.format(error=error.response["Error"]["Message"].rstrip(".")))
        return None

    def request_of(self, build: EndedBuild) -> Request | None:
        """Return the request that waits for the build; None where none does: it was started by
        hand, or the event came before."""
        if "REQUEST" not in build.variables:
            return None
        key = _key(build.variables["REQUEST"])
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        return Request.from_json(found["Body"].read())

    def end(self, build: EndedBuild) -> Answer:
        """Return the answer that a build gives to its request."""
        if build.status != "SUCCEEDED":
            remedy = _REMEDIES.get(build.status, _REMEDY)
            return Answer({}, _NOT_BUILT.format(**{**build.__dict__, "remedy": remedy}))
        tag = build.variables["TAG"]
        return self._find(tag) or Answer(
            {}, _NOT_PUSHED.format(repository=self.repository, tag=tag)
        )

    def forget(self, request: Request) -> None:
        """Delete an answered request: its URL is a secret."""
        self.s3.delete_object(Bucket=self.bucket, Key=_key(request.id))


def _key(request_id: str) -> str:
    return f"{_REQUESTS}/{request_id}.json"
