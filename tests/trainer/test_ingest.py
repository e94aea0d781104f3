"""Members are fetched by ranges and written as they arrive, whatever the network does."""

from __future__ import annotations

import hashlib
import random
import tracemalloc
import zipfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trainer.local_source import LocalSource

from dlc_batch_core.intake import Intake
from dlc_batch_core.limits import Limits
from dlc_batch_trainer import ingest as ingesting
from dlc_batch_trainer import transfer
from dlc_batch_trainer.errors import InfrastructureError
from dlc_batch_trainer.ingest import GAP_BYTES, RANGE_BYTES, WORKERS, Ingest, plan_ranges
from dlc_batch_trainer.transfer import CHUNK_BYTES, MAX_FAULTS, RangeStream, Stopped

FOLDER = "labeled-data/v"


@pytest.fixture(autouse=True)
def _brief_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(transfer, "LONGEST_PAUSE", 0.0)


def make_zip(target: Path, files: Iterable[tuple[str, bytes, int]]) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for name, content, method in files:
            archive.writestr(name, content, method)
    return target


def frames_of(count: int, size: int) -> list[tuple[str, bytes, int]]:
    noise = random.Random(3).randbytes(size + count)
    stored = zipfile.ZIP_STORED
    return [(f"{FOLDER}/{n:05}.png", noise[n : n + size], stored) for n in range(count)]


def written(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def ignore(_done: int, _total: int) -> None:
    """Hear nothing of the progress."""


def begin(source: LocalSource) -> Ingest:
    return Ingest.begin(source, Intake(""), Limits())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_files_are_the_same_however_the_bytes_come(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("case")
    sizes = data.draw(st.lists(st.integers(0, 200_000), min_size=1, max_size=8))
    methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    suffixes = st.sampled_from([".png", ".h5"])  # the latter are left in the zip
    files = [
        (
            f"{FOLDER}/{n}{data.draw(suffixes)}",
            random.Random(n).randbytes(size),
            data.draw(methods),
        )
        for n, size in enumerate(sizes)
    ]
    upload = make_zip(folder / "u.zip", files)
    cuts = data.draw(st.sets(st.integers(1, 12), max_size=6))
    most = data.draw(st.sampled_from([1_000, 70_000, CHUNK_BYTES]))
    source = LocalSource(upload, breaks=lambda request, _given: request in cuts, most=most)
    (folder / "out").mkdir()
    begin(source).write(folder / "out", ignore)
    assert written(folder / "out") == {n: c for n, c, _ in files if n.endswith(".png")}


def test_small_neighbours_share_a_request(tmp_path: Path) -> None:
    source = LocalSource(make_zip(tmp_path / "u.zip", frames_of(5000, 4000)))
    ingest = begin(source)
    for_directory = len(source.asked)
    (tmp_path / "out").mkdir()
    ingest.write(tmp_path / "out", ignore)
    assert len(written(tmp_path / "out")) == 5000
    assert for_directory <= 2
    assert len(source.asked) - for_directory <= 20_000_000 // RANGE_BYTES + 1


def test_ranges_cover_each_member_once_and_pass_over_large_gaps(tmp_path: Path) -> None:
    film = ("videos/film.mp4", bytes(2 * GAP_BYTES), zipfile.ZIP_STORED)
    small = (f"{FOLDER}/a.h5", bytes(GAP_BYTES // 2), zipfile.ZIP_STORED)
    first, second, third = frames_of(3, 1000)
    ingest = begin(LocalSource(make_zip(tmp_path / "u.zip", [first, film, second, small, third])))
    ranges = plan_ranges(ingest.members, ingest.archive.end_of)
    assert [len(each.members) for each in ranges] == [1, 2]
    assert all(a.end <= b.start for a, b in pairwise(ranges))


def test_a_fault_in_mid_body_is_taken_up_where_it_was(tmp_path: Path) -> None:
    files = frames_of(4, 3_000_000)
    source = LocalSource(
        make_zip(tmp_path / "u.zip", files), lambda _request, given: given > 1_000_000
    )
    (tmp_path / "out").mkdir()
    begin(source).write(tmp_path / "out", ignore)
    assert written(tmp_path / "out") == {name: content for name, content, _ in files}
    asked = sum(end - start for start, end in source.asked)
    assert asked > source.size  # it did break
    starts = [start for start, _ in source.asked]
    assert len(set(starts)) == len(starts), "a part was asked for twice"


def test_a_network_that_stays_away_is_given_up(tmp_path: Path) -> None:
    upload = make_zip(tmp_path / "u.zip", frames_of(2, 3_000_000))
    asked_for_directory = len(begin_and_count(upload).asked)
    source = LocalSource(upload, lambda request, _given: request > asked_for_directory)
    (tmp_path / "out").mkdir()
    with pytest.raises(InfrastructureError, match=r"connection reset|no route"):
        begin(source).write(tmp_path / "out", ignore)
    assert len(source.asked) <= asked_for_directory + 2 * MAX_FAULTS
    assert written(tmp_path / "out") == {}
    assert not (tmp_path / "out.drafts").exists()


def begin_and_count(upload: Path) -> LocalSource:
    source = LocalSource(upload)
    begin(source)
    return source


def test_memory_is_bounded(tmp_path: Path) -> None:
    frames = [*frames_of(40, 1_000_000), (f"{FOLDER}/a.bmp", bytes(50 << 20), 8)]
    ingest = begin(LocalSource(make_zip(tmp_path / "u.zip", frames)))
    (tmp_path / "out").mkdir()
    tracemalloc.start()
    ingest.write(tmp_path / "out", ignore)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * WORKERS * CHUNK_BYTES


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    ingest = begin(LocalSource(make_zip(tmp_path / "u.zip", frames_of(30, 1_000_000))))
    told: list[tuple[int, int]] = []
    (tmp_path / "out").mkdir()
    ingest.write(tmp_path / "out", lambda done, total: told.append((done, total)))
    assert len(told) >= 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (30_000_000, 30_000_000)


def test_an_interruption_stops_all_ranges(tmp_path: Path) -> None:
    source = LocalSource(make_zip(tmp_path / "u.zip", frames_of(200, 500_000)), most=20_000)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "out").mkdir()
    with pytest.raises(KeyboardInterrupt):
        begin(source).write(tmp_path / "out", interrupt)
    assert len(written(tmp_path / "out")) < 200
    assert not (tmp_path / "out.drafts").exists()


def test_who_is_stopped_reads_no_more(tmp_path: Path) -> None:
    source = LocalSource(make_zip(tmp_path / "u.zip", frames_of(1, 10)))
    with pytest.raises(Stopped):
        RangeStream(source, 0, 10, lambda _seconds: True).take(10)
    assert source.asked == []


def test_too_small_a_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "_DISK_FACTOR", 1 << 50)
    ingest = begin(LocalSource(make_zip(tmp_path / "u.zip", frames_of(1, 1000))))
    with pytest.raises(InfrastructureError, match=r"GB free; this project needs"):
        ingest.write(tmp_path, ignore)


def test_the_listing_identifies_the_files_whatever_the_zip(tmp_path: Path) -> None:
    files = frames_of(5, 1000)
    one = begin(LocalSource(make_zip(tmp_path / "1.zip", files)))
    packed = [(f"home/p/{n}", c, zipfile.ZIP_DEFLATED) for n, c, _ in reversed(files)]
    other = make_zip(tmp_path / "2.zip", [*packed, ("home/p/videos/v.mp4", b"film", 0)])
    two = Ingest.begin(LocalSource(other), Intake("home/p/"), Limits())
    assert one.facts() == two.facts()
    changed = [(files[0][0], files[1][1], 0), *files[1:]]
    three = begin(LocalSource(make_zip(tmp_path / "3.zip", changed)))
    assert three.facts()["listing_sha256"] != one.facts()["listing_sha256"]
    assert three.facts()["bytes"] == one.facts()["bytes"] == 5000
    assert len(str(one.facts()["listing_sha256"])) == hashlib.sha256().digest_size * 2
