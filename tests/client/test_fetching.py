"""Results come whole, and never over what differs unless told."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dlc_batch.cloud import Cloud
from dlc_batch.fetching import fetch, list_results, preview
from dlc_batch.fetching.folder import waiting_folder
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

FILES = {"report.html": b"report", "dlc-models-pytorch/train/snapshot.pt": b"new model"}
Record = Callable[..., Run]


@pytest.fixture
def run(cloud: Cloud, record: Record) -> Run:
    run = record(status=Status.SUCCEEDED)
    leave(cloud, run, FILES)
    return run


def leave(cloud: Cloud, run: Run, files: Mapping[str, bytes]) -> None:
    results = RunKeys(run.lab, run.run_id).results
    for name, data in files.items():
        cloud.s3.put_object(Bucket=cloud.bucket, Key=results + name, Body=data)


def files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_all_results_come_into_the_folder(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    told = list[int]()
    results = list_results(cloud, run)
    fetched = fetch(cloud, run, results, tmp_path / "new", got=told.append)
    assert files_of(tmp_path / "new") == FILES
    assert (set(fetched.written), fetched.unchanged, fetched.kept) == (set(FILES), (), ())
    assert sum(told) == sum(result.size for result in results) == 15


def test_results_of_several_pages_of_s3_are_all_listed(
    cloud: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")  # 1,000 in S3
    leave(cloud, run, {f"frame{number}": b"" for number in range(3)})
    listed = cloud.s3.list_objects_v2(Bucket=cloud.bucket)
    assert listed["KeyCount"] == 2
    assert len(list_results(cloud, run)) == 5


def test_fetching_again_changes_nothing(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    results = list_results(cloud, run)
    fetch(cloud, run, results, tmp_path)
    again = fetch(cloud, run, results, tmp_path)
    assert (again.written, set(again.unchanged)) == ((), set(FILES))
    assert files_of(tmp_path) == FILES


def test_what_differs_stops_all_of_it(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    mine = {"report.html": b"mine", "config.yaml": b"Task: x"}
    for name, data in mine.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(LabError, match=r"report\.html"):
        fetch(cloud, run, list_results(cloud, run), tmp_path)
    assert files_of(tmp_path) == mine


def test_what_differs_is_kept_aside_each_time(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    results, aside = list_results(cloud, run), f"report.html.before-{run.run_id}"
    for mine in (b"first", b"second"):
        (tmp_path / "report.html").write_bytes(mine)
        fetched = fetch(cloud, run, results, tmp_path, overwrite=True)
    assert fetched.kept == (f"{aside}.2",)
    kept = {aside: b"first", f"{aside}.2": b"second"}
    assert files_of(tmp_path) == {**FILES, **kept}


def test_what_appears_meanwhile_is_kept_aside_with_leave_and_stops_it_without(
    cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    results, rival = list_results(cloud, run), f"{TRAIN}/snapshot-9.pt"
    mine = {"report.html": b"mine", rival: b"made at home"}

    def write_mine(_: int) -> None:
        for name, data in mine.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)

    with pytest.raises(LabError, match=r"differ:\n  report\.html\n  .*snapshot-9\.pt") as refused:
        fetch(cloud, run, results, tmp_path, got=write_mine)
    assert "Nothing was changed. --overwrite" in refused.value.remedy
    in_place = {name: d for name, d in files_of(tmp_path).items() if not name.startswith(".")}
    assert in_place == mine
    for name in mine:
        (tmp_path / name).unlink()

    fetched = fetch(cloud, run, results, tmp_path, overwrite=True, got=write_mine)

    kept = {f"{name}.before-{run.run_id}": data for name, data in mine.items()}
    assert set(fetched.kept) == set(kept)
    assert files_of(tmp_path) == {**FILES, **kept}


def test_what_was_alike_and_is_changed_meanwhile_comes_too(
    cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    results, told = list_results(cloud, run), list[int]()
    (tmp_path / "report.html").write_bytes(FILES["report.html"])

    def change(count: int) -> None:
        told.append(count)
        (tmp_path / "report.html").write_bytes(b"mine")

    fetched = fetch(cloud, run, results, tmp_path, overwrite=True, got=change)
    assert files_of(tmp_path) == {**FILES, f"report.html.before-{run.run_id}": b"mine"}
    assert set(fetched.written) == set(FILES)
    assert sum(told) == sum(result.size for result in results)


def test_what_is_read_to_be_verified_is_told(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    results, read = list_results(cloud, run), list[int]()
    (tmp_path / "report.html").write_bytes(b"REPORT")  # as large as the result
    fetch(cloud, run, results, tmp_path, overwrite=True, read=read.append)
    assert sum(read) == 6 + sum(result.size for result in results)
    read.clear()
    preview(cloud, run, results, tmp_path, read=read.append)
    assert sum(read) == sum(result.size for result in results)


def test_what_another_fetch_left_is_told_until_it_is_gone(
    cloud: Cloud, run: Run, record: Record, tmp_path: Path
) -> None:
    results, told, other = list_results(cloud, run), list[str](), record().run_id
    left = waiting_folder(tmp_path, other)
    left.mkdir()
    (left / "name.part").write_bytes(bytes(2_500_000))
    preview(cloud, run, results, tmp_path, told.append)
    fetch(cloud, run, results, tmp_path, told=told.append)
    assert (
        told
        == [
            f"{left} holds 2.5 MB of run {other}, whose fetch was broken off. To go on with it:"
            f" dlc-batch fetch {other} {tmp_path}. If you don't want it, delete {left.name} there."
        ]
        * 2
    )
    (left / "name.part").unlink()
    left.rmdir()
    waiting_folder(tmp_path, run.run_id).mkdir()  # its own is gone on with
    fetch(cloud, run, results, tmp_path, told=told.append)
    assert len(told) == 2


def test_a_run_without_results_says_how_it_is(cloud: Cloud, record: Record) -> None:
    with pytest.raises(LabError, match="It is RUNNING"):
        list_results(cloud, record(status=Status.RUNNING))
    with pytest.raises(LabError, match=r"It is FAILED\. No labels\."):
        list_results(cloud, record(status=Status.FAILED, message="No labels."))


@pytest.mark.parametrize("name", ["../outside", "a/../../outside", "/etc/passwd"])
def test_results_outside_of_the_folder_are_refused(name: str, cloud: Cloud, run: Run) -> None:
    leave(cloud, run, {name: b""})
    with pytest.raises(LabError, match="outside"):
        list_results(cloud, run)


def test_a_result_that_went_away_leaves_the_folder_as_it_was(
    cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    results = list_results(cloud, run)
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=results[-1].key)
    with pytest.raises(CloudError, match=r"report\.html is gone"):
        fetch(cloud, run, results, tmp_path)
    assert {name.split("/")[0] for name in files_of(tmp_path)} <= {
        waiting_folder(tmp_path, run.run_id).name
    }


TRAIN = "dlc-models-pytorch/train"


@pytest.mark.parametrize("rival", ["snapshot-best-010.pt", "snapshot-200.pt"])
def test_no_other_snapshot_is_left_for_deeplabcut_to_take(
    rival: str, cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    (tmp_path / TRAIN).mkdir(parents=True)
    (tmp_path / TRAIN / rival).write_bytes(b"made at home")
    results = list_results(cloud, run)
    with pytest.raises(LabError, match=rival):
        fetch(cloud, run, results, tmp_path)
    assert files_of(tmp_path) == {f"{TRAIN}/{rival}": b"made at home"}

    fetched = fetch(cloud, run, results, tmp_path, overwrite=True)

    aside = f"{TRAIN}/{rival}.before-{run.run_id}"
    assert fetched.kept == (aside,)
    assert files_of(tmp_path) == {**FILES, aside: b"made at home"}


def test_a_list_of_shuffles_that_only_grows_is_no_difference(
    cloud: Cloud, record: Record, tmp_path: Path
) -> None:
    name = "training-datasets/iteration-0/set/metadata.yaml"
    run = record(status=Status.SUCCEEDED)
    leave(cloud, run, {name: b"shuffles: {a-shuffle1: {}, a-shuffle2: {}}"})
    results = list_results(cloud, run)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("shuffles: {a-shuffle1: {index: 1}}")
    fetch(cloud, run, results, tmp_path)
    assert b"shuffle2" in files_of(tmp_path)[name]

    (tmp_path / name).write_text("shuffles: {a-shuffle3: {}}")
    with pytest.raises(LabError, match=r"metadata\.yaml"):
        fetch(cloud, run, results, tmp_path)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED])
def test_a_run_that_has_not_succeeded_has_no_results(
    status: Status, cloud: Cloud, record: Record
) -> None:
    run = record(status=status)
    leave(cloud, run, FILES)
    with pytest.raises(LabError, match=f"has no results. It is {status}"):
        list_results(cloud, run)


def test_results_that_lack_a_file_are_not_given_as_whole(cloud: Cloud, record: Record) -> None:
    run = record(status=Status.SUCCEEDED, files=(*FILES, "run.json"))
    leave(cloud, run, FILES)
    with pytest.raises(CloudError, match=r"not whole: run\.json"):
        list_results(cloud, run)
