"""A project that a run was fetched into says so when it is sent again."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.checking import check_path
from dlc_batch.inherited import notes_of_earlier_runs

RunCli = Callable[..., Any]
RUN = "mouse-0123456789ab"
CONFIG = "dlc-models-pytorch/iteration-0/reachJan1-trainset95shuffle1/train/pytorch_config.yaml"


@pytest.fixture
def fetched(project: Path) -> Path:
    """The project, with what a fetch leaves of a run."""
    path = project / CONFIG
    path.parent.mkdir(parents=True)
    path.write_text("net_type: resnet_50\nmethod: bu\n")
    hashes = {CONFIG: hashlib.sha256(path.read_bytes()).hexdigest(), "gone.pt": "0"}
    facts = {"run_id": RUN, "net_type": "resnet_50", "sha256": hashes}
    (project / "run.json").write_text(json.dumps(facts))
    return project


def notes(project: Path) -> tuple[str, ...]:
    found = check_path(project)
    assert found.is_trainable, found.problems
    return notes_of_earlier_runs(project, found)


def test_settings_that_a_run_left_are_told(fetched: Path) -> None:
    (note,) = notes(fetched)
    assert note.startswith("Shuffle 1 is trained with the settings and the split that run")
    assert RUN in note
    assert CONFIG in note


def test_a_run_of_several_shuffles_has_a_file_for_each(fetched: Path) -> None:
    (fetched / "shuffle1").mkdir()
    (fetched / "run.json").rename(fetched / "shuffle1" / "run.json")
    assert len(notes(fetched)) == 1


@pytest.mark.parametrize("request_", ["shuffles: [2]\n", "net_type: resnet_101\n"])
def test_another_shuffle_or_network_takes_nothing_over(fetched: Path, request_: str) -> None:
    (fetched / "dlc-batch.yaml").write_text(request_)
    assert notes(fetched) == ()


def test_what_the_lab_changed_since_is_its_own(fetched: Path) -> None:
    with (fetched / CONFIG).open("a") as config:
        config.write("data: {train: {hflip: true}}\n")
    assert notes(fetched) == ()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": 1}', "\xff"])
def test_another_file_of_the_name_is_passed_over(fetched: Path, text: str) -> None:
    (fetched / "run.json").write_bytes(text.encode("latin-1"))
    assert notes(fetched) == ()


@pytest.mark.usefixtures("stack")
def test_submit_says_so_beside_the_run(fetched: Path, run_cli: RunCli) -> None:
    answer = run_cli("submit", fetched, "--json")
    assert [RUN in note for note in answer.json["notes"]] == [True]
    plain = run_cli("submit", fetched)
    assert len(plain.out.split()) == 1
    assert f"run {RUN} left in this project" in plain.err
