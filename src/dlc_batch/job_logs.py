"""What a run's trainings printed: the logs of its jobs' attempts, one after another.

AWS Batch tells the log of each attempt of a job, as long as it knows the job (at least a week
after its end). A training that went on On-Demand is a second job: the record names the newest one,
and the list of attempts beside the checkpoints the one before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.runs import NoSuchRun, find_run, may_appear, read_object, records_of
from dlc_batch_core.aws import BatchQueue
from dlc_batch_core.errors import CloudError, OutageError
from dlc_batch_core.fall_back import SPOT
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run

#: How often a log is looked at that may grow, in seconds (our choice; GetLogEvents takes 25
#: requests a second).
EVERY = 2.0
#: So often a log is looked at again once its run has ended: CloudWatch is some seconds late.
_LAST_LOOKS = 3
#: Where a job definition names no group.
_DEFAULT_GROUP = "/aws/batch/job"
_PAGE = 10_000  # events, the most that GetLogEvents gives
#: How a line of CloudWatch's embedded metric format begins, as the trainer writes it.
_METRICS = '{"_aws":'
_STARTED = ("STARTING", "RUNNING")


@dataclass(frozen=True)
class Attempt:
    """One attempt at a shuffle's training, and where its log is."""

    shuffle: int
    number: int  # from 1, over all jobs
    group: str
    stream: str
    ended: str = field(default="", compare=False)  # in Batch's words; empty while it runs


@dataclass(frozen=True)
class Line:
    """A line of a log."""

    attempt: Attempt
    time: int  # milliseconds since the epoch
    text: str


@dataclass
class Log:
    """The log of an attempt, read on from where it was read to."""

    cloud: Cloud
    attempt: Attempt
    is_expired: bool = False
    _token: str | None = None

    def read(self) -> Iterator[Line]:
        """Yield the lines that were not read yet, oldest first.

        Raises:
            CloudError: it can't be read.
        """
        while True:
            answer = self._get(_PAGE)
            yield from self._lines(answer)
            token = answer["nextForwardToken"]
            if token == self._token:  # what CloudWatch says at the end
                return
            self._token = token

    def tail(self, most: int) -> list[Line]:
        """Return the last lines, from which `read` goes on.

        Raises:
            CloudError: it can't be read.
        """
        self._token = None  # what was tailed already may have gone to nobody
        if most > _PAGE:
            return list(self.read())[-most:]
        # as many as there are: of those that are left out it is not known how many they are
        answer = self._get(_PAGE if most else 1, from_head=False)
        self._token = answer["nextForwardToken"]
        return list(self._lines(answer))[-most:] if most else []

    def _lines(self, answer: Mapping[str, Any]) -> Iterator[Line]:
        for event in answer["events"]:
            if event["message"].startswith(_METRICS):
                continue  # CloudWatch's own: the figures stand in the lines that people read
            yield Line(self.attempt, event["timestamp"], event["message"])

    def _get(self, limit: int, from_head: bool = True) -> Mapping[str, Any]:
        logs = self.cloud.client("logs")
        going_on = {"nextToken": self._token} if self._token else {}
        with aws_errors_as_ours(self.cloud):
            try:
                found: Mapping[str, Any] = logs.get_log_events(
                    logGroupName=self.attempt.group,
                    logStreamName=self.attempt.stream,
                    startFromHead=from_head,
                    limit=limit,
                    **going_on,
                )
            except logs.exceptions.ResourceNotFoundException:
                self.is_expired = bool(self.attempt.ended)  # else it is not there yet
                return {"events": [], "nextForwardToken": self._token}
        return found


def attempts_of(cloud: Cloud, run: Run, shuffle: int | None = None) -> tuple[Attempt, ...]:
    """Return the attempts whose logs can be found, in their order.

    Raises:
        LabError: the run has no such shuffle.
        CloudError: Batch can't be asked.
    """
    records = records_of(run, shuffle)
    return tuple(each for record in records for each in _attempts(cloud, record))


def why_none(run: Run, shuffle: int | None = None) -> str:
    """Return why no log of a run can be found."""
    records = records_of(run, shuffle)
    if not (run.status.is_final or all(each.status.is_final for each in records)):
        return f"Run {run.run_id} has no log yet: no computer has begun to train it."
    if not any(each.attempt for each in records):
        return f"Run {run.run_id} has no log: it ended before a computer began to train it."
    return (
        f"AWS Batch no longer knows the jobs of run {run.run_id}, and only it knew their logs."
        " What became of the run stands in its mail, and in `dlc-batch status`."
    )


def why_empty(attempt: Attempt) -> str:
    """Return why nothing stands in an attempt's log."""
    return (
        f"The log of attempt {attempt.number} is no longer there: logs are kept for some months"
        " (LogRetentionDays of the stack)."
    )


@dataclass
class Reader:
    """Yields the lines of a run's logs: those that are there, and those that come."""

    cloud: Cloud
    run_id: str
    shuffle: int | None = None
    number: int | None = None  # of the only attempt that is meant
    tell: Callable[[str], object] = lambda _: None  # sentences, such as of a broken connection
    sleep: Callable[[float], object] = time.sleep
    _logs: dict[Attempt, Log] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def read(self, tail: int | None = None) -> Iterator[Line]:
        """Yield the lines that are there and were not read yet.

        Args:
            tail: only so many of them, the last.

        Raises:
            LabError: there is no such run, or shuffle.
            CloudError: they can't be read.
        """
        run = find_run(self.cloud, self.run_id)
        logs = self._find(run)
        if not logs:
            self._say(why_none(run, self.shuffle))
        lines = (line for log in logs for line in log.read())
        yield from lines if tail is None else _last(logs, tail)
        for log in logs:
            if log.is_expired:
                self._say(why_empty(log.attempt))

    def follow(self, tail: int | None = None, every: float = EVERY) -> Iterator[Line]:
        """Yield lines as they come, until the run has ended.

        A connection that breaks is told, and tried again for as long as it takes.

        Args:
            tail: of what is there already, only so many.
            every: seconds between two looks.

        Raises:
            LabError, CloudError: nothing will come, or not before somebody has acted.
        """
        looks, waited = _LAST_LOOKS, 0.0
        while looks:
            try:
                is_over = self._is_over()  # before the lines: what it printed last is among them
                yield from self.read(tail)
                tail = None
                self._told.discard(_BROKEN)
                looks -= is_over
            except OutageError as error:
                self._say(f"{error.message} Trying again ...", _BROKEN)
            except NoSuchRun:
                if not may_appear(self.run_id, waited):
                    raise
                waited += every
            if looks:
                self.sleep(every)

    def _find(self, run: Run) -> list[Log]:
        attempts = attempts_of(self.cloud, run, self.shuffle)
        if self.number is not None:
            attempts = tuple(each for each in attempts if each.number == self.number)
        for attempt in attempts:
            log = self._logs.setdefault(attempt, Log(self.cloud, attempt))
            log.attempt = attempt
        return [self._logs[attempt] for attempt in attempts]

    def _is_over(self) -> bool:
        run = find_run(self.cloud, self.run_id)
        records = records_of(run, self.shuffle)
        return run.status.is_final or all(each.status.is_final for each in records)

    def _say(self, sentence: str, once: str = "") -> None:
        if (once or sentence) not in self._told:
            self._told.add(once or sentence)
            self.tell(sentence)


_BROKEN = "broken"


def _last(logs: list[Log], most: int) -> list[Line]:
    found: list[Line] = []
    for log in reversed(logs):  # all of them, so that each is read on from its end
        found = log.tail(most - len(found)) + found
    return found


def _attempts(cloud: Cloud, record: Run) -> Iterator[Attempt]:
    jobs = _jobs(cloud, record)
    number = 0
    for job in jobs:
        if job["jobId"] == record.job_id:
            number = record.earlier_attempts  # of the job before, known or not
        group = _group(job)
        streams = set[str]()
        for ended in job.get("attempts", ()):
            number += 1
            if stream := ended["container"].get("logStreamName"):
                streams.add(stream)
                reason = ended.get("statusReason") or "it has ended"
                yield Attempt(record.shuffle, number, group, stream, reason)
        stream = job["container"].get("logStreamName")
        # as the next attempt starts, the job may still name the log of the one before
        if stream and stream not in streams and job["status"] in _STARTED:
            yield Attempt(record.shuffle, number + 1, group, stream)


def _group(job: Mapping[str, Any]) -> str:
    options = (job["container"].get("logConfiguration") or {}).get("options") or {}
    return str(options.get("awslogs-group") or _DEFAULT_GROUP)


def _jobs(cloud: Cloud, record: Run) -> list[Mapping[str, Any]]:
    """Return the jobs of a training that Batch still knows, oldest first."""
    queue = BatchQueue(cloud.client("batch"), cloud.job_queue)
    ids = [record.job_id] if record.job_id else []
    if record.submission != SPOT:
        ids = [*_earlier_jobs(cloud, queue, record), *ids]
    with aws_errors_as_ours(cloud):
        known = queue.describe(ids) if ids else {}
    return [known[each] for each in dict.fromkeys(ids) if each in known]


def _earlier_jobs(cloud: Cloud, queue: BatchQueue, record: Run) -> list[str]:
    """Return the Spot jobs of a training that went on On-Demand, as far as they can be found."""
    keys = RunKeys(record.lab, record.run_id).shuffle(record.shuffle)
    text = read_object(cloud, keys.attempts)
    try:
        told = [str(each["job_id"]) for each in json.loads(text or "{}").get("attempts", ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        told = []
    earlier = [each for each in told if each != record.job_id]
    if earlier:
        return earlier
    job = TrainingJob(record.bucket, record.lab, record.run_id, record.shuffle)
    try:  # it never came so far as to list its attempts; a scientist may not search the queue
        with aws_errors_as_ours(cloud):
            found = queue.find(job.name)
    except OutageError:
        raise
    except CloudError:
        return []
    return [found] if found else []
