"""The table of faults in docs/faults.md: each ends in the right state, with one final mail."""

import contextlib
import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.mail_words import words_of

from dlc_batch_core.job import CANCEL_REASON

from .conftest import Way
from .hosts import Hook, Proxy, proxy_to

ZipProject = Callable[..., bytes]
#: How long a service fails: longer than Lambda's first pause, shorter than both.
OUTAGE_S = 15.0


@pytest.fixture
def way(impatient_way: Way) -> Way:
    return impatient_way


@contextlib.contextmanager
def settings_of(way: Way, function: str, **changes: str) -> Iterator[None]:
    """Change a function's environment for a while."""
    functions, name = way.client("lambda"), way.resource(function)
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    changed = {"Variables": {**environment["Variables"], **changes}}
    functions.update_function_configuration(FunctionName=name, Environment=changed)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=environment)


@contextlib.contextmanager
def proxied(way: Way, function: str, service: str) -> Iterator[Proxy]:
    """Put a proxy between a function and a service."""
    with proxy_to(way.cloud.endpoint_url) as proxy:
        variable = f"AWS_ENDPOINT_URL_{service}"
        # a test of this length need not wait for all of botocore's own retries
        with settings_of(way, function, **{variable: proxy.url, "AWS_MAX_ATTEMPTS": "2"}):
            yield proxy


def failing_for(seconds: float, refused: list[float]) -> Hook:
    """A service that answers 500 from the first request on, for so long; notes when it does."""

    def hook(_method: str, _path: str, _is_whole: bool) -> int | None:
        now = time.monotonic()
        if refused and now - refused[0] >= seconds:
            return None
        refused.append(now)
        return 500

    return hook


def sweep(way: Way) -> None:
    """Run the sweep now, for which everything is late."""
    with settings_of(way, "SweepFunction", LATE_SECONDS="0.001"):
        assert way.deliver("SweepFunction", {}) == []


def running(way: Way, run: str) -> dict[str, Any]:
    """Wait until a run's job runs; return it."""

    def look() -> dict[str, Any] | None:
        found = [job for job in way.jobs(run) if job["status"] == "RUNNING"]
        return found[0] if found else None

    return dict(way.wait_for(look, f"the job of {run}"))


def test_an_image_that_is_not_there(way: Way, zip_project: ZipProject) -> None:
    frame = io.BytesIO()
    Image.new("L", (100, 100)).save(frame, "PNG")  # TensorFlow takes none as small as the others
    frames = {f"labeled-data/one/img{n}.png": frame.getvalue() for n in range(2)}
    asked = zip_project({"dlc-batch.yaml": "engine: tensorflow\n", **frames})
    run = way.put(asked, "uploads/no-image/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.submission) == ("FAILED", 1)
    assert way.final_mails(run) == ["FAILED"]
    assert "image could not be loaded" in words_of(way.mails(run, "FAILED")[0])


def test_a_training_beyond_its_time(way: Way, zip_project: ZipProject) -> None:
    asked = zip_project({"dlc-batch.yaml": "time_limit_hours: 0.5\n"})
    run = way.put(asked, "uploads/endless/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.attempt, ended.submission) == ("FAILED", 1, 1)
    assert way.final_mails(run) == ["FAILED"]
    assert "longer than its time limit" in words_of(way.mails(run, "FAILED")[0])


def test_a_project_that_the_trainer_refuses(way: Way, zip_project: ZipProject) -> None:
    run = way.put(zip_project(), "uploads/careless/project.zip")

    ended = way.ended(run)

    assert (ended.status, ended.attempt, ended.message) == ("FAILED", 1, "There are no labels.")
    assert way.final_mails(run) == ["FAILED"]


def test_cancelled_while_it_runs_and_while_it_waits(way: Way, zip_project: ZipProject) -> None:
    batch = way.client("batch")
    runs = way.put(zip_project(), "uploads/endless/runs.zip")
    job = running(way, runs)
    waits = way.put(zip_project(), "uploads/endless/waits.zip")
    (other,) = way.wait_for(lambda: way.jobs(waits), "its job")
    for each in (other, job):
        batch.terminate_job(jobId=each["jobId"], reason=f"{CANCEL_REASON}.")

    assert [way.ended(each).status for each in (runs, waits)] == ["CANCELLED"] * 2
    assert [way.ended(each).attempt for each in (runs, waits)] == [1, 0]
    assert [way.final_mails(each) for each in (runs, waits)] == [["CANCELLED"]] * 2


def test_a_completion_event_that_is_lost(way: Way, zip_project: ZipProject) -> None:
    with without_events(way, "CompleteFunction"):
        run = way.put(zip_project(), "uploads/lost-event/project.zip")
        way.wait_for(lambda: [j for j in way.jobs(run) if j["status"] == "SUCCEEDED"], "its end")
        time.sleep(1)  # an event would have come by now
        assert way.run(run).status == "QUEUED"

    sweep(way)

    assert way.ended(run).status == "SUCCEEDED"
    assert way.final_mails(run) == ["SUCCEEDED"]


@contextlib.contextmanager
def without_events(way: Way, function: str) -> Iterator[None]:
    """Switch a function's event rules off for a while."""
    events = way.client("events")
    arn = way.client("lambda").get_function(FunctionName=way.resource(function))
    target = arn["Configuration"]["FunctionArn"]
    names = events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
    assert names
    for name in names:
        events.disable_rule(Name=name)
    try:
        yield
    finally:
        for name in names:
            events.enable_rule(Name=name)


NEEDED = [
    ("SubmitFunction", "S3"),
    ("SubmitFunction", "DYNAMODB"),
    ("SubmitFunction CompleteFunction", "SNS"),  # either may be first to mail the acceptance
    ("SubmitFunction", "BATCH"),
    ("CompleteFunction", "S3"),
    ("CompleteFunction", "DYNAMODB"),
    ("CompleteFunction", "SNS"),
]


@pytest.mark.parametrize(("functions", "service"), [NEEDED[3], NEEDED[-1]])  # all, in the long one
def test_a_service_that_fails_for_a_while(
    functions: str, service: str, way: Way, zip_project: ZipProject
) -> None:
    go_through_an_outage(way, functions.split(), service, zip_project(), OUTAGE_S)


@pytest.mark.long
@pytest.mark.parametrize(("functions", "service"), NEEDED)
def test_a_service_that_fails_for_a_minute(
    functions: str, service: str, unhurried_way: Way, zip_project: ZipProject
) -> None:
    go_through_an_outage(unhurried_way, functions.split(), service, zip_project(), 60)


def go_through_an_outage(
    way: Way, functions: list[str], service: str, project: bytes, seconds: float
) -> None:
    refused: list[float] = []
    hook = failing_for(seconds, refused)
    with contextlib.ExitStack() as proxies:
        for function in functions:
            proxies.enter_context(proxied(way, function, service)).hook = hook
        run = way.put(project, f"uploads/outage/{functions[0]}-{service}.zip")
        time.sleep(seconds)
        ended = way.ended(run, seconds=60 + 4 * seconds)
        way.wait_for(lambda: way.mails(run, "ACCEPTED"), "the mail of its acceptance")

    assert refused
    assert (ended.status, ended.message) == ("SUCCEEDED", "The stand-in is done.")
    assert len(way.jobs(run)) == 1
    assert way.final_mails(run) == ["SUCCEEDED"]
    assert len(way.mails(run, "ACCEPTED")) == 1


def test_complete_killed_between_record_and_mail(way: Way, zip_project: ZipProject) -> None:
    """The mail is sent by Lambda's next try."""
    killed: list[int] = []

    def kill(_method: str, _path: str, is_whole: bool) -> int | None:
        if is_whole and not killed:
            killed.extend(processes_of(way, "CompleteFunction"))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            return 500
        return None

    with proxied(way, "CompleteFunction", "SNS") as proxy:
        proxy.hook = kill
        run = way.put(zip_project(), "uploads/killed/project.zip")
        ended = way.ended(run, seconds=120)

    assert killed
    assert ended.status == "SUCCEEDED"
    assert way.final_mails(run) == ["SUCCEEDED"]


def processes_of(way: Way, function: str) -> list[int]:
    """The processes in which a function runs at this moment."""
    wanted = f"AWS_LAMBDA_FUNCTION_NAME={way.resource(function)}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if wanted in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found


def test_a_mail_that_nobody_sent(way: Way, zip_project: ZipProject) -> None:
    """SNS fails for longer than Lambda tries: the sweep sends the mail."""
    with proxied(way, "CompleteFunction", "SNS") as proxy:
        proxy.hook = lambda _method, _path, _is_whole: 500
        run = way.put(zip_project(), "uploads/no-mail/project.zip")
        way.wait_for(lambda: way.run(run) and way.run(run).status.is_final, "its end")
        assert way.final_mails(run) == []

    sweep(way)

    assert way.ended(run).status == "SUCCEEDED"
    assert way.final_mails(run) == ["SUCCEEDED"]


def test_an_upload_that_nobody_submitted(way: Way, zip_project: ZipProject) -> None:
    """Batch fails for longer than Lambda tries: the sweep has it submitted."""
    with proxied(way, "SubmitFunction", "BATCH") as proxy:
        proxy.hook = lambda _method, _path, _is_whole: 500
        key = "uploads/no-batch/project.zip"
        run = way.put(zip_project(), key)
        way.wait_for(lambda: way.run(run), "its record")
        assert way.deliver("SubmitFunction", way.event_of(key)) != []
        assert way.run(run).status == "SUBMITTING"

    sweep(way)

    assert way.ended(run, seconds=90).status == "SUCCEEDED"
    assert len(way.jobs(run)) == 1
    assert way.final_mails(run) == ["SUCCEEDED"]


def test_an_update_of_the_stack_while_a_job_runs(way: Way, zip_project: ZipProject) -> None:
    stacks, name = way.client("cloudformation"), way.cloud.stack_name
    before = way.resource("TrainerJob")
    run = way.put(zip_project(), "uploads/slow/project.zip")
    running(way, run)
    described = stacks.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    changed = {p["ParameterKey"]: p["ParameterValue"] for p in described} | {
        "MaxMembers": "99999"  # it stands in the job definition: there is a new revision of it
    }
    stacks.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in changed.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    way.wait_for(lambda: way.resource("TrainerJob") != before, "the new revision")

    def is_done() -> bool:
        found = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return str(found) == "UPDATE_COMPLETE"

    way.wait_for(is_done, "the end of the update")

    assert way.ended(run).status == "SUCCEEDED"
    assert way.final_mails(run) == ["SUCCEEDED"]
    later = way.put(zip_project(), "uploads/updated/project.zip")
    assert way.ended(later).status == "SUCCEEDED"
    (job,) = way.client("batch").describe_jobs(jobs=[way.jobs(later)[0]["jobId"]])["jobs"]
    assert job["jobDefinition"] == way.resource("TrainerJob")
