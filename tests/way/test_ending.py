"""Ending a run before its time, from the command to the mail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.mail_words import words_of

from .conftest import Way
from .hosts import LAB, Host
from .trainings import ENDLESS, training

ZipProject = Callable[..., bytes]


def at_work(way: Way, run: str) -> None:
    """Wait until a run's training has begun."""
    way.wait_for(lambda: (found := way.run(run)) and found.status == "RUNNING", f"{run} at work")


def ask(way: Way, *command: str) -> dict[str, Any]:
    answer = way.command(*command, "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def test_cancelled_while_it_waits_while_it_runs_and_by_force(
    way: Way, zip_project: ZipProject
) -> None:
    runs = way.put(zip_project(), "uploads/heedful/runs.zip")
    at_work(way, runs)
    waits = way.put(zip_project(), "uploads/heedful/waits.zip")
    way.wait_for(lambda: (run := way.run(waits)) and run.status == "QUEUED", "its job")
    stopped = way.command("stop", waits)
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert "has not begun to train" in stopped.stderr

    assert ask(way, "cancel", waits)["shuffles"] == [{"shuffle": 1, "how": "cancelled"}]
    assert way.ended(waits).attempt == 0
    assert ask(way, "cancel", runs)["shuffles"] == [{"shuffle": 1, "how": "told"}]

    assert "as told" in way.ended(runs).message
    deaf = way.put(zip_project(), "uploads/endless/deaf.zip")
    at_work(way, deaf)
    assert ask(way, "cancel", deaf, "--force")["shuffles"] == [{"shuffle": 1, "how": "killed"}]
    assert [way.ended(run).status for run in (runs, waits, deaf)] == ["CANCELLED"] * 3
    assert [way.final_mails(run) for run in (runs, waits, deaf)] == [["CANCELLED"]] * 3
    for command in ("cancel", "stop"):
        refused = way.command(command, runs)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "has ended already: it is CANCELLED" in refused.stderr


def test_stopped_it_sends_what_it_has(way: Way, zip_project: ZipProject) -> None:
    run = way.put(zip_project(), "uploads/heedful/stopped.zip")
    at_work(way, run)

    said = way.command("stop", run, "--keep-best")

    assert (said.returncode, said.stderr) == (0, "A mail says when the run has ended.\n")
    assert f"{run}: It ends at its next step" in said.stdout
    ended = way.ended(run)
    assert (ended.status, ended.notes) == ("SUCCEEDED", ("The lab stopped it.",))
    assert way.final_mails(run) == ["SUCCEEDED"]


def test_one_shuffle_is_cancelled_and_the_other_stopped(way: Way, zip_project: ZipProject) -> None:
    asked = zip_project({"dlc-batch.yaml": "shuffles: [1, 2]\n"})
    run = way.put(asked, "uploads/heedful/two.zip")
    at_work(way, run)
    assert "has no shuffle 3" in way.command("cancel", run, "--shuffle", "3").stderr

    first = ask(way, "cancel", run, "--shuffle", "1")
    assert [each["shuffle"] for each in first["shuffles"]] == [1]
    way.wait_for(lambda: way.run(run).parts[0].status.is_final, "the end of shuffle 1")
    refused = way.command("cancel", run, "--shuffle", "1")
    assert (refused.returncode, "Shuffle 1" in refused.stderr) == (1, True)
    way.wait_for(lambda: way.run(run).parts[1].status == "RUNNING", "shuffle 2 at work")
    assert ask(way, "stop", run)["shuffles"] == [{"shuffle": 2, "how": "told"}]

    ended = way.ended(run)
    assert [part.status for part in ended.parts] == ["CANCELLED", "SUCCEEDED"]
    assert (ended.status, way.final_mails(run)) == ("CANCELLED", ["CANCELLED"])


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [("cancel", "CANCELLED", "Cancelled by the lab"), ("stop", "SUCCEEDED", " snapshot was kept")],
)
def test_a_real_training(
    command: str, status: str, words: str, host: Host, tmp_path: Path
) -> None:
    with training(host, tmp_path, {"epochs": ENDLESS}) as its:
        its.wait_for("epoch 2/")

        said = host.way.command(command, its.run)

        assert said.returncode == 0, said.stderr
        ended, mail = its.end(status)
    assert words in words_of(mail)
    assert ended.lab == LAB
    assert bool(ended.files) == (command == "stop")
