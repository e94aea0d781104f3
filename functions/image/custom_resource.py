"""What CloudFormation asks of a custom resource, and the answer that it waits for.

The fields are those of CloudFormation's user guide, "Custom resource request objects" and
"Custom resource response objects".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import urllib3

#: CloudFormation takes no answer of more than 4,096 bytes; the rest of it is names and ids.
_LONGEST_REASON = 2000


@dataclass(frozen=True)
class Request:
    """One thing that is asked of the resource."""

    kind: Literal["Create", "Update", "Delete"]
    id: str
    stack: str  # ARN
    resource: str  # its name in the template
    physical_id: str
    answer_to: str  # signed URL: whoever has it may answer, so it goes into no log
    properties: Mapping[str, Any]

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Request:
        """Read the event. A resource that is made gets the name of its template's resource."""
        return cls(
            kind=event["RequestType"],
            id=event["RequestId"],
            stack=event["StackId"],
            resource=event["LogicalResourceId"],
            physical_id=event.get("PhysicalResourceId") or event["LogicalResourceId"],
            answer_to=event["ResponseURL"],
            properties=event["ResourceProperties"],
        )

    def to_json(self) -> str:
        """Write it so that `from_json` reads it."""
        return json.dumps(self.__dict__)

    @classmethod
    def from_json(cls, text: str | bytes) -> Request:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Answer:
    """What becomes of a request: attributes of the resource, or the reason of a failure."""

    attributes: Mapping[str, str]
    failure: str = ""

    def to_json(self, request: Request) -> str:
        """Write it as CloudFormation reads it."""
        answer = {
            "Status": "FAILED" if self.failure else "SUCCESS",
            "Reason": self.failure[:_LONGEST_REASON],
            "PhysicalResourceId": request.physical_id,
            "StackId": request.stack,
            "RequestId": request.id,
            "LogicalResourceId": request.resource,
            "Data": dict(self.attributes),
        }
        return json.dumps(answer)


def send(answer: Answer, request: Request) -> None:
    """Give the answer to CloudFormation. Raises OSError where it is not taken: Lambda then repeats
    the event. No retries here, for urllib3 logs them with the URL."""
    try:
        done = urllib3.PoolManager().request(
            "PUT",
            request.answer_to,
            body=answer.to_json(request).encode(),
            headers={"Content-Type": ""},  # the URL is signed for a body of no type
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:  # its text may have the URL
        kind = type(error).__name__
        raise OSError(f"CloudFormation can't be given the answer: {kind}") from None
    if done.status >= 300:
        raise OSError(f"CloudFormation does not take the answer: HTTP status {done.status}")
