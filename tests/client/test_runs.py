"""How runs are: found by their id, listed newest first, with the progress of the training."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dlc_batch import LAB_VARIABLE
from dlc_batch.cli.runs import print_status
from dlc_batch.cloud import Cloud, connect
from dlc_batch.runs import NoSuchRun, find_run, list_runs, read_status
from dlc_batch.where import Where
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status, to_item

Record = Callable[..., Run]


def test_a_run_is_found_without_its_lab(cloud: Cloud, record: Record) -> None:
    run = record(lab="other")
    record()
    assert find_run(cloud, run.run_id) == run


def test_the_users_lab_is_asked_first_and_is_no_limit(cloud: Cloud, record: Record) -> None:
    own, other = record(lab="miller"), record(lab="other")
    of_miller = replace(cloud, lab="miller")
    assert [find_run(of_miller, run.run_id) for run in (own, other)] == [own, other]
    without_index = replace(of_miller, table_name=_table_without_indexes(cloud))
    without_index.dynamodb.put_item(TableName=without_index.table_name, Item=to_item(own))
    assert find_run(without_index, own.run_id) == own


def test_who_may_see_one_lab_only_is_told_that_a_run_is_not_there(
    scientist: Cloud, record: Record
) -> None:
    own = record(lab="miller")
    assert find_run(scientist, own.run_id) == own
    with pytest.raises(NoSuchRun):
        find_run(scientist, "mouse-0123456789ab")
    with pytest.raises(CloudError, match="AccessDenied"):
        find_run(replace(scientist, lab=None), own.run_id)


def _table_without_indexes(cloud: Cloud) -> str:
    keys = {"lab": "HASH", "run_id": "RANGE"}
    cloud.dynamodb.create_table(
        TableName=f"{cloud.table_name}-bare",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )
    return f"{cloud.table_name}-bare"


def test_the_users_lab_is_that_of_the_environment(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connect(Where.AWS, stack).lab is None
    monkeypatch.setenv(LAB_VARIABLE, "miller")
    assert connect(Where.AWS, stack).lab == "miller"


def test_a_run_that_is_not_there_is_told(cloud: Cloud) -> None:
    with pytest.raises(LabError, match="no run mouse-1"):
        find_run(cloud, "mouse-1")


def test_runs_are_listed_newest_first_all_or_of_a_lab(cloud: Cloud, record: Record) -> None:
    times = ["2026-01-02T00:00:00", "2026-01-03T00:00:00", "2026-01-01T00:00:00"]
    labs = ["miller", "other", "miller"]
    runs = [record(submitted_at=t, lab=lab) for t, lab in zip(times, labs, strict=True)]
    assert list_runs(cloud) == (runs[1], runs[0], runs[2])
    assert list_runs(cloud, "miller") == (runs[0], runs[2])
    assert list_runs(cloud, "nobody") == ()


def test_lists_longer_than_a_page_are_whole(cloud: Cloud, record: Record) -> None:
    for _ in range(5):  # a page of DynamoDB's is 1 MB
        record(notes=tuple("x" * 3_999 for _ in range(22)), files=("y" * 3_999,) * 22)
        record(lab="other", notes=("x" * 3_999,) * 22, message="z" * 4_000)
    assert len(list_runs(cloud)) == 10
    assert len(list_runs(cloud, "miller")) == 5


@pytest.mark.parametrize("status", [Status.RUNNING, Status.SUCCEEDED])
def test_progress_is_that_of_the_runs_shuffle(
    status: Status, cloud: Cloud, record: Record
) -> None:
    run = record(status=status, shuffle=3)
    assert read_status(cloud, run.run_id).progress is None
    progress = Progress("train", "2026-01-02T03:04:05", epoch=3, epochs=10)
    key = RunKeys(run.lab, run.run_id).shuffle(3).progress
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=progress.to_json())
    found = read_status(cloud, run.run_id)
    assert found.progress == progress
    answer = found.to_dict()
    assert (answer["run_id"], answer["status"], answer["lab"]) == (run.run_id, status, "miller")
    assert answer["progress"] == progress.to_dict()
    assert answer["metrics"] is None


def test_a_run_that_waits_has_no_progress(cloud: Cloud, record: Record) -> None:
    assert read_status(cloud, record(status=Status.QUEUED).run_id).progress is None


def test_a_missing_table_is_told_plainly(cloud: Cloud) -> None:
    nowhere = Cloud(cloud.session, cloud.endpoint_url, cloud.bucket, "no-such-table", "q")
    with pytest.raises(CloudError, match="AWS says"):
        list_runs(nowhere)


def test_status_tells_how_good_poses_in_space_are(
    cloud: Cloud, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    follow_up = {"recordings_asked": 1.0, "recordings": 1.0, "error_mm": 0.5}
    run = record(status=Status.SUCCEEDED, follow_up=follow_up)
    found = read_status(cloud, run.run_id)
    assert found.to_dict()["follow_up"] == follow_up
    print_status(found)
    out = " ".join(capsys.readouterr().out.split())
    assert "Standard error of a point in space 0.50 mm" in out


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            {"grade": "poor", "headline": "Poor: a large error. A point is off by 9.0 px."},
            "Verdict: poor. A large error. A point is off by 9.0 px.\n",
        ),
        ({}, ""),
    ],
)
def test_status_tells_the_verdict_where_there_is_one(
    verdict: dict[str, str],
    words: str,
    cloud: Cloud,
    record: Record,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = record(status=Status.SUCCEEDED, verdict=verdict)
    found = read_status(cloud, run.run_id)
    assert found.to_dict()["verdict"] == (verdict or None)
    print_status(found)
    out = capsys.readouterr().out
    assert words in out
    assert ("Verdict" in out) == bool(words)
