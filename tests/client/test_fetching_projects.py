"""A run comes into another project's folder by the user's leave only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlc_batch import api
from dlc_batch.cloud import Cloud
from dlc_batch.fetching import OtherProject, fetch, list_results, preview
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

Record = Callable[..., Run]
RunCli = Callable[..., Any]
MODEL = "dlc-models-pytorch/iteration-0/walkJan1-trainset95shuffle1/train/snapshot-best-3.pt"


@pytest.fixture
def run(cloud: Cloud, record: Record) -> Run:
    """Of project walk of Jan1."""
    run = record(status=Status.SUCCEEDED)
    for name in (MODEL, "report.html"):
        key = RunKeys(run.lab, run.run_id).results + name
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"content")
    return run


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The folder of another project."""
    (tmp_path / "config.yaml").write_text("Task: reach\ndate: Jan1\n")
    return tmp_path


def files_of(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in paths}


def test_another_projects_folder_stays_as_it_is(cloud: Cloud, run: Run, other: Path) -> None:
    results = list_results(cloud, run)
    for command in (fetch, preview):
        with pytest.raises(
            OtherProject, match=r"of project walkJan1, and .* of project reachJan1"
        ):
            command(cloud, run, results, other)
    with pytest.raises(OtherProject, match="other_project=True"):
        api.Lab(cloud).fetch(run.run_id, other)
    assert files_of(other) == {"config.yaml"}


def test_by_leave_it_comes_all_the_same(cloud: Cloud, run: Run, other: Path) -> None:
    results = list_results(cloud, run)
    assert len(preview(cloud, run, results, other, other_project=True).new) == 2
    api.Lab(cloud).fetch(run.run_id, other, other_project=True)
    assert files_of(other) == {"config.yaml", MODEL, "report.html"}


@pytest.mark.parametrize(
    "config",
    [b"Task: walk\ndate: Jan1\n", b"Task: reach\n", b"[", b"\xff", b"- 1\n", None],
    ids=["its own", "no date", "no yaml", "no text", "no mapping", "none"],
)
def test_its_own_folder_or_no_projects_takes_it(
    config: bytes | None, cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    if config is not None:
        (tmp_path / "config.yaml").write_bytes(config)
    fetch(cloud, run, list_results(cloud, run), tmp_path)
    assert MODEL in files_of(tmp_path)


@pytest.mark.usefixtures("stack")
def test_the_command_refuses_without_a_terminal(run: Run, other: Path, run_cli: RunCli) -> None:
    for option in ((), ("--dry-run",), ("--json",), ("--overwrite",)):
        answer = run_cli("fetch", run.run_id, other, *option)
        assert (answer.code, answer.out) == (2, "")
        assert "--other-project" in answer.err
    assert files_of(other) == {"config.yaml"}
    assert run_cli("fetch", run.run_id, other, "--other-project").code == 0


@pytest.mark.usefixtures("stack")
def test_the_end_names_the_report(run: Run, tmp_path: Path, run_cli: RunCli) -> None:
    for bar, nothing_came in (("Verifying: 100%", False), ("Comparing: 100%", True)):
        answer = run_cli("fetch", run.run_id, tmp_path / "mine")
        assert f"To start: open {tmp_path / 'mine' / 'report.html'} in a browser." in answer.err
        assert bar in answer.err
        assert ("There already: 2 files." in answer.err) is nothing_came
