"""Sending the mails that a run owes, each once."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dlc_batch_core.errors import CloudError
from dlc_batch_core.mails import Mail, compose, compose_plainly
from dlc_batch_core.run import MailKind, MailState, Run
from dlc_batch_core.run_table import RunTable

logger = logging.getLogger(__name__)

#: Hands a mail over; raises when it was not taken.
Publish = Callable[[Mail], object]


def send_pending(run: Run, table: RunTable, publish: Publish, claimant: str, now: float) -> None:
    """Send what a run's record says is pending. Safe to repeat.

    A crash between the publishing and the record repeats one mail; nothing else can.

    Raises:
        CloudError: another invocation has the mail under way; look again when it may have died.
    """
    for kind in MailKind:
        if getattr(run, kind) is MailState.PENDING:
            _send(run, kind, table, publish, claimant, now)


def _send(
    run: Run, kind: MailKind, table: RunTable, publish: Publish, claimant: str, now: float
) -> None:
    if not table.claim_mail(run, kind, claimant, now):
        current = table.get(run.lab, run.run_id)
        if current is not None and getattr(current, kind) is MailState.PENDING:
            raise CloudError(f"The mail of run {run.run_id} is being sent elsewhere.")
        return
    publish(_text(run, kind))
    table.mark_sent(run, kind)


def _text(run: Run, kind: MailKind) -> Mail:
    try:
        return compose(run, kind)
    except Exception:  # whatever is wrong with the text, the lab must hear
        logger.exception("the text of a mail could not be made")
        return compose_plainly(run, kind)
