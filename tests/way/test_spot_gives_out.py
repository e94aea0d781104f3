"""When Spot gives out, the same run goes on On-Demand and ends with one final mail."""

import contextlib
from collections.abc import Callable, Iterator

from tests.mail_words import words_of

from .conftest import TIME_SCALE, Way


@contextlib.contextmanager
def without(way: Way, *environments: str) -> Iterator[None]:
    """Take compute environments away for a while."""
    found = [way.resource(name) for name in environments]
    batch = way.client("batch")
    for arn in found:
        batch.update_compute_environment(computeEnvironment=arn, state="DISABLED")
    try:
        yield
    finally:
        for arn in found:
            batch.update_compute_environment(computeEnvironment=arn, state="ENABLED")


def queues_of(way: Way, run: str) -> list[str]:
    """Return the outputs that name the queues of a run's jobs, oldest first."""
    names = {way.cloud.outputs[name]: name for name in ("JobQueue", "OnDemandQueue")}
    ids = [job["jobId"] for job in sorted(way.jobs(run), key=lambda job: job["createdAt"])]
    jobs = way.client("batch").describe_jobs(jobs=ids)["jobs"]
    return [names[job["jobQueue"]] for job in sorted(jobs, key=lambda job: job["createdAt"])]


def test_no_spot_capacity(impatient_way: Way, zip_project: Callable[..., bytes]) -> None:
    with without(impatient_way, "SpotCompute"):
        run = impatient_way.put(zip_project(), "uploads/spot/project.zip")
        ended = impatient_way.ended(run)

    assert (ended.status, ended.submission, ended.attempt) == ("SUCCEEDED", 2, 1)
    assert queues_of(impatient_way, run) == ["JobQueue", "OnDemandQueue"]
    assert impatient_way.final_mails(run) == ["SUCCEEDED"]


def test_no_capacity_at_all(impatient_way: Way, zip_project: Callable[..., bytes]) -> None:
    day = 86400 * TIME_SCALE
    with without(impatient_way, "SpotCompute", "OnDemandCompute"):
        run = impatient_way.put(zip_project(), "uploads/none/project.zip")
        ended = impatient_way.ended(run, seconds=day + 60)

    assert (ended.status, ended.attempt) == ("FAILED", 0)
    (mail,) = impatient_way.mails(run, "FAILED")
    assert "no free computer" in words_of(mail)
    assert "What to do:" in words_of(mail)


def test_a_host_that_is_lost_three_times(way: Way, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project(), "uploads/spotty/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.submission, ended.attempt) == ("SUCCEEDED", 2, 4)
    assert queues_of(way, run) == ["JobQueue", "OnDemandQueue"]
    assert way.final_mails(run) == ["SUCCEEDED"]
    assert "resumed after 3 interruptions" in words_of(way.mails(run, "SUCCEEDED")[0])


def test_a_lab_of_many_does_not_keep_another_waiting(
    way: Way, zip_project: Callable[..., bytes]
) -> None:
    many = [way.put(zip_project(), f"uploads/slow/many-{n}.zip") for n in range(6)]
    for run in many:
        way.wait_for(lambda run=run: way.jobs(run), "its job")
    few = way.put(zip_project(), "uploads/few/project.zip")

    ended = {run: way.ended(run).updated_at for run in [*many, few]}

    assert ended[few] < max(ended[run] for run in many)
