"""What is taken over of settings that lie in a project is said before it is sent."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.checking import check_path
from dlc_batch.inherited import notes_of_settings

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
    return notes_of_settings(project, found)


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
    (note,) = notes(fetched)
    assert "settings and the split that lie in this project" in note
    assert RUN not in note


def test_network_and_length_are_those_of_the_training(fetched: Path) -> None:
    crop = "data: {train: {crop_sampling: {width: 128, height: 96}}}\n"
    settings = f"net_type: cspnext_s\ntrain_settings: {{epochs: 10, batch_size: 4}}\n{crop}"
    (fetched / CONFIG).write_text(settings)
    (note,) = notes(fetched)
    assert f"({CONFIG}): cspnext_s, 10 epochs, batches of 4, crops of 128 x 96 pixels." in note
    (fetched / "dlc-batch.yaml").write_text("epochs: 30\nbatch_size: 2\n")
    (note,) = notes(fetched)
    assert "cspnext_s, 30 epochs, batches of 2, crops" in note


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": 1}', "\xff"])
def test_another_file_of_the_name_is_passed_over(fetched: Path, text: str) -> None:
    (fetched / "run.json").write_bytes(text.encode("latin-1"))
    assert RUN not in notes(fetched)[0]


@pytest.mark.usefixtures("stack")
def test_submit_says_so_beside_the_run(fetched: Path, run_cli: RunCli) -> None:
    answer = run_cli("submit", fetched, "--json")
    assert [RUN in note for note in answer.json["notes"]] == [True]
    plain = run_cli("submit", fetched, "--again")
    assert len(plain.out.split()) == 1
    said, sent = (plain.err.index(text) for text in (f"run {RUN} left in", "Uploading"))
    assert said < sent


@pytest.mark.usefixtures("stack")
def test_check_and_dry_run_say_so_of_a_folder_and_of_its_zip(
    fetched: Path, run_cli: RunCli
) -> None:
    archive = fetched.with_suffix(".zip")
    subprocess.run(["zip", "-qr", archive, "mouse"], cwd=fetched.parent, check=True)
    for project, of in ((fetched, f"run {RUN} left"), (archive, "lie")):
        words = f"with the settings and the split that {of} in this project"
        for command in (("check",), ("submit", "--dry-run")):
            answer = run_cli(*command, project, "--json")
            assert [words in note for note in answer.json["notes"]] == [True]
            assert f"note: Shuffle 1 is trained {words}" in run_cli(*command, project).out


def test_a_project_without_settings_of_its_own_has_no_note(project: Path, run_cli: RunCli) -> None:
    answer = run_cli("check", project, "--json")
    assert answer.json["notes"] == []
    assert answer.json["trainings"][0]["length"] == 200
    assert "note:" not in run_cli("check", project).out
