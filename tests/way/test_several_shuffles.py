"""Several shuffles of one upload: a job each, one run, one mail, all results side by side."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dlc_batch_core.yaml_reader import read_yaml_mapping

from .commands import answer_at_home
from .conftest import Way
from .trainings import REQUEST, zip_demo

SHUFFLES = [1, 2]
ASKED = b"shuffles: [1, 2]\n"
MODELS = "dlc-models-pytorch/iteration-0"
#: What a lab does with it at home, in a process of its own.
EVALUATE = """\
import sys, deeplabcut
for shuffle in (1, 2):
    deeplabcut.evaluate_network(sys.argv[1], Shuffles=[shuffle])
"""


def test_each_shuffle_is_a_job_of_one_run(way: Way, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project({"dlc-batch.yaml": ASKED}), "uploads/slow/several.zip")

    ended = way.ended(run)

    assert [(part.shuffle, part.status) for part in ended.parts] == [
        (1, "SUCCEEDED"),
        (2, "SUCCEEDED"),
    ]
    assert ended.status == "SUCCEEDED"
    assert len(way.jobs(run)) == 2
    assert len(way.items(run)) == 1
    assert way.final_mails(run) == ["SUCCEEDED"]
    assert len(way.mails(run, "ACCEPTED")) == 1


def test_each_goes_on_on_demand_by_itself(way: Way, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project({"dlc-batch.yaml": ASKED}), "uploads/spotty/several.zip")

    ended = way.ended(run)

    assert [(part.submission, part.attempt) for part in ended.parts] == [(2, 4), (2, 4)]
    assert len(way.jobs(run)) == 4
    assert way.final_mails(run) == ["SUCCEEDED"]


def test_one_that_fails_fails_the_run_at_its_end(
    way: Way, zip_project: Callable[..., bytes]
) -> None:
    run = way.put(zip_project({"dlc-batch.yaml": ASKED}), "uploads/careless/several.zip")

    ended = way.ended(run)

    assert ended.status == "FAILED"
    assert "Shuffle 1: There are no labels. Shuffle 2: There are no labels." in ended.message
    assert way.final_mails(run) == ["FAILED"]


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("several")


@pytest.fixture(scope="module")
def trained(real_way: Way, at_home: Path) -> str:
    request = {**REQUEST, "shuffles": SHUFFLES, "epochs": 1}
    return real_way.put(zip_demo(at_home, request), "uploads/walkers/several.zip")


def test_both_are_trained_and_told_apart(real_way: Way, trained: str) -> None:
    ended = real_way.ended(trained, seconds=900)

    assert ended.status == "SUCCEEDED", ended.message
    status = answer_at_home(real_way.cloud.home, "status", trained)
    errors = [each["metrics"]["test_rmse_px"] for each in status["shuffles"]]
    assert [each["shuffle"] for each in status["shuffles"]] == SHUFFLES
    assert errors[0] != errors[1]
    assert status["metrics"]["test_rmse_px"] == pytest.approx(sum(errors) / 2)
    (mail,) = real_way.mails(trained, "SUCCEEDED")
    assert all(f"{error:.2f} px" in mail.body for error in errors)


def test_deeplabcut_finds_both_at_home(real_way: Way, trained: str, at_home: Path) -> None:
    real_way.ended(trained, seconds=900)
    project = at_home / "walk"

    fetched = answer_at_home(real_way.cloud.home, "fetch", trained, str(project))

    names = {Path(name).name for name in fetched["written"]}
    assert not [name for name in names if name.endswith(".zip")]
    for shuffle in SHUFFLES:
        own = project / f"shuffle{shuffle}"
        assert {path.name for path in own.iterdir()} == {
            "evaluation.json",
            "figures",
            "methods.txt",
            "report.html",
            "run.json",
            "test_points.csv",
            "verdict.json",
        }
        run_file = json.loads((own / "run.json").read_text())
        assert run_file["shuffle"] == shuffle
    (metadata,) = project.glob("training-datasets/*/*/metadata.yaml")
    shuffles = read_yaml_mapping(metadata.read_text(), metadata.name)["shuffles"]
    assert isinstance(shuffles, dict)
    assert [each["index"] for each in shuffles.values()] == SHUFFLES
    assert len({each["split"] for each in shuffles.values()}) == 2
    evaluated = subprocess.run(
        [sys.executable, "-c", EVALUATE, str(project / "config.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert evaluated.returncode == 0, evaluated.stderr[-3000:]
    results = "evaluation-results-pytorch/iteration-0"
    assert len(list(project.glob(f"{results}/*shuffle[12]/*-results.csv"))) >= 2
