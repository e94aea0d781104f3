"""A local cloud with a stack of its own, as small as can be (`tiny/`), for the tests here."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.local.cloud import LocalCloud
from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up
from dlc_batch.local.mailbox import Mail, read_mails

TINY = Path(__file__).parent / "tiny" / "template.yaml"
POLL_S = 0.05


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true value of `condition`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(POLL_S)
    pytest.fail(f"nothing after {seconds} s")


@dataclass(frozen=True)
class TinyCloud:
    """A running local cloud with the tiny stack, and what tests do with it."""

    cloud: LocalCloud
    session: Any

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def submit(self, script: str = "pass", **request: Any) -> str:
        """Submit a Python script as a job; gives the job id."""
        parameters = {"script": script, **request.pop("parameters", {})}
        request = {"jobName": "test", "jobDefinition": self.cloud.outputs["Definition"], **request}
        queue = self.cloud.outputs["Queue"]
        answer = self.client("batch").submit_job(jobQueue=queue, parameters=parameters, **request)
        return str(answer["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("batch").describe_jobs(jobs=[job_id])["jobs"][0]
        return found

    def reaches(self, job_id: str, *states: str) -> dict[str, Any]:
        """Wait until the job is in one of the states."""

        def job() -> dict[str, Any] | None:
            seen = self.job(job_id)
            return seen if seen["status"] in states else None

        return dict(wait_for(job))

    def ends(self, job_id: str) -> dict[str, Any]:
        return self.reaches(job_id, "SUCCEEDED", "FAILED")

    def log(self, job: dict[str, Any]) -> list[str]:
        events = self.client("logs").get_log_events(
            logGroupName=self.cloud.outputs["Logs"],
            logStreamName=job["container"]["logStreamName"],
        )["events"]
        return [event["message"] for event in events]

    def mails(self) -> list[Mail]:
        return read_mails(Home(self.cloud.home).mail)


@pytest.fixture(scope="session", name="wait_for")
def wait_for_fixture() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session")
def tiny_template() -> Path:
    return TINY


@pytest.fixture(scope="session")
def local_settings() -> Iterator[None]:
    """The image of the tiny stack is this Python; a killed job has half a second."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DLC_BATCH_LOCAL_IMAGES", json.dumps({"test/python": [sys.executable]}))
        environment.setenv("DLC_BATCH_LOCAL_KILL_GRACE", "0.5")
        environment.setenv("A_SECRET_OF_THE_USER", "not for jobs")
        yield


@pytest.fixture
def tiny_home(
    new_home: Callable[[], Home],
    local_settings: None,  # noqa: ARG001 - for its effect
) -> Iterator[Home]:
    """An empty home; whatever a test starts in it is ended."""
    home = new_home()
    yield home
    down(home, print)
    shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture
def start_tiny(tiny_home: Home, open_session: Any) -> Callable[..., TinyCloud]:
    def start(template: Path = TINY) -> TinyCloud:
        cloud = up(tiny_home, UpOptions(template=template), print)
        return TinyCloud(cloud, open_session(cloud))

    return start


@pytest.fixture(scope="session")
def tiny(
    new_home: Callable[[], Home],
    local_settings: None,  # noqa: ARG001 - for its effect
    open_session: Any,
) -> Iterator[TinyCloud]:
    """One tiny cloud for all tests that leave it as it is."""
    home = new_home()
    try:
        cloud = up(home, UpOptions(template=TINY), print)
        yield TinyCloud(cloud, open_session(cloud))
    finally:
        down(home, print)
        shutil.rmtree(home.path, ignore_errors=True)
