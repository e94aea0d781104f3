"""What the program tells while it fetches an upload."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dlc_batch_core.progress import Progress
from dlc_batch_trainer.progress import ProgressReporter


def test_tells_bytes_of_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    written: list[Progress] = []
    reporter = ProgressReporter(written.append, attempt=2)
    reporter.enter("unpack")
    for done in range(0, 3_000_000, 1000):  # many small ranges: few lines, and fewer files
        reporter.fetched(done, 3_000_000)
    reporter.fetched(3_000_000, 3_000_000)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "== unpack"
    assert lines[-1].startswith("3 of 3 MB, ")
    assert len(lines) < 20
    assert [(each.stage, each.attempt) for each in written] == [("unpack", 2)] * 2
    assert (written[-1].bytes_done, written[-1].bytes_total) == (3_000_000, 3_000_000)
    assert Progress.from_json(written[-1].to_json()) == written[-1]


def step(epoch: int, epochs: int, number: int, steps: int, **more: Any) -> dict[str, Any]:
    where = {"phase": "pose", "epoch": epoch, "epochs": epochs, "step": number, "steps": steps}
    return {**where, "images": 8, "loss": 0.5, **more}


def epoch_end(epoch: int, epochs: int, **more: Any) -> dict[str, Any]:
    said = {"phase": "pose", "epoch": epoch, "epochs": epochs, "learning_rate": 1e-4}
    return {**said, "losses": {"total_loss": 0.25}, "metrics": {}, "images": 0, **more}


class Told:
    """A reporter whose clock a test turns, and what it has told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, namespace: str | None = None) -> None:
        self.now = 1000.0
        self.written: list[Progress] = []
        monkeypatch.setattr("dlc_batch_trainer.progress.time.monotonic", lambda: self.now)
        self.reporter = ProgressReporter(self.written.append, 1, namespace, {"Lab": "mice"})
        self.reporter.enter("train")
        self.written.clear()


def test_an_epoch_is_a_line_and_a_file_every_15_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told(monkeypatch)
    for epoch in range(1, 11):
        for number in range(1, 5):
            told.now += 1
            told.reporter.step(step(epoch, 10, number, 4))
        metrics = {"validation_rmse_px": 3.0} if epoch % 2 == 0 else {}
        told.reporter.epoch(epoch_end(epoch, 10, metrics=metrics))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    ends = [line for line in lines if "step" not in line]
    assert len(ends) == 10
    assert ends[1].startswith("epoch 2/10: loss 0.25000, validation_rmse_px 3.00, 8.0 images/s")
    assert "validation" not in ends[2], "of another epoch"
    assert 1 <= len(told.written) <= 1 + 40 // 15
    last = told.written[-1]
    assert (last.epoch, last.epochs, last.seconds_left) == (10, 10, 0)
    assert last.metrics == {"validation_rmse_px": 3.0}
    assert last.images_per_second == pytest.approx(8.0)


def test_time_left_follows_from_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    for number in range(1, 6):  # of 5 x 4 steps, a second each; the first is where it begins
        told.now += 1
        told.reporter.step(step(1 + (number - 1) // 4, 5, 1 + (number - 1) % 4, 4))
    assert told.reporter.now.seconds_left == pytest.approx(15)


def test_iterations_of_tensorflow_write_no_file_at_each_interval(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told(monkeypatch)
    for number in range(1, 31):
        told.now += 1
        told.reporter.step(step(0, 0, number, 30))
        told.reporter.epoch(epoch_end(0, 0))
    assert "iteration 30/30: loss 0.25000" in capsys.readouterr().out
    assert len(told.written) <= 1 + 30 // 15


def test_metrics_are_told_as_cloudwatch_reads_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told(monkeypatch, "my-stack")
    for number in range(1, 4):
        told.now += 61
        told.reporter.step(step(0, 0, number, 30, loss=float("inf") if number == 1 else 0.5))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert len(lines) == 3
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    (directive,) = last["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("my-stack", [["Lab"]])
    assert last["Lab"] == "mice"
    named = {each["Name"] for each in directive["Metrics"]}
    assert named == {"Loss", "ImagesPerSecond", "Iteration", "SecondsLeft"}
    assert all(isinstance(last[name], int | float) for name in named)
    assert "Loss" not in first
