"""The runs table, against DynamoDB's conditions: a run only moves forward."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from dlc_batch_core.problems import Problem
from dlc_batch_core.run import MailKind, MailState, Run, Status
from dlc_batch_core.run_table import MAIL_CLAIM_SECONDS, RunTable

NOW = 1_800_000_000.0
FINAL = [status for status in Status if status.is_final]


@pytest.fixture
def table(new_cloud: Callable[..., Any]) -> RunTable:
    return new_cloud().records


@pytest.fixture
def run() -> Run:
    run_id = f"mouse-{uuid.uuid4().hex[:12]}"
    return Run("miller", run_id, Status.SUBMITTING, "bucket", "key", submitted_at="2026-01-02")


def changed(run: Run, **values: Any) -> Run:
    return dataclasses.replace(run, **values)


def running(run: Run, attempt: int) -> Run:
    return changed(run, status=Status.RUNNING, job_id="job", attempt=attempt)


def read(table: RunTable, run: Run) -> Run:
    found = table.get(run.lab, run.run_id)
    assert found is not None
    return found


def test_what_is_not_there_is_none(table: RunTable, run: Run) -> None:
    assert table.get(run.lab, run.run_id) is None


def test_a_run_begins_once(table: RunTable, run: Run) -> None:
    assert table.begin(run, "one", NOW + 60)
    assert not table.begin(changed(run, key="other"), "two", NOW + 60)
    assert read(table, run) == run


@pytest.mark.parametrize(
    ("claimant", "now", "is_taken"),
    [("one", NOW, True), ("two", NOW, False), ("two", NOW + 59, False), ("two", NOW + 61, True)],
)
def test_a_run_is_taken_over_by_its_own_invocation_or_when_stale(
    claimant: str, now: float, is_taken: bool, table: RunTable, run: Run
) -> None:
    table.begin(run, "one", NOW + 60)
    assert table.take_over(run, claimant, now, now + 60) is is_taken


def test_a_taken_over_run_is_not_taken_again(table: RunTable, run: Run) -> None:
    table.begin(run, "one", NOW)
    assert table.take_over(run, "two", NOW + 1, NOW + 60)
    assert not table.take_over(run, "three", NOW + 1, NOW + 60)
    assert not table.take_over(run, "one", NOW + 1, NOW + 60)


def test_only_a_run_in_submitting_is_taken_over_or_queued(table: RunTable, run: Run) -> None:
    table.begin(run, "one", NOW)
    queued = changed(run, status=Status.QUEUED, job_id="job", shuffle=3, notes=("mended",))
    assert table.queue(queued)
    assert read(table, run) == changed(queued, accepted_mail=MailState.PENDING)
    assert not table.queue(changed(queued, job_id="other"))
    assert not table.take_over(run, "one", NOW + 99, NOW + 160)
    assert read(table, run).job_id == "job"


def test_a_job_that_was_faster_keeps_its_state_and_gets_the_rest(
    table: RunTable, run: Run
) -> None:
    table.begin(run, "one", NOW)
    table.advance(running(run, 1), 2)
    warned = (Problem("few-labels", "video1", "what", "remedy"),)
    late = changed(run, status=Status.QUEUED, job_id="job", shuffle=3, problems=warned)
    assert not table.queue(late)
    assert table.owe_acceptance(late)
    found = read(table, run)
    assert (found.status, found.shuffle, found.problems) == (Status.RUNNING, 3, warned)
    assert found.accepted_mail is MailState.PENDING
    assert not table.owe_acceptance(late)


@pytest.mark.parametrize("status", FINAL)
def test_what_has_ended_stays_as_it_is(status: Status, table: RunTable, run: Run) -> None:
    table.begin(run, "one", NOW)
    assert table.end(changed(run, status=status, message="first"))
    ended = read(table, run)
    assert (ended.status, ended.message, ended.mail) == (status, "first", MailState.PENDING)
    assert not table.end(changed(run, status=Status.FAILED, message="second"), 99)
    assert not table.advance(running(run, 9), 99)
    assert not table.queue(changed(run, status=Status.QUEUED, job_id="job"))
    assert not table.owe_acceptance(changed(run, job_id="job"))
    assert not table.take_over(run, "one", NOW + 99, NOW + 160)
    assert read(table, run) == ended


def test_late_and_repeated_attempts_change_nothing(table: RunTable, run: Run) -> None:
    table.begin(run, "one", NOW)
    assert table.advance(running(run, 2), 4)
    assert not table.advance(running(run, 2), 4)
    assert not table.advance(running(run, 1), 2)
    assert read(table, run).attempt == 2
    assert table.advance(running(run, 3), 6)


def test_an_end_keeps_what_names_the_run_and_the_mail_of_acceptance(
    table: RunTable, run: Run
) -> None:
    table.begin(run, "one", NOW)
    table.queue(changed(run, status=Status.QUEUED, job_id="job"))
    table.mark_sent(run, MailKind.ACCEPTED)
    stale = changed(run, status=Status.FAILED, key="other", accepted_mail=MailState.PENDING)
    table.end(stale)
    found = read(table, run)
    assert (found.key, found.accepted_mail) == ("key", MailState.SENT)


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_is_claimed_by_one_until_its_claim_is_stale(
    kind: MailKind, table: RunTable, run: Run
) -> None:
    table.begin(changed(run, **{kind: MailState.PENDING}), "one", NOW)
    assert table.claim_mail(run, kind, "one", NOW)
    assert table.claim_mail(run, kind, "one", NOW + 1)  # tried again
    assert not table.claim_mail(run, kind, "two", NOW + 1)
    assert table.claim_mail(run, kind, "two", NOW + 2 + MAIL_CLAIM_SECONDS)
    assert table.mark_sent(run, kind)
    assert not table.claim_mail(run, kind, "two", NOW + 999)


def test_a_mail_that_is_not_owed_is_not_claimed(table: RunTable, run: Run) -> None:
    assert not table.claim_mail(run, MailKind.FINAL, "one", NOW)
    table.begin(run, "one", NOW)
    assert not table.claim_mail(run, MailKind.FINAL, "one", NOW)


def test_a_run_that_was_deleted_is_not_made_again(table: RunTable, run: Run) -> None:
    assert not table.mark_sent(run, MailKind.FINAL)
    assert not table.end(changed(run, status=Status.FAILED))
    assert not table.advance(running(run, 1), 2)
    assert table.get(run.lab, run.run_id) is None


def test_the_end_of_ten_thousand_problems_is_written(table: RunTable, run: Run) -> None:
    words = "what is wrong " * 10
    problems = tuple(Problem("code", f"row {n}", words, words) for n in range(10_000))
    table.begin(run, "one", NOW)
    assert table.end(changed(run, status=Status.REJECTED, problems=problems))
    assert read(table, run).problems[0] == problems[0]
