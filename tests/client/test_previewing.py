"""What a dry run shows: what would be sent, and what the stack would say to it."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.checking import check_path
from dlc_batch.cloud import Cloud
from dlc_batch.previewing import forecast, load_of
from dlc_batch_core.keys import UploadKey
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.run import Run, Status

RunCli = Callable[..., Any]
TARGET = UploadKey("miller", "mouse")
PARAMETERS = {"InstanceTypes": "g4dn.xlarge,g5.xlarge", "Prices": "", "MaxDollarsPerRun": "50"}


@pytest.fixture
def priced(cloud: Cloud) -> Cloud:
    return replace(cloud, parameters=PARAMETERS)


def test_what_would_be_sent_is_told_by_kind(project: Path) -> None:
    load = load_of(project, "epochs: 3\n")
    assert {kind: count for kind, (count, _) in load.kinds.items()} == {
        "settings": 3,
        "labels": 1,
        "images": 2,
    }
    assert load.bytes == sum(size for _, size in load.kinds.values())
    assert load.largest[0][1] == max(load.sizes.values())


def test_calibration_images_count_apart_from_labelled_ones(project: Path) -> None:
    pictures = project / "calibration_images"
    pictures.mkdir()
    for camera in ("left", "right"):
        shutil.copy(next(project.rglob("*.png")), pictures / f"{camera}01.png")
    load = load_of(project, "cameras: {names: [left, right]}\n")
    assert {kind: load.kinds[kind][0] for kind in ("images", "calibration")} == {
        "images": 2,
        "calibration": 2,
    }
    assert "others" not in load.kinds


def test_other_images_of_a_zip_are_neither(project: Path) -> None:
    plots = project / "evaluation-results" / "LabeledImages"
    plots.mkdir(parents=True)
    before = load_of(_zipped(project)).kinds
    shutil.copy(next(project.rglob("*.png")), plots / "img01.png")
    after = load_of(_zipped(project)).kinds
    assert after["images"] == before["images"]
    assert after["others"][0] == before["others"][0] + 1


def _zipped(project: Path) -> Path:
    archive = project.with_suffix(".zip")
    subprocess.run(["zip", "-qr", archive, project.name], cwd=project.parent, check=True)
    return archive


def test_of_a_zip_all_is_sent(project: Path) -> None:
    kinds = load_of(_zipped(project)).kinds
    assert kinds["videos"][0] == 1
    assert kinds["others"][0] == 3  # .h5, .pickle and .pt


def test_the_first_training_of_a_network_has_a_bound(priced: Cloud, project: Path) -> None:
    ahead = forecast(priced, TARGET, check_path(project))
    assert ahead.quote is not None
    assert ahead.quote.hours_most is None
    assert 24 < ahead.quote.dollars_limit < 50
    assert ahead.problems == ()


def test_later_ones_are_quoted_by_the_labs_own_trainings(
    priced: Cloud, project: Path, record: Callable[..., Run]
) -> None:
    for speed in (2.0, 4.0):
        record(
            status=Status.SUCCEEDED,
            network="pytorch/resnet_50",
            images_per_second=speed,
            instance_type="g4dn.xlarge",
        )
    found = check_path(project, request="epochs: 14400")  # of two frames
    ahead = forecast(priced, TARGET, found)
    assert ahead.quote is not None
    assert ahead.quote.trainings == 2
    assert (ahead.quote.hours_least, ahead.quote.hours_most) == (2.25, 4.25)


def test_caps_of_the_stack_are_told_and_nothing_is_reserved(cloud: Cloud, project: Path) -> None:
    parameters = {**PARAMETERS, "MaxDollarsPerRun": "10", "MonthlyDollarsPerLab": "5"}
    ahead = forecast(replace(cloud, parameters=parameters), TARGET, check_path(project))
    assert [problem.code for problem in ahead.problems] == ["budget"]
    assert "your admin lets a run cost 10 $ at most" in ahead.notes[0]
    items = cloud.dynamodb.scan(TableName=cloud.table_name)["Items"]
    assert items == []
    Ledger(cloud.dynamodb, cloud.table_name).set_cap("miller", 0)
    assert (
        forecast(replace(cloud, parameters=parameters), TARGET, check_path(project)).problems == ()
    )


@pytest.mark.usefixtures("stack")
def test_a_dry_run_sends_nothing(cloud: Cloud, project: Path, run_cli: RunCli) -> None:
    answer = run_cli("submit", project, "--lab", "miller", "--dry-run", "--epochs", "5", "--json")
    assert answer.code == 0
    assert answer.json["key"] == "uploads/miller/mouse.zip"
    assert answer.json["request"]["epochs"] == 5
    assert answer.json["load"]["kinds"]["images"]["files"] == 2
    assert answer.json["quote"] == {"hours_limit": 24.0, "trainings": 0, "shuffles": 1}
    plain = run_cli("submit", project, "--dry-run")
    assert plain.code == 0
    assert "It is ended after 24 hours at the latest." in plain.out
    assert "Nothing was sent." in plain.err
    assert cloud.s3.list_objects_v2(Bucket=cloud.bucket)["KeyCount"] == 0


@pytest.mark.usefixtures("stack")
def test_a_dry_run_of_what_cannot_be_trained_exits_with_1(project: Path, run_cli: RunCli) -> None:
    (project / "labeled-data/video1/img01.png").unlink()
    answer = run_cli("submit", project, "--dry-run", "--json")
    assert (answer.code, answer.json["trainable"], answer.json["quote"]) == (1, False, None)
    assert "can't be trained" in answer.json["no_quote"]


def test_a_dry_run_works_without_a_cloud(
    project: Path, run_cli: RunCli, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed_port)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "test")
    answer = run_cli("submit", project, "--dry-run", "--json")
    assert (answer.code, answer.json["trainable"], answer.json["quote"]) == (0, True, None)
    assert "Could not connect" in answer.json["no_quote"]


def test_looking_at_images_tells_how_far_it_is(project: Path) -> None:
    told = list[tuple[int, int]]()
    check_path(project, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [1, 2]
    archive = project.with_suffix(".zip")
    subprocess.run(["zip", "-qr", archive, "mouse"], cwd=project.parent, check=True)
    check_path(archive, lambda done, total: told.append((done, total)))
    assert len(told) == 4
