"""What the mails to the admin alone say: of no run's end, but of the deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlc_batch_core.job import TrainingJob
from dlc_batch_core.mails import MAX_SUBJECT, Mail
from dlc_batch_core.prose import entries, wrapped
from dlc_batch_core.words import counted

#: What stands in the attribute `lab` of the admin's mails: no lab can have this name.
ADMIN = "ADMIN"
#: The `detail-type` of AWS Batch's event that the first job of a queue can't start.
QUEUE_BLOCKED = "Batch Job Queue Blocked"
_LISTED = 50


def mail_of_sweep(found: Sequence[str]) -> Mail:
    """Return the admin's mail on what a sweep put right."""
    more = f"  ... and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    paragraphs = [
        wrapped(
            "Each quarter of an hour dlc-batch looks at all runs that are not done. It found what"
            " no event had told it, and put it right:"
        ),
        "\n".join([*entries(tuple(found[:_LISTED])), *([more] if more else [])]),
        wrapped(
            "Nothing needs to be done for these runs; their labs hear of them in mails of their"
            " own. If it happens again and again, or trainings get no computer, run `dlc-batch"
            " doctor`: it looks for the cause, from a GPU quota of zero to a rule that is switched"
            " off. The logs of the functions say more."
        ),
    ]
    subject = f"[dlc-batch] SWEPT: {counted(len(found), 'things')} put right"
    return Mail(ADMIN, subject, "\n\n".join(paragraphs) + "\n")


def mail_of_blocked_queue(detail: Mapping[str, Any]) -> Mail:
    """Return the mail on a queue whose first training can't start.

    Args:
        detail: of AWS Batch's event: that of the training's job.
    """
    name, what = _waiting(detail)
    paragraphs = [
        wrapped(f"{what} can't start, and neither can what waits behind it in the same queue."),
        wrapped(f"AWS Batch says: {detail.get('statusReason') or 'nothing about the reason'}"),
        wrapped(
            "What to do: run `dlc-batch doctor`. It looks for the cause, from a GPU quota of zero"
            " (as new AWS accounts have) to instance types that are not on offer, and says how to"
            " mend it."
        ),
        wrapped(
            "Nothing is lost meanwhile, and waiting costs nothing. If no computer comes in time,"
            " the training goes on to On-Demand where the stack may use it, and else ends; its lab"
            " then hears of it."
        ),
    ]
    subject = f"[dlc-batch] BLOCKED: {name}"[:MAX_SUBJECT]
    return Mail(ADMIN, subject, "\n\n".join(paragraphs) + "\n")


def _waiting(detail: Mapping[str, Any]) -> tuple[str, str]:
    """Name the job, and say whose it is; somebody else's blocks the queue as well."""
    name = str(detail.get("jobName", ""))
    try:
        job = TrainingJob.from_job(detail["parameters"], name)
    except (KeyError, ValueError, TypeError):
        return name, f"The job {name}, which is none of dlc-batch's,"
    return job.run_id, f"Run {job.run_id} of lab {job.lab} (shuffle {job.shuffle})"
