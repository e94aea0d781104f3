"""A runs table over HTTP, calls that fail when told to, and what stands in for S3 and SNS."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

import pytest

from dlc_batch_core.job import TrainingJob
from dlc_batch_core.mails import Mail
from dlc_batch_core.run_table import RunTable
from dlc_batch_core.submission import Upload


class Crash(Exception):
    """The process died here."""


@dataclass
class Steps:
    """Calls, in their order; one of them crashes, before or after it was done."""

    crash_at: int | None = None
    is_done_first: bool = False
    names: list[str] = field(default_factory=list)

    def watch(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            crashes = len(self.names) == self.crash_at
            self.names.append(name)
            if crashes and not self.is_done_first:
                raise Crash(name)
            answer = call(*args, **kwargs)
            if crashes:
                raise Crash(name)
            return answer

        return watched


class WatchedClient:
    """A DynamoDB client whose calls are steps."""

    def __init__(self, client: Any, steps: Steps) -> None:
        self.exceptions = client.exceptions
        self.get_paginator = client.get_paginator
        for name in ("get_item", "put_item", "update_item"):
            setattr(self, name, steps.watch(name, getattr(client, name)))


@dataclass
class Cloud:
    """A table over HTTP, and objects, jobs and mails in memory: all outlive a crash."""

    client: Any
    table_name: str
    steps: Steps = field(default_factory=Steps)
    upload: bytes = b""
    objects: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, TrainingJob] = field(default_factory=dict)
    asked: list[tuple[str, str, int | None]] = field(default_factory=list)  # On-Demand
    mails: list[Mail] = field(default_factory=list)
    now: float = 1_800_000_000.0

    @property
    def table(self) -> RunTable:
        """The table, as the code under test has it."""
        return RunTable(WatchedClient(self.client, self.steps), self.table_name)

    @property
    def records(self) -> RunTable:
        """The table, as a bystander has it."""
        return RunTable(self.client, self.table_name)

    @property
    def publish(self) -> Callable[[Mail], object]:
        return self.steps.watch("publish", self.mails.append)

    def clock(self) -> float:
        return self.now

    def open(self, upload: Upload) -> IO[bytes]:  # noqa: ARG002  # the protocol's
        return self.steps.watch("open", lambda: io.BytesIO(self.upload))()

    def put(self, bucket: str, key: str, text: str) -> None:  # noqa: ARG002  # the protocol's
        self.steps.watch("put", self.objects.__setitem__)(key, text.encode())

    def get(self, bucket: str, key: str) -> bytes | None:  # noqa: ARG002  # the protocol's
        return self.steps.watch("get", self.objects.get)(key)

    def find(self, name: str) -> str | None:
        def newest() -> str | None:
            ids = [job_id for job_id, job in self.jobs.items() if job.name == name]
            return ids[-1] if ids else None

        return self.steps.watch("find", newest)()

    def submit(self, job: TrainingJob, time_limit_hours: float) -> str:  # noqa: ARG002  # the protocol's
        def accept() -> str:
            self.jobs[f"job-{len(self.jobs) + 1}"] = job
            return f"job-{len(self.jobs)}"

        return self.steps.watch("submit", accept)()

    def submit_again(self, job: TrainingJob, definition: str, timeout: int | None) -> str:
        self.asked.append((job.name, definition, timeout))
        return self.submit(job, 24.0)


@pytest.fixture(scope="session")
def runs_table_name(aws: Any) -> str:
    return aws.make_runs_table()


@pytest.fixture
def new_cloud(aws: Any, runs_table_name: str) -> Callable[..., Cloud]:
    """Makes clouds with a table that is shared: tests differ in their runs' ids."""
    client = aws.client("dynamodb")
    return lambda **values: Cloud(client, runs_table_name, **values)


@pytest.fixture
def crash() -> type[Crash]:
    return Crash


@pytest.fixture
def crashing_steps() -> Callable[[int, bool], Steps]:
    return Steps
