"""The mails: word for word in golden/, and always such as Amazon SNS takes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.keys import run_id
from dlc_batch_core.mails import Mail, compose, compose_plainly
from dlc_batch_core.parts import part_of, sum_up
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.run import MailKind, Run, Status
from dlc_batch_trainer.attempts import halvings_now
from dlc_batch_trainer.watch import Disk, Stall

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
RESULTS = (
    "dlc-models-pytorch/iteration-0/reachNov1-trainset95shuffle1/train/snapshot-best-150.pt",
    "evaluation.json",
    "methods.txt",
    "report.html",
    "run.json",
)
ENDS = {
    "succeeded": {
        "status": Status.SUCCEEDED,
        "attempt": 1,
        "message": "Trained resnet_50 for 200 epochs on 95 frames; the error is 4.50 px.",
        "metrics": {
            "train_rmse_px": 2.345,
            "test_rmse_px": 4.5,
            "test_rmse_low_px": 3.96,
            "test_rmse_high_px": 5.12,
            "train_rmse_pcutoff_px": 2.2,
            "test_rmse_pcutoff_px": 3.0,
            "validation_rmse_px": 4.31,
            "train_frames": 95.0,
            "validation_frames": 12.0,
            "test_frames": 5.0,
        },
        "notes": ("video2 holds no labels and was left out.",),
        "files": RESULTS,
        "cost": {"hours": 2.13, "dollars": 0.5481, "is_at_most": 0.0},
        "instance_type": "g4dn.xlarge",
    },
    "stopped-early": {
        "status": Status.SUCCEEDED,
        "attempt": 3,
        "message": "Trained dekr_w18 for 120 epochs on 95 frames; the error is 4.50 px.",
        "metrics": {
            "test_rmse_px": 4.5,
            "test_map": 87.25,
            "test_mar": 91.0,
            "validation_rmse_px": 5.0,
            "train_frames": 95.0,
            "validation_frames": 12.0,
            "test_frames": 5.0,
        },
        "notes": (
            "`engine` was written as pytorch.",
            "The lab stopped the training at epoch 120 of 200; the best snapshot was kept.",
        ),
        "files": RESULTS[1:],
    },
    "not-evaluated": {
        "status": Status.SUCCEEDED,
        "attempt": 2,
        "message": "Trained resnet_50 for 200 epochs on 95 frames.",
        "metrics": {"train_frames": 95.0, "validation_frames": 0.0, "test_frames": 5.0},
        "files": RESULTS[3:],
    },
    "failed": {
        "status": Status.FAILED,
        "attempt": 6,
        "message": "The training was killed, most likely for lack of memory.",
        "remedy": "Ask for a smaller `batch_size` in dlc-batch.yaml.",
        "cost": {"hours": 0.4, "dollars": 0.4195, "is_at_most": 1.0},
    },
    "cancelled": {
        "status": Status.CANCELLED,
        "attempt": 1,
        "message": "Cancelled by the lab, at epoch 3 of 200.",
        "remedy": "Nothing was kept.",
    },
    "rejected": {
        "status": Status.REJECTED,
        "problems": (
            Problem("yaml-syntax", "mouse/config.yaml, line 3", "No YAML.", "Mend the line."),
            Problem("few-labels", "video1", "Only 9 frames.", "Label more.", Severity.WARNING),
        ),
    },
}


def shuffles(*ends: dict[str, Any]) -> tuple[Run, ...]:
    parts = [part_of(RUN, number) for number, _ in enumerate(ends, 1)]
    return tuple(dataclasses.replace(p, **end) for p, end in zip(parts, ends, strict=True))


TRAINED = (
    {
        "status": Status.SUCCEEDED,
        "attempt": 1,
        "message": "Trained resnet_50.",
        "metrics": {"test_rmse_px": 4.5, "train_frames": 95.0, "test_frames": 5.0},
    },
    {
        "status": Status.SUCCEEDED,
        "attempt": 2,
        "message": "Trained resnet_50.",
        "metrics": {"test_rmse_px": 5.0, "train_frames": 95.0, "test_frames": 5.0},
    },
)
LOST_ONE = {
    "status": Status.FAILED,
    "attempt": 3,
    "message": "The training was interrupted too often to finish.",
    "remedy": "Upload the project again to train it anew; nothing of the project is lost.",
    "timings": {"train": 900.0},
}


def several(*ends: dict[str, Any]) -> dict[str, Any]:
    """What a run of several shuffles comes to, when they end as told."""
    parts = shuffles(*ends)
    names = ("evaluation.json", "report.html")
    files = tuple(f"shuffle{number}/{name}" for number in (1, 2) for name in names)
    summed = sum_up(dataclasses.replace(RUN, parts=parts), {})
    return {**vars(summed), "files": files}


ENDS |= {
    "several": several(*TRAINED),
    "several-failed": several(*TRAINED, LOST_ONE),
}


def written(mail: Mail) -> str:
    return f"To: {mail.lab}\nSubject: {mail.subject}\n\n{mail.body}"


def trainer_fails(check: Callable[[], object]) -> dict[str, Any]:
    """What a record has of an error of the trainer's own."""
    with pytest.raises(DlcBatchError) as failed:
        check()
    error = failed.value
    return {"status": Status.FAILED, "message": error.message, "remedy": error.remedy}


FAILURES = {
    "stuck": lambda: Stall(1800).check(1800, "pose, epoch 3 of 200"),
    "disk-full": lambda: Disk(lambda: 800_000_000).check(),
    "out-of-memory": lambda: halvings_now([{"resumed_from": None}] * 4, None, 1),
}


@pytest.mark.parametrize("name", FAILURES)
def test_mails_of_the_trainers_own_errors_word_for_word(name: str) -> None:
    ended = trainer_fails(FAILURES[name])
    timings = {"fetch": 2.0, "train": 900.0}
    run = dataclasses.replace(RUN, **ended, attempt=1, timings=timings)
    assert written(compose(run, MailKind.FINAL)) == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("attempt", "timings", "is_kept"),
    [
        (0, {}, False),
        (1, {"fetch": 2.0, "prepare": 3.0}, False),
        (1, {"fetch": 2.0, "train": 3.0}, True),
        (1, {}, True),  # it vanished: nobody knows how far it came
        (2, {"fetch": 2.0}, True),  # of the attempt before
    ],
)
def test_a_failure_says_whether_there_are_checkpoints(
    attempt: int, timings: dict[str, float], is_kept: bool
) -> None:
    ended = dataclasses.replace(RUN, status=Status.FAILED, attempt=attempt, timings=timings)
    body = compose(ended, MailKind.FINAL).body
    place = "s3://dlc-batch-bucket/runs/miller/mouse-0123456789ab/shuffle1/checkpoints/\n"
    assert (place in body) == is_kept
    assert ("there is no checkpoint" in body) != is_kept


@pytest.mark.parametrize("name", ENDS)
def test_final_mails_word_for_word(name: str) -> None:
    mail = compose(dataclasses.replace(RUN, **ENDS[name]), MailKind.FINAL)
    assert written(mail) == (GOLDEN / f"{name}.txt").read_text("utf-8")


BOUND = {"hours_limit": 24.0, "dollars_limit": 25.28}
LIKELY = {
    "trainings": 3,
    "hours_least": 1.9,
    "hours_most": 2.6,
    "dollars_least": 0.49,
    "dollars_most": 1.49,
}
SHORTENED = "The time limit is 8.7 hours instead of 24: your admin lets a run cost 5 $ at most."
QUOTED: dict[str, dict[str, Any]] = {
    "accepted": {"quote": {**BOUND, **LIKELY}},
    "accepted-first": {
        "quote": {"hours_limit": 8.7, "dollars_limit": 9.17},
        "notes": (SHORTENED,),
    },
    "accepted-several": {
        "quote": {**BOUND, **LIKELY, "shuffles": 2},
        "parts": shuffles({}, {}),
    },
}


@pytest.mark.parametrize("name", QUOTED)
def test_mail_of_acceptance_word_for_word(name: str) -> None:
    mail = compose(dataclasses.replace(RUN, **QUOTED[name]), MailKind.ACCEPTED)
    assert written(mail) == (GOLDEN / f"{name}.txt").read_text("utf-8")


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
