"""What becomes of jobs: believed from the outcome, surmised without one, told to the lab once."""

import dataclasses
import itertools
import uuid
from typing import Any

import pytest
from tests.mail_words import words_of

from dlc_batch_core.completion import Completion
from dlc_batch_core.errors import CloudError, StateError
from dlc_batch_core.job import CANCEL_REASON, TrainingJob
from dlc_batch_core.job_change import parse_job_change
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import ErrorKind, Outcome
from dlc_batch_core.run import MailState, Run, Status

GOOD = Outcome(True, "job-1", 1, "Trained.", metrics={"test_rmse_px": 2.5}, files=("a.pt",))


@pytest.fixture
def run() -> Run:
    run_id = f"mouse-{uuid.uuid4().hex[:12]}"
    return Run("miller", run_id, Status.QUEUED, "bucket", "key", submitted_at="t", job_id="job-1")


def detail(run: Run, status: str, *ended: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The `detail` of an event as AWS Batch sends it; `ended`: the attempts that have ended."""
    job = TrainingJob(run.bucket, run.lab, run.run_id, 1)
    return {
        "jobName": job.name,
        "jobId": "job-1",
        "jobQueue": "arn:aws:batch:eu-west-1:123456789012:job-queue/q",
        "status": status,
        "attempts": list(ended),
        "parameters": job.to_parameters(),
        **values,
    }


def attempt(exit_code: int | None = None, reason: str = "", words: str = "") -> dict[str, Any]:
    container: dict[str, Any] = {"logStreamName": "trainer/default/1"}
    if exit_code is not None:
        container["exitCode"] = exit_code
    if reason:
        container["reason"] = reason
    return {"container": container, "startedAt": 1, "stoppedAt": 2, "statusReason": words}


DONE = attempt(0, words="Essential container in task exited")
LOST = attempt(words="Host EC2 (instance i-0) terminated.")


def begun(cloud: Any, run: Run) -> Any:
    cloud.records.begin(run, "submit", cloud.now)
    return cloud


def record(cloud: Any, event: dict[str, Any], claimant: str = "one") -> Run:
    completion = Completion(cloud, cloud.table, cloud.publish, cloud.clock)
    return completion.record(parse_job_change(event), claimant).now


def leave(cloud: Any, run: Run, outcome: Outcome | str) -> None:
    text = outcome.to_json() if isinstance(outcome, Outcome) else outcome
    cloud.objects[RunKeys(run.lab, run.run_id).shuffle(1).outcome] = text.encode()


def subjects(cloud: Any) -> list[str]:
    return [mail.subject.split()[1] for mail in cloud.mails]


def test_a_good_end_is_told_with_its_scores(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, GOOD)
    record(cloud, detail(run, "RUNNING"))
    assert cloud.records.get("miller", run.run_id).status is Status.RUNNING
    assert cloud.mails == []
    ended = record(cloud, detail(run, "SUCCEEDED", DONE))
    assert (ended.status, ended.message, ended.files) == (Status.SUCCEEDED, "Trained.", ("a.pt",))
    assert ended.metrics == {"test_rmse_px": 2.5}
    assert cloud.records.get("miller", run.run_id).mail is MailState.SENT
    assert subjects(cloud) == ["SUCCEEDED:"]
    assert "2.50 px" in words_of(cloud.mails[0])


def test_the_outcome_is_believed_over_batch(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, Outcome(False, "job-1", 1, "No labels.", "Label.", ErrorKind.USER))
    ended = record(cloud, detail(run, "FAILED", attempt(2), statusReason="Essential container"))
    assert (ended.status, ended.message, ended.remedy) == (Status.FAILED, "No labels.", "Label.")


@pytest.mark.parametrize(
    ("last", "reason", "words"),
    [
        (attempt(75), "Essential container in task exited", "interrupted too often"),
        (attempt(75), "Job attempt duration exceeded timeout", "longer than its time limit"),
        (attempt(137), "Job attempt duration exceeded timeout", "longer than its time limit"),
    ],
)
def test_that_it_was_interrupted_is_no_last_word(
    last: dict[str, Any], reason: str, words: str, run: Run, new_cloud: Any
) -> None:
    cloud = begun(new_cloud(), run)
    own = "It was interrupted. It begins anew by itself."
    leave(cloud, run, Outcome(False, "job-1", 1, own, "", ErrorKind.INFRASTRUCTURE, notes=("x",)))
    ended = record(cloud, detail(run, "FAILED", last, statusReason=reason))
    assert words in ended.message
    assert ended.notes == ("x",)
    assert "begins anew" not in words_of(cloud.mails[0])


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"ended": [LOST] * 6, "statusReason": "Host EC2 (instance i-0) terminated."},
            "taken back",
        ),
        ({"ended": [attempt(137)]}, "lack of memory"),
        ({"ended": [attempt(137, "OutOfMemoryError: Container killed")]}, "lack of memory"),
        ({"ended": [], "statusReason": "Job attempt duration exceeded timeout"}, "time limit"),
        ({"ended": [attempt(reason="CannotPullContainerError: no such image")]}, "image"),
        ({"ended": [attempt(75)] * 6}, "interrupted"),
        ({"ended": []}, "never got a computer"),
        ({"ended": [attempt(reason="DockerTimeoutError: no answer")]}, "interrupted"),
        ({"ended": [attempt(1)]}, "without a word"),
        ({"ended": [attempt(139)]}, "exit code 139"),
    ],
)
def test_without_an_outcome_the_lab_still_hears_what_is_known(
    event: dict[str, Any], words: str, run: Run, new_cloud: Any
) -> None:
    cloud = begun(new_cloud(), run)
    values = dict(event)
    ended = record(cloud, detail(run, "FAILED", *values.pop("ended"), **values))
    assert ended.status is Status.FAILED
    assert words in ended.message
    assert ended.remedy
    assert subjects(cloud) == ["FAILED:"]
    assert words in words_of(cloud.mails[0])


@pytest.mark.parametrize(
    "left",
    [
        Outcome(True, "job-1", 1, "Of the attempt before."),
        Outcome(True, "job-0", 2, "Of another job."),
        GOOD.to_json()[:40],
        "",
        "[]",
    ],
)
def test_an_outcome_that_is_not_of_this_attempt_is_no_outcome(
    left: Outcome | str, run: Run, new_cloud: Any
) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, left)
    ended = record(cloud, detail(run, "FAILED", LOST, attempt(137)))
    assert (ended.status, ended.attempt) == (Status.FAILED, 2)
    assert "lack of memory" in ended.message


def test_a_success_without_an_outcome_is_no_success(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    assert record(cloud, detail(run, "SUCCEEDED", DONE)).status is Status.FAILED


def test_a_cancelled_run_is_cancelled_whatever_it_left(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, GOOD)
    ended = record(cloud, detail(run, "FAILED", attempt(143), statusReason=CANCEL_REASON))
    assert ended.status is Status.CANCELLED
    assert subjects(cloud) == ["CANCELLED:"]


def test_what_the_lab_stopped_through_the_trainer_is_cancelled_too(
    run: Run, new_cloud: Any
) -> None:
    cloud = begun(new_cloud(), run)
    words = f"{CANCEL_REASON}, at epoch 3 of 200."
    leave(cloud, run, Outcome(False, "job-1", 1, words, "Nothing was kept.", cancelled=True))
    ended = record(cloud, detail(run, "FAILED", attempt(2), statusReason="Essential container"))
    assert (ended.status, ended.message) == (Status.CANCELLED, words)
    assert subjects(cloud) == ["CANCELLED:"]


def test_that_it_was_cancelled_stands_though_its_time_was_over(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, Outcome(False, "job-1", 1, f"{CANCEL_REASON}.", cancelled=True))
    reason = "Job attempt duration exceeded timeout"
    ended = record(cloud, detail(run, "FAILED", attempt(137), statusReason=reason))
    assert ended.status is Status.CANCELLED


def test_a_training_that_the_lab_stopped_early_has_succeeded(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    early = "The lab stopped the training after 3 of 200 epochs. The last snapshot was kept."
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained.", notes=(early,)))
    assert record(cloud, detail(run, "SUCCEEDED", DONE)).status is Status.SUCCEEDED
    assert early in words_of(cloud.mails[0])


def test_the_verdict_reaches_record_and_mail(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    verdict = {"grade": "poor", "headline": "Poor: a large error. A point is off by 9.0 px."}
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained.", verdict=verdict))
    assert record(cloud, detail(run, "SUCCEEDED", DONE)).verdict == verdict
    body = words_of(cloud.mails[0])
    assert "Verdict: poor. A large error. A point is off by 9.0 px. Trained." in body


def test_the_speed_is_kept_also_of_a_computer_that_costs_nothing(run: Run, new_cloud: Any) -> None:
    """As the local cloud's: the next quote goes by it."""
    cloud = begun(new_cloud(), run)
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained.", images_per_second=12.5))
    ended = record(cloud, detail(run, "SUCCEEDED", DONE))
    assert (ended.images_per_second, ended.instance_type, ended.cost) == (12.5, None, {})


def test_without_a_report_nothing_is_said_of_a_verdict(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained."))
    assert record(cloud, detail(run, "SUCCEEDED", DONE)).verdict == {}
    assert "erdict" not in words_of(cloud.mails[0])


def test_a_sentence_that_check_and_trainer_both_say_is_said_once(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), dataclasses.replace(run, notes=("a", "b")))
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained.", notes=("b", "c")))
    assert record(cloud, detail(run, "SUCCEEDED", DONE)).notes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("ended", "count"), [([DONE], 0), ([LOST, DONE], 1), ([LOST, attempt(75), DONE], 2)]
)
def test_the_mail_counts_the_interruptions(
    ended: list[dict[str, Any]], count: int, run: Run, new_cloud: Any
) -> None:
    cloud = begun(new_cloud(), run)
    leave(cloud, run, dataclasses.replace(GOOD, attempt=len(ended)))
    record(cloud, detail(run, "SUCCEEDED", *ended))
    said = {0: "", 1: "resumed after one interruption.", 2: "resumed after 2 interruptions."}
    assert said[count] in words_of(cloud.mails[0])
    assert ("resumed" in words_of(cloud.mails[0])) == bool(count)


def test_a_job_that_never_started_has_made_no_attempt(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    assert record(cloud, detail(run, "FAILED")).attempt == 0
    assert "there is no checkpoint" in words_of(cloud.mails[0])


def test_why_an_image_could_not_be_loaded_is_told(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    reason = "CannotPullContainerError: pull image manifest has been retried 7 time(s)"
    record(cloud, detail(run, "FAILED", *[attempt(reason=reason)] * 6))
    assert reason in words_of(cloud.mails[0])
    assert "What to do: Ask your admin to have it built" in words_of(cloud.mails[0])


def test_a_job_that_the_run_does_not_count_on_changes_nothing(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    for status in ("RUNNING", "FAILED"):
        record(cloud, detail(run, status, attempt(1), jobId="job-9"))
    assert cloud.records.get("miller", run.run_id) == run
    assert cloud.mails == []


def test_an_event_before_the_record_is_told_to_come_again(run: Run, new_cloud: Any) -> None:
    with pytest.raises(CloudError):
        record(new_cloud(), detail(run, "RUNNING"))


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {}},
        {"parameters": None},
        {"parameters": {"bucket": "b", "lab": "l", "run_id": "r", "shuffle": "x"}},
        {"attempts": 3},
    ],
)
def test_the_job_of_somebody_else_is_named_so(change: dict[str, Any], run: Run) -> None:
    with pytest.raises(StateError):
        parse_job_change({**detail(run, "FAILED"), **change})
    with pytest.raises(StateError):
        parse_job_change({})


def story(run: Run) -> list[dict[str, Any]]:
    """A job whose first host was lost; its first and last events come twice."""
    first, again = detail(run, "RUNNING"), detail(run, "RUNNING", LOST)
    end = detail(run, "SUCCEEDED", LOST, DONE)
    return [first, first, again, end, end]


ORDERS = sorted(set(itertools.permutations([0, 0, 2, 3, 3])))


def test_events_in_any_order_end_alike_with_one_mail(new_cloud: Any) -> None:
    ends = set()
    # the job's events may also come before submit has written the job's id
    starts = itertools.cycle([(Status.SUBMITTING, None), (Status.QUEUED, "job-1")])
    for order, (status, job_id) in zip(ORDERS, starts, strict=False):
        run_id = f"mouse-{uuid.uuid4().hex[:12]}"
        run = Run("miller", run_id, status, "b", "k", submitted_at="t", job_id=job_id)
        cloud = begun(new_cloud(), run)
        leave(cloud, run, Outcome(True, "job-1", 2, "Trained."))
        events = story(run)
        for number, position in enumerate(order):
            cloud.now += 1
            record(cloud, events[position], f"invocation-{number}")
        found = cloud.records.get("miller", run_id)
        ends.add((found.status, found.attempt, found.message, found.job_id, found.mail))
        assert subjects(cloud) == ["SUCCEEDED:"], order
    assert ends == {(Status.SUCCEEDED, 2, "Trained.", "job-1", MailState.SENT)}
    assert len(ORDERS) == 30


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
def test_a_crash_anywhere_costs_nothing(
    is_done_first: bool, new_cloud: Any, crashing_steps: Any, crash: type[Exception]
) -> None:
    """Given a crash before or after any one step, when the event comes again, then all is well."""
    crash_at, names = 0, []
    while crash_at <= len(names):
        run_id = f"mouse-{uuid.uuid4().hex[:12]}"
        run = Run("miller", run_id, Status.QUEUED, "b", "k", submitted_at="t", job_id="job-1")
        cloud = begun(new_cloud(steps=crashing_steps(crash_at, is_done_first)), run)
        leave(cloud, run, GOOD)
        event = detail(run, "SUCCEEDED", DONE)
        try:
            record(cloud, event)
            break  # no more steps to crash at
        except crash:
            names = list(cloud.steps.names)
        assert record(cloud, event).status is Status.SUCCEEDED
        assert cloud.records.get("miller", run_id).mail is MailState.SENT
        is_between = names[-1] == "publish" if is_done_first else names[-2:-1] == ["publish"]
        assert len(cloud.mails) == (2 if is_between else 1), names
        crash_at += 1
    assert crash_at == len(names) >= 7


def test_a_mail_under_way_elsewhere_is_looked_at_again(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    event = detail(run, "SUCCEEDED", DONE)
    with_claim = new_cloud(objects=cloud.objects)
    completion = Completion(cloud, cloud.table, broken_post, cloud.clock)
    with pytest.raises(ConnectionError):
        completion.record(parse_job_change(event), "one")
    with pytest.raises(CloudError):
        record(with_claim, event, "two")
    with_claim.now += 60
    record(with_claim, event, "two")
    assert len(with_claim.mails) == 1


def broken_post(_mail: object) -> None:
    raise ConnectionError


def test_a_mail_that_cannot_be_composed_goes_out_plainly(run: Run, new_cloud: Any) -> None:
    cloud = begun(new_cloud(), run)
    scores = {"test_rmse_px": 1.0, "train_frames": float("nan")}  # no whole number of frames
    leave(cloud, run, Outcome(True, "job-1", 1, "Trained.", metrics=scores))
    record(cloud, detail(run, "SUCCEEDED", DONE))
    assert "could not be made" in words_of(cloud.mails[0])
    assert subjects(cloud) == ["SUCCEEDED:"]
