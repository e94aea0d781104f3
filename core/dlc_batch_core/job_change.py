"""A Batch job's change of state, as its event tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlc_batch_core.errors import StateError
from dlc_batch_core.job import CANCEL_REASON, ExitCode, TrainingJob

#: Batch's own words, which its events and job states have.
TIMED_OUT = "Job attempt duration exceeded timeout"
HOST_LOST = "Host EC2"
IMAGE_NOT_PULLED = "CannotPullContainer"
#: In the status reason of a job that the queue's time limit ended: no such computer was to be had.
NO_CAPACITY = "INSUFFICIENT_INSTANCE_CAPACITY"
_EXITED = "Essential container in task exited"
KILLED = 137  # 128 + SIGKILL
_TERMINATED = 143  # 128 + SIGTERM
#: Above the positions of one submission: AWS Batch takes 10 attempts at most.
_POSITIONS = 100


@dataclass(frozen=True)
class JobChange:
    """A Batch job's change of state."""

    job: TrainingJob
    job_id: str
    status: str  # RUNNING, SUCCEEDED or FAILED
    attempt: int  # of this job, from 1
    reason: str  # Batch's words, empty if it has none
    exit_code: int | None  # of the last attempt; None when there was no process
    never_started: bool = False
    is_last_attempt: bool = False
    definition: str = ""  # ARN of the job definition's revision
    seconds: float = 0.0  # of all attempts that have ended
    was_placed: bool = False  # on a computer of EC2's
    timeout: int | None = None  # seconds an attempt may take
    waited: float | None = None  # seconds until the first attempt began; None: not told

    @property
    def position(self) -> int:
        """Orders the changes of a run: by submission, attempt, then running before ended."""
        in_job = 2 * self.attempt + (self.status != "RUNNING")
        return _POSITIONS * (self.job.submission - 1) + in_job

    @property
    def is_cancelled(self) -> bool:
        return self.reason.startswith(CANCEL_REASON)

    @property
    def is_timed_out(self) -> bool:
        return self.reason.startswith(TIMED_OUT)

    @property
    def spot_gave_out(self) -> bool:
        """Whether a computer that can't be taken away could do what this job could not.

        Either there was no capacity, or the job used up its attempts by being taken away: what
        somebody ended, what timed out, and what failed by itself is not tried again.
        """
        if self.status != "FAILED" or self.is_cancelled:
            return False
        if NO_CAPACITY in self.reason:
            return True
        taken = self.exit_code in (None, ExitCode.INTERRUPTED, KILLED, _TERMINATED)
        by_itself = self.reason.startswith((HOST_LOST, _EXITED)) or not self.reason
        return self.is_last_attempt and taken and by_itself and not self.never_started


def parse_job_change(detail: Mapping[str, Any]) -> JobChange:
    """Read the `detail` of a "Batch Job State Change" event, or a job of DescribeJobs.

    Raises:
        StateError: the job is not one that submit made.
    """
    try:
        status, attempts = str(detail["status"]), list(detail.get("attempts") or ())
        last = attempts[-1] if attempts else {}
        container = last.get("container") or {}
        words = (detail.get("statusReason"), container.get("reason"))
        timeout = (detail.get("timeout") or {}).get("attemptDurationSeconds")
        return JobChange(
            job=TrainingJob.from_job(detail["parameters"], str(detail.get("jobName", ""))),
            job_id=str(detail["jobId"]),
            status=status,
            # attempts lists those that have ended
            attempt=len(attempts) + 1 if status == "RUNNING" else max(1, len(attempts)),
            reason="; ".join(str(each) for each in words if each),
            exit_code=container.get("exitCode"),
            never_started=status == "FAILED" and not attempts,
            is_last_attempt=len(attempts) >= _most_attempts(detail),
            definition=str(detail.get("jobDefinition", "")),
            seconds=_seconds(attempts),
            was_placed=any("containerInstanceArn" in _container(each) for each in attempts),
            timeout=int(timeout) if timeout else None,
            waited=_waited(detail) if status == "RUNNING" and not attempts else None,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise StateError(f"This is no job of dlc-batch's: {error!r}.") from error


def _waited(detail: Mapping[str, Any]) -> float | None:
    made, began = detail.get("createdAt"), detail.get("startedAt")
    return (float(began) - float(made)) / 1000 if made and began else None


def _most_attempts(detail: Mapping[str, Any]) -> int:
    return int((detail.get("retryStrategy") or {}).get("attempts") or 1)


def _container(attempt: Mapping[str, Any]) -> Mapping[str, Any]:
    return attempt.get("container") or {}


def _seconds(attempts: Sequence[Mapping[str, Any]]) -> float:
    """Of the attempts that began; Batch counts milliseconds since the epoch."""
    times = [(each.get("startedAt"), each.get("stoppedAt")) for each in attempts]
    known = [(began, ended) for began, ended in times if began and ended]
    return float(sum(max(0, ended - began) / 1000 for began, ended in known))
