"""When Spot gives out, the same run goes on On-Demand and ends with one final mail."""

import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import UpOptions, down, up

from .conftest import ROOT, STAND_IN, Way

#: The queues' time limits, of half an hour and more, in parts: 1,800 s become 1.8 s.
SCALE = "0.001"


@pytest.fixture(scope="module")
def impatient(new_home: Callable[[], Home], open_session: Callable[[Any], Any]) -> Iterator[Way]:
    """The product's stack, whose queues do not wait for long."""
    home = new_home()
    images = {"test/stand-in": [sys.executable, str(STAND_IN)]}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DLC_BATCH_LOCAL_IMAGES", json.dumps(images))
        environment.setenv("DLC_BATCH_LOCAL_WAIT_SCALE", SCALE)
        options = UpOptions(ROOT / "template.yaml", parameters={"TrainerImage": "test/stand-in"})
        cloud = up(home, options, print)
    yield Way(cloud, open_session(cloud))
    down(home, print)
    shutil.rmtree(home.path, ignore_errors=True)


@contextlib.contextmanager
def without(way: Way, *environments: str) -> Iterator[None]:
    """Take compute environments away for a while."""
    found = [_arn(way, name) for name in environments]
    batch = way.client("batch")
    for arn in found:
        batch.update_compute_environment(computeEnvironment=arn, state="DISABLED")
    try:
        yield
    finally:
        for arn in found:
            batch.update_compute_environment(computeEnvironment=arn, state="ENABLED")


def _arn(way: Way, name: str) -> str:
    answer = way.client("cloudformation").describe_stack_resource(
        StackName=way.cloud.stack_name, LogicalResourceId=name
    )
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def queues_of(way: Way, run: str) -> list[str]:
    """Return the outputs that name the queues of a run's jobs, oldest first."""
    names = {way.cloud.outputs[name]: name for name in ("JobQueue", "OnDemandQueue")}
    ids = [job["jobId"] for job in sorted(way.jobs(run), key=lambda job: job["createdAt"])]
    jobs = way.client("batch").describe_jobs(jobs=ids)["jobs"]
    return [names[job["jobQueue"]] for job in sorted(jobs, key=lambda job: job["createdAt"])]


def final_mails(way: Way, run: str) -> list[str]:
    return [m.subject.split()[1] for m in way.mails(run) if "ACCEPTED" not in m.subject]


def test_no_spot_capacity(impatient: Way, zip_project: Callable[..., bytes]) -> None:
    with without(impatient, "SpotCompute"):
        run = impatient.put(zip_project(), "uploads/spot/project.zip")
        ended = impatient.ended(run)

    assert (ended.status, ended.submission, ended.attempt) == ("SUCCEEDED", 2, 1)
    assert queues_of(impatient, run) == ["JobQueue", "OnDemandQueue"]
    assert final_mails(impatient, run) == ["SUCCEEDED:"]


def test_no_capacity_at_all(impatient: Way, zip_project: Callable[..., bytes]) -> None:
    scale = 86400 * float(SCALE)
    with without(impatient, "SpotCompute", "OnDemandCompute"):
        run = impatient.put(zip_project(), "uploads/none/project.zip")
        ended = impatient.ended(run, seconds=scale + 60)

    assert (ended.status, ended.attempt) == ("FAILED", 0)
    (mail,) = impatient.mails(run, "FAILED")
    assert "no free computer" in mail.body
    assert "What to do:" in mail.body


def test_a_host_that_is_lost_three_times(way: Way, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project(), "uploads/spotty/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.submission, ended.attempt) == ("SUCCEEDED", 2, 4)
    assert queues_of(way, run) == ["JobQueue", "OnDemandQueue"]
    assert final_mails(way, run) == ["SUCCEEDED:"]
    assert "resumed after 3 interruptions" in way.mails(run, "SUCCEEDED")[0].body


def test_a_lab_of_many_does_not_keep_another_waiting(
    way: Way, zip_project: Callable[..., bytes]
) -> None:
    many = [way.put(zip_project(), f"uploads/slow/many-{n}.zip") for n in range(3)]
    for run in many:
        way.wait_for(lambda run=run: way.jobs(run), "its job")
    few = way.put(zip_project(), "uploads/few/project.zip")

    ended = {run: way.ended(run).updated_at for run in [*many, few]}

    assert ended[few] < max(ended[run] for run in many)
