"""Names may be as long as the disk takes them, also that of the file that is kept aside."""

import random
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch.cloud import Cloud
from dlc_batch.fetching import fetch, list_results
from dlc_batch.fetching.names import check_kept, check_lengths, kept_name, longest_name
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

RUN = f"{'x' * 40}-0123456789ab"  # the longest that there is


@pytest.mark.parametrize("name", [f"{'x' * 250}.txt", "ä" * 120, f"{'x' * 200}.txt"])
def test_a_file_with_a_long_name_is_kept_under_a_shorter_one(
    name: str, cloud: Cloud, record: Callable[..., Run], tmp_path: Path
) -> None:
    run = record(status=Status.SUCCEEDED)
    key = RunKeys(run.lab, run.run_id).results + f"figures/{name}"
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"new")
    target = tmp_path / "figures" / name
    target.parent.mkdir()
    kept = list[str]()
    for mine in (b"first", b"second"):
        target.write_bytes(mine)
        kept += fetch(cloud, run, list_results(cloud, run), tmp_path, overwrite=True).kept
        assert target.read_bytes() == b"new"
    assert [(tmp_path / each).read_bytes() for each in kept] == [b"first", b"second"]
    assert kept[0].endswith(f".before-{run.run_id}")
    assert kept[1] == f"{kept[0]}.2"
    assert name.startswith(Path(kept[0]).name.split(".before-")[0])
    assert not list(tmp_path.glob(".dlc-batch-*"))


def test_a_result_whose_name_the_disk_does_not_take_is_told_before(
    cloud: Cloud, record: Callable[..., Run], tmp_path: Path
) -> None:
    run = record(status=Status.SUCCEEDED)
    key = RunKeys(run.lab, run.run_id).results + "a" * 256
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=random.randbytes(10))
    told = list[int]()
    with pytest.raises(LabError, match="takes no names longer than 255 bytes") as refused:
        fetch(cloud, run, list_results(cloud, run), tmp_path / "new" / "er", got=told.append)
    assert "another disk" in refused.value.remedy
    assert told == []
    assert list(tmp_path.glob("new*")) == []


def test_how_long_a_name_may_be_is_asked_of_the_disk(tmp_path: Path) -> None:
    most = longest_name(tmp_path / "not there yet")
    (tmp_path / ("a" * most)).touch()
    with pytest.raises(OSError, match="too long"):
        (tmp_path / ("a" * (most + 1))).touch()
    check_lengths([PurePosixPath("b") / ("a" * most)], tmp_path)


@given(st.text(min_size=1, max_size=255), st.sampled_from([143, 255]))
def test_the_kept_name_fits_and_begins_as_the_file_does(name: str, most: int) -> None:
    name = name.replace("/", "_").replace("\0", "_")
    if len(name.encode(errors="surrogatepass")) > most or name in (".", ".."):  # no file's name
        return
    kept = kept_name(PurePosixPath("/project") / name, RUN, most, "linux")
    head, _, run_id = kept.rpartition(".before-")
    assert run_id == RUN
    assert name.startswith(head)
    assert head
    assert len(f"{kept}.9999".encode(errors="surrogatepass")) <= most


def test_on_windows_the_whole_path_counts() -> None:
    deep = PureWindowsPath("C:\\" + "deep\\" * 30)
    kept = deep / kept_name(deep / ("x" * 90), RUN, 255, "win32")
    assert len(f"{kept}.9999") == 259
    check_kept(kept, "win32")
    deeper = PureWindowsPath("C:\\" + "deep\\" * 45)
    kept = deeper / kept_name(deeper / "x.txt", RUN, 255, "win32")
    with pytest.raises(LabError, match="too long for Windows"):
        check_kept(kept, "win32")
    check_kept(kept, "linux")
