"""SNS's e-mail protocol, which MiniStack only logs: each notification as a mail by SMTP."""

import logging
import queue
import smtplib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from ministack.services import sns  # type: ignore[import-untyped]

from dlc_batch.local.mailbox import compose

_logger = logging.getLogger("dlc_batch.mail")
_SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
_NO_SUBJECT = "AWS Notification Message"
# SNS API reference, Publish: Subject "with no line breaks or control characters, and less than
# 100 characters long" (100 are taken in practice).
_LONGEST_SUBJECT = 100
_TRIES = 5
_TIMEOUT_S = 10


class MailSender:
    """Sends mails in their order from one thread, so that Publish does not wait for SMTP."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._mails: queue.Queue[EmailMessage] = queue.Queue()
        threading.Thread(target=self._send_all, daemon=True, name="mail-sender").start()

    def put(self, mail: EmailMessage) -> None:
        self._mails.put(mail)

    def close(self) -> None:
        """Returns when all mails are sent."""
        self._mails.join()

    def _send_all(self) -> None:
        while True:
            mail = self._mails.get()
            try:
                self._send(mail)
            finally:
                self._mails.task_done()

    def _send(self, mail: EmailMessage) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=_TIMEOUT_S) as smtp:
                    # Not send_message: it writes ">From" where a line begins with "From".
                    smtp.sendmail(_SENDER, [mail["To"]], mail.as_bytes())
                return
            except (OSError, smtplib.SMTPException):
                _logger.exception("mail to %s, attempt %d", mail["To"], attempt)
                time.sleep(attempt)


def fanout_with_mail(original: Callable[..., None], sender: MailSender) -> Callable[..., None]:
    """`sns._fanout` that also serves the topic's confirmed e-mail subscriptions."""

    def fanout(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        structure: str = "",
        attributes: dict[str, Any] | None = None,
        *rest: Any,
        **named: Any,
    ) -> None:
        original(topic_arn, message_id, message, subject, structure, attributes, *rest, **named)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            if subscription["protocol"] != "email" or not subscription.get("confirmed"):
                continue
            text = sns._resolve_message_for_protocol(message, structure, "email")
            if sns._matches_filter_policy(subscription, attributes or {}, text):
                to, title = subscription["endpoint"], subject or _NO_SUBJECT
                sender.put(compose(_SENDER, to, title, text, datetime.now(UTC)))

    return fanout


def publish_with_checked_subject(original: Callable[..., Any]) -> Callable[..., Any]:
    """`sns.publish_internal` that refuses the subjects which AWS refuses."""

    def publish(topic_arn: str, message: Any, subject: str = "", **named: Any) -> Any:
        if len(subject or "") > _LONGEST_SUBJECT or not (subject or "").isprintable():
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Subject")
        return original(topic_arn, message, subject, **named)

    return publish
