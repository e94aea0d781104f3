"""Telling the functions again of events that they could not deal with.

Two services leave events in the stack's queue `Undelivered`: Lambda, after a function failed
three times for one, in an envelope that says why; and EventBridge, where it could not reach a
function at all, the event as it was, with the reason in the message's attributes. SQS itself can
move messages back to another queue only.

Whatever is told again is safe to repeat: a run's record moves forward only.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import Account, aws_errors_as_ours

_QUEUE = "Undelivered"
#: How long a message that was read stays hidden from others, in seconds: time to tell all of them.
_HIDDEN = 300
_MOST = 10  # messages that SQS gives at a time


class Fate(enum.StrEnum):
    """What becomes of a message."""

    TOLD = "told again"
    PAST = "taken out: a mail about a blocked queue, which is past"  # of earlier versions
    LEFT = "left in the queue: it was for no function"


@dataclass(frozen=True)
class Undelivered:
    """A message of the queue."""

    receipt: str  # by which SQS knows it
    event: Mapping[str, Any]
    target: str  # ARN of what it was for; empty: it is not known
    why: str

    @property
    def fate(self) -> Fate:
        if ":function:" in self.target:
            return Fate.TOLD
        return Fate.PAST if ":sns:" in self.target else Fate.LEFT

    @property
    def about(self) -> str:
        """Return what the event tells of: an upload, a job, a build."""
        detail = self.event.get("detail") or {}
        return str(
            detail.get("object", {}).get("key")
            or detail.get("jobName")
            or detail.get("build-id")
            or self.event.get("detail-type", "an event of a kind that is not known")
        )


def read_undelivered(account: Account) -> list[Undelivered]:
    """Return what waits in the queue; for some minutes nobody else gets it.

    Raises:
        CloudError: the stack has no such queue, or it can't be read.
    """
    sqs, url = account.client("sqs"), _queue_url(account)
    found: dict[str, Undelivered] = {}
    with aws_errors_as_ours():
        while messages := sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_MOST,
            VisibilityTimeout=_HIDDEN,
            MessageAttributeNames=["All"],
        ).get("Messages"):
            found |= {each["MessageId"]: _parse(each) for each in messages}
    return list(found.values())


def redrive(account: Account, found: list[Undelivered]) -> Iterator[Undelivered]:
    """Hand each event to its function as at first, and take it out of the queue; yields it then.

    What fails again comes back into the queue after three tries.
    """
    sqs, functions, url = account.client("sqs"), account.client("lambda"), _queue_url(account)
    for each in found:
        with aws_errors_as_ours():
            if each.fate is Fate.TOLD:
                functions.invoke(
                    FunctionName=each.target,
                    InvocationType="Event",
                    Payload=json.dumps(each.event).encode(),
                )
            if each.fate is not Fate.LEFT:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each.receipt)
        yield each


def _queue_url(account: Account) -> str:
    with aws_errors_as_ours():
        found = account.client("cloudformation").describe_stack_resource(
            StackName=account.stack, LogicalResourceId=_QUEUE
        )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _parse(message: Mapping[str, Any]) -> Undelivered:
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    receipt = message["ReceiptHandle"]
    if "requestPayload" in body:  # Lambda's envelope
        context, failure = body["requestContext"], body.get("responsePayload") or {}
        why = failure.get("errorMessage") or context.get("condition", "")
        return Undelivered(receipt, body["requestPayload"], context["functionArn"], why)
    attributes = {
        name: each.get("StringValue", "")
        for name, each in message.get("MessageAttributes", {}).items()
    }
    target, why = attributes.get("TARGET_ARN", ""), attributes.get("ERROR_MESSAGE", "")
    return Undelivered(receipt, body, target, why)
