"""The same zip is not trained twice by mistake."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.client.spoiled_aws import SpoiledAws

from dlc_batch import api
from dlc_batch.cloud import Cloud
from dlc_batch.submitting import Submitted, send
from dlc_batch.twins import SentAlready, check_for_twin
from dlc_batch_core.keys import UploadKey
from dlc_batch_core.run import Run, Status

Record = Callable[..., Run]
RunCli = Callable[..., Any]
TARGET = UploadKey("miller", "mouse")


@pytest.fixture
def digests() -> list[str]:
    return []


@pytest.fixture
def sent(cloud: Cloud, tmp_path: Path, digests: list[str]) -> Submitted:
    archive = tmp_path / "mouse.zip"
    archive.write_bytes(b"zip" * 1000)
    return send(cloud, archive, TARGET, begins=digests.append)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.QUEUED, Status.RUNNING])
def test_a_run_that_has_not_ended_is_a_twin(
    status: Status, cloud: Cloud, record: Record, sent: Submitted, digests: list[str]
) -> None:
    record(run_id=sent.run_id, status=status, submitted_at=now())
    with pytest.raises(SentAlready, match=f"{status.lower()} already, as run {sent.run_id}"):
        check_for_twin(cloud, UploadKey("miller", "another name"), digests[0])
    check_for_twin(cloud, TARGET, "other content")
    check_for_twin(cloud, UploadKey("smith", "mouse"), digests[0])


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.REJECTED])
def test_one_that_has_ended_is_none(
    status: Status, cloud: Cloud, record: Record, sent: Submitted, digests: list[str]
) -> None:
    record(run_id=sent.run_id, status=status, submitted_at=now())
    check_for_twin(cloud, TARGET, digests[0], [sent.run_id])


def test_one_without_a_record_yet_is_known_from_here(
    cloud: Cloud, sent: Submitted, digests: list[str]
) -> None:
    with pytest.raises(SentAlready, match=f"sent already, as run {sent.run_id}"):
        check_for_twin(cloud, TARGET, digests[0], [sent.run_id])
    check_for_twin(cloud, TARGET, digests[0], ["rat-0123456789ab"])


def test_it_costs_a_request_and_one_for_each_key_that_runs_came_by(
    cloud: Cloud, spoiled: SpoiledAws, record: Record, sent: Submitted
) -> None:
    asked = list[str]()
    spoiled.session.events.register("before-send", lambda request, **_: asked.append(request.url))
    seen = replace(cloud, session=spoiled.session, endpoint_url=spoiled.endpoint_url)
    record(status=Status.SUCCEEDED)
    check_for_twin(seen, TARGET, "0")
    assert len(asked) == 1
    for _ in range(3):
        record(status=Status.RUNNING, key=sent.key)
    check_for_twin(seen, TARGET, "0")
    assert len(asked) == 3


def test_who_may_not_look_may_send(cloud: Cloud, spoiled: SpoiledAws) -> None:
    seen = replace(cloud, session=spoiled.session, endpoint_url=spoiled.endpoint_url)
    with spoiled.denied("dynamodb", r"\.Query"):
        check_for_twin(seen, TARGET, "0")


@pytest.mark.usefixtures("stack")
def test_submit_sends_the_same_again_if_told_so(
    cloud: Cloud, project: Path, run_cli: RunCli
) -> None:
    first = run_cli("submit", project, "--lab", "miller").out.strip()
    refused = run_cli("submit", project, "--lab", "miller")
    assert (refused.code, refused.out) == (2, "")
    assert (
        f"The same project with the same request is sent already, as run {first}." in refused.err
    )
    assert "--again" in refused.err
    assert run_cli("submit", project, "--lab", "miller", "--epochs", "3").code == 0
    assert run_cli("submit", project, "--lab", "miller", "--again").code == 0
    versions = cloud.s3.list_object_versions(Bucket=cloud.bucket)["Versions"]
    assert len(versions) == 3


def test_python_refuses_too(cloud: Cloud, project: Path) -> None:
    lab = api.Lab(replace(cloud, lab="miller"))
    lab.submit(project)
    with pytest.raises(SentAlready, match="Nothing was sent"):
        lab.submit(project)
    lab.submit(project, again=True)
