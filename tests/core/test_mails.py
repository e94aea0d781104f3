"""The mails: word for word in golden/, and always such as Amazon SNS takes."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.keys import run_id
from dlc_batch_core.mails import Mail, compose, compose_plainly
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.run import MailKind, Run, Status

GOLDEN = Path(__file__).with_name("golden")
MAX_SNS_BYTES = 256 * 1024
RUN = Run(
    lab="miller",
    run_id="mouse-0123456789ab",
    status=Status.QUEUED,
    bucket="dlc-batch-bucket",
    key="uploads/miller/mouse.zip",
    submitted_at="2026-01-02T03:04:05.678+00:00",
)
ENDS = {
    "succeeded": {
        "status": Status.SUCCEEDED,
        "message": "Trained for 200 epochs.",
        "metrics": {
            "train_rmse_px": 2.345,
            "test_rmse_px": 4.5,
            "test_rmse_pcutoff_px": 3.0,
            "train_frames": 95.0,
            "test_frames": 5.0,
        },
        "notes": ("video2 holds no labels and was left out.",),
        "files": ("dlc-models-pytorch/snapshot-best.pt", "evaluation/scores.csv"),
    },
    "failed": {
        "status": Status.FAILED,
        "message": "The training was killed, most likely for lack of memory.",
        "remedy": "Ask for a smaller `batch_size` in dlc-batch.yaml.",
    },
    "cancelled": {"status": Status.CANCELLED, "message": "Cancelled by the lab"},
    "rejected": {
        "status": Status.REJECTED,
        "problems": (
            Problem("yaml-syntax", "mouse/config.yaml, line 3", "No YAML.", "Mend the line."),
            Problem("few-labels", "video1", "Only 9 frames.", "Label more.", Severity.WARNING),
        ),
    },
}


def written(mail: Mail) -> str:
    return f"To: {mail.lab}\nSubject: {mail.subject}\n\n{mail.body}"


@pytest.mark.parametrize("name", ENDS)
def test_final_mails_word_for_word(name: str) -> None:
    mail = compose(dataclasses.replace(RUN, **ENDS[name]), MailKind.FINAL)
    assert written(mail) == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_mail_of_acceptance_word_for_word() -> None:
    mail = compose(RUN, MailKind.ACCEPTED)
    assert written(mail) == (GOLDEN / "accepted.txt").read_text("utf-8")


def test_plain_mail_word_for_word() -> None:
    mail = compose_plainly(dataclasses.replace(RUN, **ENDS["failed"]), MailKind.FINAL)
    assert written(mail) == (GOLDEN / "plain.txt").read_text("utf-8")


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=300),
    status=st.sampled_from([status for status in Status if status.is_final]),
    kind=st.sampled_from(MailKind),
)
def test_subjects_are_such_as_sns_takes(name: str, status: Status, kind: MailKind) -> None:
    key = f"uploads/miller/{name}.zip"
    run = dataclasses.replace(RUN, run_id=run_id("b", key, "v"), key=key, status=status)
    for mail in (compose(run, kind), compose_plainly(run, kind)):
        assert len(mail.subject) < 100
        assert mail.subject.isascii()
        assert mail.subject.isprintable()  # no line breaks, no control characters
        assert run.run_id in mail.subject


@pytest.mark.parametrize("words", ["short", "long " * 1_000, "😀" * 5_000])
def test_ten_thousand_problems_fit_into_a_mail(words: str) -> None:
    problems = tuple(Problem("code", f"row {n}", words, words) for n in range(10_000))
    run = dataclasses.replace(RUN, status=Status.REJECTED, problems=problems)
    mail = compose(run, MailKind.FINAL)
    assert len(mail.body.encode()) + len(mail.subject) + len(mail.lab) < MAX_SNS_BYTES
    assert "10000 problems" in mail.body
    assert "row 0" in mail.body


def test_what_is_cut_is_said() -> None:
    files = tuple(f"file{n}" for n in range(150))
    ended = dataclasses.replace(RUN, status=Status.SUCCEEDED, files=files)
    assert "... and 50 more" in compose(ended, MailKind.FINAL).body
