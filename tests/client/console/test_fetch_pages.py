"""Results into a folder of this computer."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.client.console.lab import STATS, Lab
from tests.client.console.running import Visitor, environment_of, start
from tests.client.console.test_send_pages import settled
from tests.client.relay import relay_to

from dlc_batch.cloud import Cloud
from dlc_batch.console.fetch_pages import folder_of
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run


@pytest.fixture(scope="module")
def run(cloud: Cloud) -> Run:
    return Lab(cloud).trained("reach", 4.1)


def fetch(visitor: Visitor, run: Run, folder: Path | str, **more: str) -> str:
    answer = visitor.post(f"/runs/{run.run_id}/fetch", {"folder": str(folder), **more})
    assert answer.code == 303, answer.text
    return settled(visitor, answer.headers["Location"])


def test_results_come_into_the_folder_that_is_named(
    visitor: Visitor, run: Run, tmp_path: Path
) -> None:
    said = visitor.get(f"/runs/{run.run_id}/fetch").text
    assert "2 files" in said
    folder = tmp_path / "my project"
    said = fetch(visitor, run, f'"{folder}" ')
    assert f"2 files were written to {folder}" in said
    assert (folder / STATS).read_text().startswith("step,losses/train.total_loss")
    assert "2 were there already" in fetch(visitor, run, folder)


def test_what_differs_is_replaced_only_when_the_user_says_so(
    visitor: Visitor, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text("mine")
    said = fetch(visitor, run, tmp_path)
    assert "are there already and differ. Nothing was changed. report.html" in said
    assert "Replace them, and keep each as" in said
    assert (tmp_path / "report.html").read_text() == "mine"
    assert not (tmp_path / STATS).exists()
    said = fetch(visitor, run, tmp_path, overwrite="yes")
    assert f"report.html.before-{run.run_id}" in said
    assert (tmp_path / f"report.html.before-{run.run_id}").read_text() == "mine"


def test_another_projects_folder_takes_it_only_when_the_user_says_so(
    visitor: Visitor, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("Task: walk\ndate: Nov1\n")
    (tmp_path / "report.html").write_text("mine")
    said = fetch(visitor, run, tmp_path)
    assert "This run is of project reachNov1" in said
    assert "Put them there all the same" in said
    assert not (tmp_path / STATS).exists()
    answer = visitor.post(
        f"/runs/{run.run_id}/fetch", {"folder": str(tmp_path), "other_project": "yes"}
    )
    page = answer.headers["Location"]
    assert "are there already and differ" in settled(visitor, page)
    # the next question keeps the first answer
    assert 'type="hidden" name="other_project"' in visitor.get(page).text
    assert "2 files were written" in fetch(
        visitor, run, tmp_path, other_project="yes", overwrite="yes"
    )


def test_a_fetch_that_is_broken_off_is_said(
    aws: Any, cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    """Ctrl-C while the network is away."""
    with relay_to(aws.endpoint_url) as relay:
        environment = {**environment_of(aws, cloud), "AWS_ENDPOINT_URL": relay.url}
        process = start(environment)
        assert process.stdout is not None
        visitor = Visitor(process.stdout.readline().strip()).come_in()
        assert visitor.get("/").code == 200
        assert visitor.get(f"/runs/{run.run_id}/fetch").code == 200
        folder = tmp_path / "project"
        asked = iter(["record", "results"])
        relay.broken = lambda _: None if next(asked, "") else "gone"
        answer = visitor.post(f"/runs/{run.run_id}/fetch", {"folder": str(folder)})
        assert answer.code == 303
        page = visitor.get(answer.headers["Location"])
        assert page.headers["X-Live-Again"] == "1"
        assert "The results are coming" in page.text
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert f"Broken off: Fetching {run.run_id} into {folder}. Begun again, it goes on" in err
    assert [path for path in folder.rglob("*") if path.name in ("report.html", STATS)] == []


@pytest.mark.parametrize("folder", ["", " ", "relative/path", "..", "a\0b", "/no/such/folder/at"])
def test_what_can_be_no_folder_is_said(visitor: Visitor, run: Run, folder: str) -> None:
    answer = visitor.post(f"/runs/{run.run_id}/fetch", {"folder": folder})
    assert answer.code == 400
    assert "Give the whole path" in answer.text
    assert 'aria-invalid="true"' in answer.text  # the form once more, with what was written


def test_a_file_is_no_folder_and_the_home_is_known(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LabError, match="is a file"):
        folder_of(str(file))
    assert folder_of("~/x") == Path.home() / "x"


def test_the_pages_address_says_nothing_of_other_folders(visitor: Visitor, run: Run) -> None:
    """Nothing lists the disk: the page shows what it was given, as text."""
    answer = visitor.get(f"/runs/{run.run_id}/fetch/0123?folder={quote('/etc')}")
    assert answer.code == 404
    assert "passwd" not in answer.text
