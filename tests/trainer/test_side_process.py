"""The process that makes a report, say: whatever becomes of it, the training is done."""

from __future__ import annotations

import html
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.trainer.report.results import MadeUp

from dlc_batch_core.request import Request
from dlc_batch_trainer import side_process
from dlc_batch_trainer.report.task import Task, report_files, verdict_in
from dlc_batch_trainer.side_process import SideProcess

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{root / 'core'}:{root / 'trainer_image'}")
    return MadeUp(frames=5).write(tmp_path)


def never() -> bool:
    return False


def process(
    tmp_path: Path,
    is_interrupted: Callable[[], bool] = never,
    seconds_left: float = 3600,
    most_seconds: float = 300,
) -> SideProcess:
    module = "dlc_batch_trainer.report"
    return SideProcess(module, tmp_path, is_interrupted, seconds_left, most_seconds)


def test_it_is_made(task: Task, tmp_path: Path) -> None:
    assert process(tmp_path).run(task.to_json()) is None
    names = report_files(Path(task.results), task.own)
    assert names[:2] == ("report.html", "verdict.json")
    verdict = verdict_in(Path(task.results), task.own)
    assert verdict["grade"] == "good"
    page = html.unescape((task.folder / "report.html").read_text(encoding="utf-8"))
    assert verdict["headline"] in page
    assert {"figures/learning.png", "figures/worst-05.jpg"} < set(names)
    assert all((Path(task.results) / name).stat().st_size for name in names)


def test_what_it_can_not_read_is_said(task: Task, tmp_path: Path) -> None:
    (task.folder / "run.json").write_text("no JSON")
    why = process(tmp_path).run(task.to_json())
    assert why == "its process ended with exit code 1, and the log tells why"
    assert not (task.folder / "report.html").exists()
    assert verdict_in(Path(task.results), task.own) == {}


def test_one_that_is_stuck_is_ended(task: Task, tmp_path: Path) -> None:
    why = process(tmp_path, most_seconds=0.0).run(task.to_json())
    assert why == "it was not made within 0 minutes"


def test_it_leaves_time_to_tell_the_outcome(task: Task, tmp_path: Path) -> None:
    assert process(tmp_path, seconds_left=20.0).run(task.to_json()) == "the time limit was near"


def test_a_host_that_is_taken_away_ends_it_and_not_the_training(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_process, "_LAST_SECONDS", 0.0)
    asked = threading.Event()
    asked.set()
    assert process(tmp_path, asked.is_set).run(task.to_json()) == "the computer was taken away"
    assert not (task.folder / "report.html").exists()


@pytest.mark.long
def test_a_training_is_not_lost_for_its_report(
    bench: Bench, tiny_project: Path, tiny_request: Request, tmp_path: Path
) -> None:
    broken = tmp_path / "broken" / "jinja2.py"  # of all that is imported, only reports need it
    broken.parent.mkdir()
    broken.write_text("raise ImportError('broken')\n")
    bench.submit(bench.zip_project(tiny_project), "", replace(tiny_request, epochs=1))
    paths = f"{broken.parent}:{bench.environment['PYTHONPATH']}"
    done = bench.train(PYTHONPATH=paths)
    assert done.exit_code == 0, done.output
    assert (
        "The report failed: its process ended with exit code 1, and the log tells why. The"
        " training is not affected." in done.outcome.notes
    )
    assert "ImportError: broken" in done.output
    assert "evaluation.json" in done.outcome.files
    assert not [name for name in done.outcome.files if name.startswith(("report", "figures"))]


@pytest.mark.long
def test_a_signal_during_the_report_does_not_make_it_an_interrupted_training(
    bench: Bench, tiny_project: Path, tiny_request: Request, tmp_path: Path
) -> None:
    began, slow = tmp_path / "began", tmp_path / "slow" / "jinja2.py"
    slow.parent.mkdir()
    slow.write_text(
        "import importlib, pathlib, sys, time\n"
        f"pathlib.Path({str(began)!r}).touch()\n"
        "time.sleep(5)\n"
        f"sys.path.remove({str(slow.parent)!r})\n"
        "del sys.modules['jinja2']\n"
        "sys.modules['jinja2'] = importlib.import_module('jinja2')\n"
    )
    bench.submit(bench.zip_project(tiny_project), "", replace(tiny_request, epochs=1))
    paths = f"{slow.parent}:{bench.environment['PYTHONPATH']}"
    with bench.start(PYTHONPATH=paths) as process:
        while not began.exists():
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert "report.html" in bench.outcome().files
    assert "evaluation.json" in bench.outcome().files
