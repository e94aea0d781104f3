"""A remote object reads as a plain file, by few requests."""

import io
import os
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.check import check_upload
from dlc_batch_core.errors import CloudError, ProjectError
from dlc_batch_core.ranged_file import MAX_READ_BYTES, RangedFile

DATA = os.urandom(3_000_000)  # larger than the tail and a read-ahead together


def ranged(data: bytes) -> RangedFile:
    def fetch(start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(data), "S3 refuses such a range"
        return data[start:end]

    return RangedFile(fetch, len(data), "x.zip")


STEPS = st.one_of(
    st.tuples(st.just("seek"), st.integers(0, 3_100_000), st.just(io.SEEK_SET)),
    st.tuples(st.just("seek"), st.integers(-3_000_000, 100), st.just(io.SEEK_END)),
    st.tuples(st.just("seek"), st.integers(0, 100_000), st.just(io.SEEK_CUR)),
    st.tuples(st.just("read"), st.integers(0, 100_000)),
    st.tuples(st.just("read"), st.just(-1)),
    st.tuples(st.just("tell")),
)


@given(size=st.integers(0, 3_000_000), steps=st.lists(STEPS, max_size=12))
def test_it_reads_as_a_plain_file(size: int, steps: list[tuple[object, ...]]) -> None:
    plain, remote = io.BytesIO(DATA[:size]), ranged(DATA[:size])
    for name, *arguments in steps:
        if name == "seek" and arguments[1] == io.SEEK_END:
            arguments[0] = max(arguments[0], -size)
        if remote.bytes_read + size > MAX_READ_BYTES:
            return
        assert getattr(remote, name)(*arguments) == getattr(plain, name)(*arguments)


@given(start=st.integers(-(2**33), 2**33), length=st.integers(0, 2**20))
def test_a_prefetch_of_any_range_asks_for_what_is_there(start: int, length: int) -> None:
    file = ranged(DATA)
    file.prefetch(start, length)
    assert file.requests <= 1
    file.seek(0)
    assert file.read(10) == DATA[:10]


#: All that a check reads of a PNG: 640 x 480 pixels.
PNG_HEAD = b"\x89PNG\r\n\x1a\n" + struct.pack(">L4sLL", 13, b"IHDR", 640, 480)


def big_zip(members: int, member_bytes: int) -> bytes:
    target, frame = io.BytesIO(), PNG_HEAD + os.urandom(member_bytes)
    rows = [f"labeled-data/v/img{number:05}.png,{number % 600},9" for number in range(members)]
    table = "\n".join(["scorer,Ann,Ann", "bodyparts,a,a", "coords,x,y", *rows])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        config = "Task: t\nscorer: Ann\ndate: d\nbodyparts: [a]\nTrainingFraction: [0.9]\n"
        archive.writestr("mouse/config.yaml", config)
        archive.writestr("mouse/labeled-data/v/CollectedData_Ann.csv", table)
        for number in range(members):
            archive.writestr(f"mouse/labeled-data/v/img{number:05}.png", frame)
        archive.writestr("mouse/dlc-batch.yaml", "epochs: 3\n")
    return target.getvalue()


def test_a_zip_of_5000_frames_is_checked_by_few_requests() -> None:
    data = big_zip(5_000, 24_000)
    file = ranged(data)
    found = check_upload(file, "mouse.zip")  # type: ignore[arg-type]
    assert found.is_trainable
    assert found.request is not None
    assert found.request.epochs == 3
    assert file.requests <= 6
    assert file.bytes_read < len(data) / 50


def test_more_than_the_limit_is_never_read() -> None:
    size = 10 * MAX_READ_BYTES
    file = RangedFile(lambda start, end: bytes(end - start), size, "x.zip")
    with pytest.raises(ProjectError) as caught:
        file.read()
    assert [each.code for each in caught.value.problems] == ["zip-directory-too-large"]
    assert file.bytes_read <= MAX_READ_BYTES


def time_out(_start: int, _end: int) -> bytes:
    raise TimeoutError  # an OSError, as some of botocore's errors are


def too_little(start: int, end: int) -> bytes:
    return bytes(end - start - 1)


@pytest.mark.parametrize("fetch", [time_out, too_little])
def test_a_failing_storage_is_not_taken_for_a_broken_zip(
    fetch: Callable[[int, int], bytes],
) -> None:
    with pytest.raises(CloudError):
        check_upload(RangedFile(fetch, 5_000_000, "x.zip"), "x.zip")  # type: ignore[arg-type]
