"""Who gets the mails."""

from __future__ import annotations

from collections.abc import Iterator

from dlc_batch.doctor.deployment import Deployment, Resource
from dlc_batch.doctor.findings import finding
from dlc_batch_core.problems import Problem

TOPIC = "AWS::SNS::Topic"
#: What SNS lists in place of the subscription's ARN.
_UNCONFIRMED = "PendingConfirmation"


def look_at_mail(deployment: Deployment) -> Iterator[Problem]:
    """Find topics that nobody hears, and addresses that were not confirmed."""
    for topic in deployment.of_type(TOPIC):
        yield from _look_at_topic(deployment, topic)


def _look_at_topic(deployment: Deployment, topic: Resource) -> Iterator[Problem]:
    sns = deployment.client("sns")
    pages = sns.get_paginator("list_subscriptions_by_topic")
    where, arn = topic.logical_id, topic.physical_id
    try:
        listed = [each for page in pages.paginate(TopicArn=arn) for each in page["Subscriptions"]]
    except sns.exceptions.NotFoundException:
        yield finding("resource-missing", deployment, where, "SNS does not know it.")
        return
    if not listed:
        what = "It has no subscription."
        yield finding("mail-nobody", deployment, where, what, topic=arn)
    for each in listed:
        if each["SubscriptionArn"] == _UNCONFIRMED:
            what = f"{each['Endpoint']} has not confirmed."
            names = {"topic": arn, "protocol": each["Protocol"], "address": each["Endpoint"]}
            yield finding("mail-unconfirmed", deployment, where, what, **names)
