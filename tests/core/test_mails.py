"""The mails: word for word in golden/, and always such as Amazon SNS takes."""

import dataclasses
import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.core.mail_records import (
    GOLDEN,
    MAILS,
    ONE_VIDEO,
    RUN,
    SWAPPED,
    accepted,
    final,
    parts,
    several,
    written,
)
from tests.mail_words import words_of

from dlc_batch.cli import cli
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.keys import run_id
from dlc_batch_core.mails import compose, compose_plainly
from dlc_batch_core.problems import Problem, Severity
from dlc_batch_core.prose import WIDTH, wrapped
from dlc_batch_core.run import MailKind, Run, Status
from dlc_batch_core.scores import meaning_of
from dlc_batch_core.warned import handed_on

MAX_SNS_BYTES = 256 * 1024


@pytest.mark.parametrize("name", MAILS)
def test_mails_word_for_word(name: str) -> None:
    assert written(MAILS[name]()) == (GOLDEN / f"{name}.txt").read_text("utf-8"), "`make mails`"


def test_there_is_no_golden_text_of_no_mail() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MAILS)


@pytest.mark.parametrize("name", MAILS)
def test_prose_is_as_wide_as_a_mailbox_shows(name: str) -> None:
    """What is to be typed, names of files and places stand on lines of their own."""
    typed = re.compile(r" {2}(?:dlc-batch |or: aws |s3://|[\w./-]+$)|[0-9]+\. |[\w-]+:? *$")
    for line in MAILS[name]().body.splitlines():
        assert len(line) <= WIDTH or typed.match(line) or " " not in line.strip(), line


@pytest.mark.parametrize("name", MAILS)
def test_every_command_in_a_mail_is_one(name: str) -> None:
    found = re.findall(r"(?:^  |: +|`)dlc-batch ([a-z]+)", MAILS[name]().body, re.MULTILINE)
    for command in found:
        assert CliRunner().invoke(cli, [command, "--help"]).exit_code == 0, command


@pytest.mark.parametrize("name", MAILS)
def test_every_end_says_what_to_do_next(name: str) -> None:
    body = MAILS[name]().body
    words = ("What to do:", "Nothing needs to be done", "dlc-batch fetch", "upload it again")
    assert any(each in body for each in (*words, "dlc-batch status"))


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
    body = final(status=Status.FAILED, attempt=attempt, timings=timings).body
    place = f"s3://dlc-batch-bucket/runs/miller/{RUN.run_id}/shuffle1/checkpoints/\n"
    assert (place in body) == is_kept
    assert ("there is no checkpoint" in body) != is_kept


@pytest.mark.parametrize(
    ("attempt", "minutes", "words"),
    [
        (2, 10.0, "after one interruption. The computer was taken back, or the training was"),
        (2, 10.0, "that cost at most the 10 minutes of training since its last checkpoint"),
        (3, 0.5, "each time that cost at most a minute of training since"),
        (3, None, "each time that cost no more than the training since its last checkpoint"),
        (2, 10.0, "Nothing needs to be done about it."),
    ],
)
def test_an_interrupted_training_says_what_it_lost(
    attempt: int, minutes: float | None, words: str
) -> None:
    ended = {"status": Status.SUCCEEDED, "attempt": attempt, "checkpoint_minutes": minutes}
    assert words in words_of(final(**ended))
    assert "resumed" not in words_of(final(**{**ended, "attempt": 1}))


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (FollowUp(), ""),
        (FollowUp(1, 1), "The video was analysed: the predictions (.csv and .h5) lie in videos/"),
        (FollowUp(1), "The video could not be analysed; the notes below say why."),
        (FollowUp(2), "None of the 2 videos could be analysed; the notes below say why."),
        (FollowUp(2, 1), "1 of 2 videos was analysed:"),
        (FollowUp(4, 2), "2 of 4 videos were analysed:"),
        (FollowUp(4, 2), "The notes below say what became of the others."),
        (FollowUp(1, 1, True, 1), "It has a copy with the points drawn, beside them."),
        (FollowUp(3, 3, True), "No copy with the points drawn could be made;"),
        (FollowUp(3, 3, True, 1), "1 of them has a copy with the points drawn"),
        (FollowUp(recordings_asked=1), "There are no poses in space; the notes below say why."),
        (FollowUp(recordings_asked=1, recordings=1), "Poses in space of the recording lie in 3d/"),
        (FollowUp(recordings_asked=3, recordings=2), "2 of 3 recordings (the notes below say"),
        (
            FollowUp(recordings_asked=1, recordings=1, points_percent=91.6),
            "lie in 3d/ there. 92 % of the points are in space.",
        ),
        (
            FollowUp(recordings_asked=1, recordings=1, points_percent=0.104),
            "there. Only 0.1 % of the points are in space: the others were not seen surely",
        ),
        (
            FollowUp(
                recordings_asked=2,
                recordings=2,
                calibration_px=0.314,
                reprojection_px=1.2,
                error_mm=0.871,
            ),
            "of all 2 recordings lie in 3d/ there: the cameras are calibrated to 0.31 px, the"
            " views agree to 1.20 px, half of the points have a standard error below 0.87 mm.",
        ),
        (FollowUp(export_asked=True), "The network could not be exported for DeepLabCut-live;"),
        (FollowUp(export_asked=True, exported=True), "lies in exported-models-pytorch/ there."),
    ],
)
def test_what_was_to_follow_is_told_in_words(came: FollowUp, words: str) -> None:
    assert FollowUp.from_dict(came.to_dict()) == came
    text = " ".join(came.sentences())
    assert words in text
    assert bool(words) == bool(text)
    assert text in words_of(final(status=Status.SUCCEEDED, follow_up=came.to_dict()))


def test_the_tensorflow_engine_exports_into_its_own_folder() -> None:
    came = FollowUp(export_asked=True, exported=True).to_dict()
    mail = final(status=Status.SUCCEEDED, network="tensorflow/resnet_50", follow_up=came)
    assert "lies in exported-models/ there." in words_of(mail)


def test_shuffles_that_did_not_do_the_same_are_told_apart() -> None:
    done = {"status": Status.SUCCEEDED, "message": "Trained."}
    body = words_of(
        several(
            {**done, "follow_up": FollowUp(2, 2).to_dict()},
            {**done, "follow_up": FollowUp(2, 1).to_dict()},
        )
    )
    assert "Shuffle 1: all 2 videos were analysed:" in body
    assert "Shuffle 2: 1 of 2 videos was analysed:" in body


def test_a_budget_is_not_told_as_a_fault_of_the_project() -> None:
    over = Problem("budget", "dlc-batch.yaml", "It costs more than there is.", "Ask for less.")
    fault = Problem("yaml-syntax", "config.yaml", "No YAML.", "Mend it.")
    alone = final(status=Status.REJECTED, problems=(over,))
    both = final(status=Status.REJECTED, problems=(over, fault))
    assert "Nothing is wrong with the project." in words_of(alone)
    assert "can't be trained as it is: 2 problems." in words_of(both)


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


@given(st.text(max_size=500))
def test_wrapping_loses_no_word(text: str) -> None:
    lines = wrapped(text, "  - ", "    ")
    assert lines.split()[bool(text.split()) :] == text.split()
    assert all(len(line) <= WIDTH or len(line.split()) <= 2 for line in lines.splitlines())


def test_what_is_typed_and_what_is_measured_is_not_broken() -> None:
    for start in range(50, 80):
        lines = wrapped("x" * start + " `a b c d` 12 $ or 4.50 px.").splitlines()
        assert any("`a b c d`" in line for line in lines)
        assert any("12 $" in line for line in lines)
        assert any("4.50 px." in line for line in lines)


@pytest.mark.parametrize("words", ["short", "long " * 1_000, "😀" * 5_000])
def test_ten_thousand_problems_fit_into_a_mail(words: str) -> None:
    problems = tuple(Problem("code", f"row {n}", words, words) for n in range(10_000))
    run = dataclasses.replace(RUN, status=Status.REJECTED, problems=problems)
    mail = compose(run, MailKind.FINAL)
    assert len(mail.body.encode()) + len(mail.subject) + len(mail.lab) < MAX_SNS_BYTES
    assert "10000 problems" in words_of(mail)
    assert "row 0" in mail.body


def test_what_the_check_warned_of_is_told_in_both_mails() -> None:
    warned = {"problems": (SWAPPED, ONE_VIDEO)}
    for mail in (
        accepted(**warned),
        final(status=Status.SUCCEEDED, **warned),
        final(status=Status.FAILED, **warned),
        final(status=Status.CANCELLED, **warned),
    ):
        for each in (SWAPPED, ONE_VIDEO):
            assert f"- {each.where}: {each.what}" in words_of(mail)
    assert "Nothing needs to be done" not in words_of(accepted(**warned))


@given(st.integers(0, 200))
def test_of_many_warnings_a_mail_tells_some_and_how_many_more(count: int) -> None:
    problems = tuple(
        Problem("code", f"row {n}", "It is odd. " * 100, "Look.", Severity.WARNING)
        for n in range(count)
    )
    body = words_of(accepted(problems=problems))
    assert body.count("- row ") == min(count, 5)
    assert (f"and {count - 5} more: `dlc-batch check PROJECT_FOLDER` shows all" in body) == (
        count > 5
    )
    assert len(body) < 6_000
    handed = handed_on(problems)
    assert len(handed) == min(count, 21)
    assert all(len(each) <= 400 for each in handed)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([0], "The last snapshot was taken: there were no validation frames to choose by."),
        ([6], "The last snapshot was taken: the training ended before validation had run."),
        ([6, 0], "Of each shuffle, the last snapshot was taken: there was no error on validation"),
    ],
)
def test_why_the_last_snapshot_was_taken(frames: list[int], words: str) -> None:
    metrics = [{"test_rmse_px": 4.0, "validation_frames": float(n)} for n in frames]
    assert words in " ".join(meaning_of(metrics).split())


def test_what_is_cut_is_words_of() -> None:
    files = tuple(f"file{n}" for n in range(150))
    assert "... and 50 more" in final(status=Status.SUCCEEDED, files=files).body


@pytest.mark.parametrize("make", [lambda: RUN, lambda: parts({})[0]], ids=["run", "part"])
def test_what_is_not_known_is_left_out(make: Callable[[], Run]) -> None:
    """Given a record of an earlier version, which lacks what was added since."""
    ended = dataclasses.replace(make(), status=Status.SUCCEEDED, checkpoint_minutes=None)
    body = words_of(compose(ended, MailKind.FINAL))
    assert "videos" not in body
    assert "erdict" not in body
    assert "None" not in body
