"""What can be told of a training that left no word of its own: from what AWS Batch saw."""

from __future__ import annotations

from dlc_batch_core.job import ExitCode
from dlc_batch_core.job_change import (
    HOST_LOST,
    IMAGE_NOT_PULLED,
    KILLED,
    NO_CAPACITY,
    JobChange,
)

_AGAIN = "Upload the project again to train it anew; nothing of the project is lost."
_NO_COMPUTER = (
    "Upload the project again later. If it happens again, or to every training, your admin runs"
    " `dlc-batch doctor`: it tells a GPU quota of zero (as new AWS accounts have) from GPUs that"
    " are short at the moment, and what to do about either."
)


def surmise(change: JobChange) -> tuple[str, str]:
    """Return what can be said of a job that failed, and a remedy."""
    said = f" AWS Batch says: {change.reason.rstrip('.')}." if change.reason else ""
    message, remedy = _surmise(change)
    return message + said, remedy


def _surmise(change: JobChange) -> tuple[str, str]:
    if change.reason.startswith(HOST_LOST):
        return "The computer was taken back before the training could finish.", _AGAIN
    if IMAGE_NOT_PULLED in change.reason:
        remedy = "Ask your admin to have it built (docs/image.md); then upload again."
        return "The trainer image could not be loaded.", remedy
    if NO_CAPACITY in change.reason:
        return "AWS had no free computer of the kind that the training needs.", _NO_COMPUTER
    if change.is_timed_out:
        remedy = "Ask for fewer epochs, or more `time_limit_hours`, in dlc-batch.yaml."
        return "The training took longer than its time limit.", remedy
    if change.never_started:
        return "The training never got a computer.", _NO_COMPUTER
    if change.exit_code == KILLED:
        remedy = "Ask for a smaller `batch_size` in dlc-batch.yaml."
        return "The training was killed, most likely for lack of memory.", remedy
    if change.exit_code in (None, ExitCode.INTERRUPTED):
        return "The training was interrupted too often to finish.", _AGAIN
    remedy = "Ask your admin, who finds the cause in the log group of the trainer."
    return f"The training ended without a word (exit code {change.exit_code}).", remedy
