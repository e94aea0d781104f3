"""A run of several shuffles: a job each, one record, one last mail, whatever crashes."""

import itertools
import uuid
from dataclasses import replace
from typing import Any

import pytest
from tests.mail_words import words_of

from dlc_batch_core.checks.weights import (
    Wanted,
    find_network_problems,
    find_weights_problems,
)
from dlc_batch_core.completion import Completion
from dlc_batch_core.fall_back import FallBack
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.job_change import parse_job_change
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.mails import compose
from dlc_batch_core.outcome import ErrorKind, Outcome
from dlc_batch_core.parts import part_of, sum_up
from dlc_batch_core.problems import Problem
from dlc_batch_core.run import MailKind, MailState, Run, Status
from dlc_batch_core.submission import Claim, Submission, Upload

SHUFFLES = (1, 2, 5)
EXITED = "Essential container in task exited"
LOST = "Host EC2 (instance i-0) terminated."
MAX_ITEM = 400_000  # DynamoDB's bytes


@pytest.fixture
def asked(zipped: Any, project_files: dict[str, bytes]) -> bytes:
    return zipped({**project_files, "mouse/dlc-batch.yaml": b"shuffles: [1, 2, 5]\nepochs: 9\n"})


def new_upload() -> Upload:
    return Upload("bucket", "uploads/miller/mouse.zip", uuid.uuid4().hex, 1)


def submit(cloud: Any, upload: Upload, claimant: str = "one") -> Run:
    queues = {"pytorch": cloud}
    submission = Submission(cloud, cloud.table, queues, cloud.publish, cloud.clock)
    run = submission.take(upload, Claim(claimant, cloud.now + 60))
    assert run is not None
    return run


def queued(cloud: Any) -> Run:
    """A run with its jobs, made without a crash."""
    run = submit(replace(cloud, steps=type(cloud.steps)()), new_upload())
    cloud.steps.names.clear()
    return run


def job_of(cloud: Any, run: Run, shuffle: int, submission: int = 1) -> str:
    name = TrainingJob(run.bucket, run.lab, run.run_id, shuffle, submission).name
    (job_id,) = (each for each, job in cloud.jobs.items() if job.name == name)
    return str(job_id)


def event(
    cloud: Any,
    run: Run,
    shuffle: int,
    status: str,
    exit_code: int | None = None,
    submission: int = 1,
    **values: Any,
) -> dict[str, Any]:
    job = TrainingJob(run.bucket, run.lab, run.run_id, shuffle, submission)
    container = {} if exit_code is None else {"exitCode": exit_code}
    attempt = {"container": container, "startedAt": 1000, "stoppedAt": 3_601_000}
    return {
        "jobName": job.name,
        "jobId": job_of(cloud, run, shuffle, submission),
        "jobDefinition": "d:1",
        "status": status,
        "attempts": [] if status == "RUNNING" else [attempt],
        "parameters": job.to_parameters(),
        "retryStrategy": {"attempts": 1},
        "statusReason": EXITED,
        **values,
    }


def leave(cloud: Any, run: Run, shuffle: int, error: float = 4.0, **values: Any) -> None:
    """Leave an outcome where the trainer of a shuffle does."""
    whole: dict[str, Any] = {
        "succeeded": True,
        "job_id": job_of(cloud, run, shuffle),
        "attempt": 1,
        "message": "Trained.",
        "metrics": {"test_rmse_px": error, "test_rmse_low_px": error, "test_frames": 4.0},
        "files": (f"dlc-models-pytorch/i/s-shuffle{shuffle}/train/snapshot-best-1.pt",),
        "notes": ("A note of all.", f"Drawn for {shuffle}."),
        "instance_type": "g4dn.xlarge",
        "images_per_second": 10.0,
        **values,
    }
    key = RunKeys(run.lab, run.run_id).shuffle(shuffle).outcome
    cloud.objects[key] = Outcome(**whole).to_json().encode()


def record(cloud: Any, detail: dict[str, Any], claimant: str = "one") -> Run:
    fall_back = FallBack(cloud.table, cloud, cloud.clock)
    completion = Completion(cloud, cloud.table, cloud.publish, cloud.clock, fall_back)
    return completion.record(parse_job_change(detail), claimant).now


def kinds(cloud: Any) -> list[str]:
    return [mail.subject.split()[1] for mail in cloud.mails]


def test_each_shuffle_gets_a_job_and_the_lab_one_mail(asked: bytes, new_cloud: Any) -> None:
    cloud = new_cloud(upload=asked)
    run = submit(cloud, new_upload())
    assert [(part.shuffle, part.status) for part in run.parts] == [
        (shuffle, Status.QUEUED) for shuffle in SHUFFLES
    ]
    assert [part.job_id for part in run.parts] == [job_of(cloud, run, each) for each in SHUFFLES]
    assert (run.status, run.job_id) == (Status.QUEUED, None)
    assert kinds(cloud) == ["ACCEPTED:"]
    assert "3 shuffles (1, 2, 5)" in words_of(cloud.mails[0])


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("retry", ["one", "two"], ids=["tried-again", "taken-over"])
def test_a_crash_in_submitting_costs_nothing(
    is_done_first: bool,
    retry: str,
    asked: bytes,
    new_cloud: Any,
    crashing_steps: Any,
    crash: type[Exception],
) -> None:
    crash_at, names = 0, []
    while crash_at <= len(names):
        cloud = new_cloud(upload=asked, steps=crashing_steps(crash_at, is_done_first))
        upload = new_upload()
        try:
            submit(cloud, upload)
            break
        except crash:
            names = list(cloud.steps.names)
        cloud.now += 0 if retry == "one" else 3600
        run = submit(cloud, upload, retry)
        assert sorted(job.shuffle for job in cloud.jobs.values()) == list(SHUFFLES), names
        assert all(part.job_id in cloud.jobs for part in run.parts), names
        assert cloud.records.get(run.lab, run.run_id).status is Status.QUEUED
        assert set(kinds(cloud)) == {"ACCEPTED:"}
        crash_at += 1
    assert names.count("submit") == len(SHUFFLES)


def test_a_job_that_begins_while_others_are_submitted_moves_the_run_on_after(
    asked: bytes, new_cloud: Any, crashing_steps: Any, crash: type[Exception]
) -> None:
    """Given the first job runs, and its submitter dies before it submits the second one."""
    steps, upload = crashing_steps(None, True), new_upload()
    cloud = new_cloud(upload=asked, steps=steps)
    steps.crash_at = 5  # the request, the parts and the first job are there
    with pytest.raises(crash):
        submit(cloud, upload)
    ((_, job),) = cloud.jobs.items()
    run = cloud.records.get(job.lab, job.run_id)
    between = record(cloud, event(cloud, run, 1, "RUNNING"))
    assert (between.status, between.parts[0].status) == (Status.SUBMITTING, Status.RUNNING)

    after = submit(cloud, upload)
    assert (after.status, len(cloud.jobs)) == (Status.RUNNING, 3)


@pytest.mark.parametrize("order", list(itertools.permutations(SHUFFLES)))
def test_the_last_end_ends_the_run(order: tuple[int, ...], asked: bytes, new_cloud: Any) -> None:
    cloud = new_cloud(upload=asked)
    run = queued(cloud)
    cloud.mails.clear()
    for shuffle in order:
        leave(cloud, run, shuffle, error=3.0 + shuffle)
        running = record(cloud, event(cloud, run, shuffle, "RUNNING"))
        assert (running.status, running.job_id) == (Status.RUNNING, None)
    for shuffle in order:
        assert cloud.mails == []
        ended = record(cloud, event(cloud, run, shuffle, "SUCCEEDED", 0, startedAt=1))
        again = record(cloud, event(cloud, run, shuffle, "SUCCEEDED", 0, startedAt=1))
        assert again.status is ended.status
    assert (ended.status, len(ended.files), ended.job_id) == (Status.SUCCEEDED, 3, None)
    assert ended.metrics["test_rmse_px"] == pytest.approx((4 + 5 + 8) / 3)
    assert "5.67 px in the mean (standard deviation 2.08 px)" in ended.message
    assert "A note of all." in ended.notes
    assert "Shuffle 2: Drawn for 2." in ended.notes
    assert "test_rmse_low_px" not in ended.metrics
    assert ended.cost["hours"] == pytest.approx(3.0)
    assert kinds(cloud) == ["SUCCEEDED:"]
    assert cloud.records.get(run.lab, run.run_id).mail is MailState.SENT
    for shuffle, error in ((1, "4.00 px"), (2, "5.00 px"), (5, "8.00 px")):
        scores = cloud.mails[0].body.partition(f"Shuffle {shuffle}\n")[2]
        assert error in scores.splitlines()[1]


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
def test_a_crash_at_the_end_costs_nothing(
    is_done_first: bool,
    asked: bytes,
    new_cloud: Any,
    crashing_steps: Any,
    crash: type[Exception],
) -> None:
    crash_at, names = 0, []
    while crash_at <= len(names):
        cloud = new_cloud(upload=asked)
        run = queued(cloud)
        cloud.mails.clear()
        for shuffle in SHUFFLES:
            leave(cloud, run, shuffle)
        for shuffle in SHUFFLES[:-1]:
            record(cloud, event(cloud, run, shuffle, "SUCCEEDED", 0))
        cloud.steps = crashing_steps(crash_at, is_done_first)
        last = event(cloud, run, SHUFFLES[-1], "SUCCEEDED", 0)
        try:
            record(cloud, last)
            break
        except crash:
            names = list(cloud.steps.names)
        assert record(cloud, last).status is Status.SUCCEEDED, names
        assert set(kinds(cloud)) == {"SUCCEEDED:"}
        crash_at += 1
    assert names.count("update_item") >= 4


def test_what_was_trained_is_told_though_a_shuffle_failed(asked: bytes, new_cloud: Any) -> None:
    cloud = new_cloud(upload=asked)
    run = queued(cloud)
    cloud.mails.clear()
    leave(cloud, run, 1)
    leave(
        cloud,
        run,
        2,
        succeeded=False,
        message="The loss is none.",
        remedy="Lower it.",
        error_kind=ErrorKind.USER,
        metrics={},
        files=(),
        timings={"train": 3.0},
    )
    leave(cloud, run, 5)
    record(cloud, event(cloud, run, 1, "SUCCEEDED", 0))
    record(cloud, event(cloud, run, 2, "FAILED", 2))
    ended = record(cloud, event(cloud, run, 5, "SUCCEEDED", 0))
    assert ended.status is Status.FAILED
    assert ended.remedy.startswith("Lower it. With `shuffles: [2]` in")
    assert ended.message.startswith("2 of 3 shuffles were trained.")
    assert "Shuffle 2: The loss is none." in ended.message
    assert len(ended.files) == 2
    (mail,) = cloud.mails
    assert "dlc-batch fetch" in words_of(mail)
    assert "/shuffle2/checkpoints/" in words_of(mail)
    assert "/shuffle1/checkpoints/" not in words_of(mail)


def test_one_shuffle_goes_on_on_demand_and_the_others_where_they_are(
    asked: bytes, new_cloud: Any
) -> None:
    cloud = new_cloud(upload=asked)
    run = queued(cloud)
    for shuffle in SHUFFLES:
        leave(cloud, run, shuffle)
    record(cloud, event(cloud, run, 1, "SUCCEEDED", 0))
    current = record(cloud, event(cloud, run, 2, "FAILED", statusReason=LOST))
    ((name, _, _),) = cloud.asked
    assert name.endswith("_shuffle2_submission2")
    assert [part.submission for part in current.parts] == [1, 2, 1]
    record(cloud, event(cloud, run, 5, "SUCCEEDED", 0))
    again = job_of(cloud, run, 2, submission=2)
    leave(cloud, run, 2, job_id=again)
    ended = record(cloud, event(cloud, run, 2, "SUCCEEDED", 0, submission=2))
    assert (ended.status, ended.attempt, len(ended.files)) == (Status.SUCCEEDED, 2, 3)
    assert kinds(cloud) == ["ACCEPTED:", "SUCCEEDED:"]
    assert "Shuffle 2: It was resumed after one interruption." in words_of(cloud.mails[-1])


def test_cancelled_parts_and_no_failed_one_make_a_cancelled_run() -> None:
    run = Run("miller", "mouse-0123456789ab", Status.RUNNING, "b", "k")
    parts = tuple(
        replace(part_of(run, shuffle), status=status)
        for shuffle, status in ((1, Status.SUCCEEDED), (2, Status.CANCELLED))
    )
    told = {1: Outcome(True, "job-1", 1, "Trained.", files=("shuffle1/run.json",))}
    ended = sum_up(replace(run, parts=parts), told)
    body = words_of(compose(ended, MailKind.FINAL))
    assert (ended.status, ended.files) == (Status.CANCELLED, ("shuffle1/run.json",))
    assert "dlc-batch fetch" in body
    assert "`shuffles: [2]`" in body


def test_the_longest_record_of_twenty_parts_has_room(new_cloud: Any, asked: bytes) -> None:
    cloud = new_cloud(upload=asked)
    text = "😀" * 5_000  # four bytes each
    run = Run("miller", f"mouse-{uuid.uuid4().hex[:12]}", Status.SUBMITTING, "b", "k")
    run = replace(run, submitted_at="t")
    cloud.records.begin(run, "one", cloud.now)
    parts = [part_of(run, shuffle) for shuffle in range(1, 21)]
    assert cloud.records.begin_parts(run, parts)
    assert not cloud.records.begin_parts(run, parts)
    for part in parts:
        metrics = {f"a_metric_{n}_px": 1.23456789 for n in range(20)}
        failed = replace(part, status=Status.FAILED, message=text, remedy=text, metrics=metrics)
        assert cloud.records.end(replace(failed, notes=(text,) * 9, files=(text,) * 9))
    many, problems = (text,) * 200, (Problem("code", text, text, text),) * 200
    ended = replace(run, status=Status.FAILED, notes=many, files=many, message=text, remedy=text)
    assert cloud.records.end(replace(ended, problems=problems))
    found = cloud.records.get(run.lab, run.run_id)
    assert len(found.parts) == 20
    key = {"lab": {"S": run.lab}, "run_id": {"S": run.run_id}}
    item = cloud.client.get_item(TableName=cloud.table_name, Key=key)["Item"]
    held = [name + text for name, value in item.items() for text in value.values()]
    assert sum(len(text.encode()) for text in held) < MAX_ITEM


def test_a_run_goes_on_from_an_earlier_one_shuffle_by_shuffle() -> None:
    earlier = Run("miller", "mouse-0123456789ab", Status.SUCCEEDED, "b", "k")
    files = ("dlc-models-pytorch/i/s/train/snapshot-best-1.pt",)
    parts = tuple(replace(part_of(earlier, n), status=Status.SUCCEEDED) for n in (1, 2))
    earlier = replace(earlier, files=files, parts=parts)
    fits, misfit = Wanted("pytorch", (2,), ()), Wanted("pytorch", (2, 3), ())
    assert find_weights_problems(earlier.run_id, earlier, (), fits) == []
    (problem,) = find_weights_problems(earlier.run_id, earlier, (), misfit)
    assert "trained the shuffles 1, 2, and not 3" in problem.what
    assert find_network_problems(earlier.run_id, earlier, (), fits) == []
    (problem,) = find_network_problems(earlier.run_id, earlier, (), misfit)
    assert (problem.code, "and not 3" in problem.what) == ("network-run", True)
    failed = replace(parts[1], status=Status.FAILED)
    partly = replace(earlier, status=Status.FAILED, parts=(parts[0], failed))
    assert find_weights_problems(earlier.run_id, partly, (), replace(fits, shuffles=(1,))) == []
    (problem,) = find_weights_problems(earlier.run_id, partly, (), fits)
    assert "trained the shuffles 1, and not 2" in problem.what


def test_what_is_told_of_a_run_that_has_ended_changes_nothing(
    asked: bytes, new_cloud: Any
) -> None:
    """Given the sweep gave a run up, when Spot gives out under a part, nothing is submitted."""
    cloud = new_cloud(upload=asked)
    run = queued(cloud)
    cloud.records.end(replace(run, status=Status.FAILED))
    after = record(cloud, event(cloud, run, 2, "FAILED", statusReason=LOST))
    assert (after.status, cloud.asked) == (Status.FAILED, [])
