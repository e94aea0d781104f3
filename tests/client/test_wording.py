"""What a run is at, in words."""

from dataclasses import replace

import pytest

from dlc_batch.wording import (
    STOP_QUESTION,
    STOPPED,
    ago,
    attempt_words,
    doing,
    figures,
    in_space,
    lasted,
    score_lines,
    short_cost,
    short_error,
)
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status

RUN = Run("miller", "mouse-0123456789ab", Status.RUNNING, "b", "uploads/miller/mouse.zip")
TRAINING = Progress("train", "2026-01-02T03:04:05", epoch=3, epochs=10, phase="pose")


@pytest.mark.parametrize(
    ("changes", "job_state", "words"),
    [
        ({"status": Status.SUBMITTING}, "", "the project is being checked"),
        ({"status": Status.QUEUED}, "RUNNABLE", "waits for a computer"),
        ({"status": Status.QUEUED, "submission": 2}, "", "waits for an On-Demand computer"),
        ({"status": Status.QUEUED}, "STARTING", "a computer was found"),
        ({"attempt": 1}, "RUNNABLE", "interrupted; waits for a computer"),
        ({}, "RUNNING", "the training program starts"),
        ({}, "FAILED", "its job has ended"),
        ({"status": Status.FAILED, "message": "Why."}, "", "Why."),
    ],
)
def test_a_training_without_progress(
    changes: dict[str, object], job_state: str, words: str
) -> None:
    assert doing(replace(RUN, **changes), None, job_state).startswith(words)  # type: ignore[arg-type]


def test_progress_counts_while_the_job_runs_only() -> None:
    assert doing(RUN, TRAINING, "RUNNING") == doing(RUN, TRAINING) == "training, epoch 3 of 10"
    assert doing(replace(RUN, attempt=1), TRAINING, "RUNNABLE").startswith("interrupted")


def test_figures_are_those_that_are_known() -> None:
    assert figures(TRAINING) == ""
    told = replace(
        TRAINING,
        phase="detector",
        loss=0.5,
        metrics={"validation_rmse_px": 3.456},
        images_per_second=12.34,
        seconds_left=3700,
    )
    assert figures(told) == (
        "loss 0.50000, validation error 3.46 px, 12.3 images/s,"
        " about 1 h 1 min left of the detector"
    )
    assert figures(replace(told, stage="evaluate")) == ""


def test_attempts_and_the_way_to_on_demand() -> None:
    assert attempt_words(replace(RUN, attempt=1)) == ""
    assert attempt_words(replace(RUN, attempt=4, submission=2)) == "attempt 4, On-Demand"


def test_times_and_cost() -> None:
    run = replace(RUN, submitted_at="2026-01-02T00:00:00+00:00", cost={"hours": 1, "dollars": 0.4})
    now = 1_767_312_000.0 + 2 * 3600  # two hours later
    assert ago(run.submitted_at, now) == "2 h 0 min ago"
    assert (ago("", now), lasted(replace(run, submitted_at=""), now)) == ("", "")
    assert lasted(run, now) == "2 h 0 min"
    ended = replace(run, status=Status.SUCCEEDED, updated_at="2026-01-02T00:05:00+00:00")
    assert lasted(ended, now) == "5 min"
    assert short_cost(run) == "0.40 $"
    assert short_cost(replace(run, cost={})) == ""


def test_scores_are_named_in_words_in_the_order_that_they_are_read_in() -> None:
    metrics = {"train_frames": 92.0, "own_score": 3.0, "test_map": 91.0, "test_rmse_px": 4.196}
    metrics["test_interval_instants"] = 13.0
    assert [" ".join(line.split()) for line in score_lines(metrics)] == [
        "Error on test frames 4.20 px",
        "Instants that the interval is of 13",
        "mAP on test frames 91.00 %",
        "Training frames 92",
        "own score 3",
    ]


def test_figures_of_poses_in_space_are_those_of_all_shuffles() -> None:
    follow_up = {"videos_asked": 2.0, "recordings_asked": 1.0, "recordings": 1.0}
    figures = {"calibration_px": 0.125, "error_mm": 0.5, "points_percent": 91.5}
    run = replace(RUN, follow_up={**follow_up, **figures})
    assert [" ".join(line.split()) for line in score_lines(in_space(run))] == [
        "Recordings of several cameras 1",
        "Recordings put together in space 1",
        "Points that are in space 91.50 %",
        "Error of the cameras' calibration 0.12 px",
        "Standard error of a point in space 0.50 mm",
    ]
    parts = (run, replace(run, follow_up={**follow_up, "error_mm": 0.7}), RUN)
    assert in_space(replace(RUN, parts=parts))["error_mm"] == pytest.approx(0.6)
    assert in_space(RUN) == {}
    assert in_space(replace(RUN, follow_up={"videos_asked": 2.0})) == {}


def test_what_a_stop_keeps_is_true_before_any_validation_too() -> None:
    for words in (STOPPED["told"], STOP_QUESTION):
        assert "best network so far (its last, where no validation has run yet)" in words


@pytest.mark.parametrize(
    ("metrics", "words"),
    [({"test_rmse_px": 4.196}, "4.20 px"), ({"test_rmse_px": float("nan")}, ""), ({}, "")],
)
def test_the_error_of_a_run_is_short(metrics: dict[str, float], words: str) -> None:
    assert short_error(replace(RUN, metrics=metrics)) == words


def test_a_first_attempt_looks_for_no_checkpoint() -> None:
    begun = replace(TRAINING, stage="restore")
    assert doing(RUN, begun) == "starting DeepLabCut"
    assert "checkpoint" in doing(RUN, replace(begun, attempt=2))
