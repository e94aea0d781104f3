"""Who hears about which lab: e-mail subscriptions of the stack's topic, by the attribute `lab`.

An address has one subscription, whose filter names its labs. Without a filter it hears about every
lab, and of alarms too: that of the stack's parameter NotificationEmail.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import is_lab

#: What SNS names a subscription whose address has not confirmed it.
_PENDING = "PendingConfirmation"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")  # as the template's NotificationEmail


@dataclass(frozen=True)
class Subscriber:
    """An address that the topic's mails go to."""

    email: str
    labs: tuple[str, ...] | None  # None: every lab
    arn: str | None  # None: it has not confirmed, and AWS tells its labs only then


def list_subscribers(cloud: Cloud) -> tuple[Subscriber, ...]:
    """Return every address of the topic, in their order."""
    sns = cloud.sns
    with aws_errors_as_ours(cloud):
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=cloud.topic_arn)
        found = [each for page in pages for each in page["Subscriptions"]]
        mails = [each for each in found if each["Protocol"] == "email"]
        subscribers = [_subscriber(sns, each) for each in mails]
    return tuple(sorted(subscribers, key=lambda each: each.email))


def _subscriber(sns: Any, subscription: dict[str, str]) -> Subscriber:
    arn, email = subscription["SubscriptionArn"], subscription["Endpoint"]
    if arn == _PENDING:
        return Subscriber(email, (), None)
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    policy = json.loads(attributes.get("FilterPolicy") or "{}")
    return Subscriber(email, tuple(policy.get("lab", ())) if policy else None, arn)


def add(cloud: Cloud, lab: str, email: str) -> bool:
    """Have an address hear about a lab; True: it must confirm a mail that AWS sends it now.

    Safe to repeat: an address that has not confirmed gets that mail again.

    Raises:
        LabError: the name or the address can't be one, or the address has not confirmed another
            lab's subscription.
    """
    _check(lab, email)
    known = _find(cloud, email)
    if known is None or known.arn is None:
        _subscribe(cloud, lab, email)
        again = _find(cloud, email)
        return again is not None and again.arn is None
    if known.labs is not None and lab not in known.labs:
        _set_labs(cloud, known.arn, (*known.labs, lab))
    return False


def remove(cloud: Cloud, lab: str, email: str) -> bool:
    """Have an address no longer hear about a lab; False: it did not.

    Raises:
        LabError: the address hears about every lab, or has not confirmed.
    """
    _check(lab, email)
    known = _find(cloud, email)
    if known is None:
        return False
    if known.arn is None:
        remedy = "AWS forgets it by itself after some days."
        raise LabError(f"{email} has not confirmed, and can't be removed.", remedy)
    if known.labs is None:
        remedy = "Change NotificationEmail with `sam deploy`, or follow the link in a mail."
        raise LabError(f"{email} hears about every lab.", remedy)
    if lab not in known.labs:
        return False
    rest = tuple(each for each in known.labs if each != lab)
    if rest:
        _set_labs(cloud, known.arn, rest)
        return True
    with aws_errors_as_ours(cloud):
        cloud.sns.unsubscribe(SubscriptionArn=known.arn)
    return True


def check_lab(lab: str) -> None:
    """Raise LabError where a name can't be a lab's."""
    if not is_lab(lab):
        raise LabError(f"`{lab}` can't be a lab's name.", "It is 1 to 32 of a-z, 0-9 and -.")


def _check(lab: str, email: str) -> None:
    check_lab(lab)
    if not _EMAIL.fullmatch(email):
        raise LabError(f"`{email}` is no e-mail address.", "Such as ann@example.org.")


def _find(cloud: Cloud, email: str) -> Subscriber | None:
    return next((each for each in list_subscribers(cloud) if each.email == email), None)


def _subscribe(cloud: Cloud, lab: str, email: str) -> None:
    sns = cloud.sns
    with aws_errors_as_ours(cloud):
        try:
            sns.subscribe(
                TopicArn=cloud.topic_arn,
                Protocol="email",
                Endpoint=email,
                Attributes={"FilterPolicy": _filter((lab,))},
            )
        except sns.exceptions.InvalidParameterException as error:
            if "different attributes" not in str(error):
                raise
            remedy = "Have it confirm the mail that AWS sent, then say this again."
            raise LabError(f"{email} has not confirmed another lab yet.", remedy) from error


def _set_labs(cloud: Cloud, arn: str, labs: tuple[str, ...]) -> None:
    with aws_errors_as_ours(cloud):
        cloud.sns.set_subscription_attributes(
            SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=_filter(labs)
        )


def _filter(labs: tuple[str, ...]) -> str:
    return json.dumps({"lab": list(labs)})
