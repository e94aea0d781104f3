"""Keys and run ids: what AWS takes, and the same for the same upload."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_core.errors import UploadKeyError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.keys import (
    CheckpointKeys,
    RunKeys,
    UploadKey,
    is_folder_marker,
    is_lab,
    lab_of,
    parse_upload_key,
    run_id,
)

#: AWS Batch, SubmitJob: up to 128 letters, the first one alphanumeric, then also - and _.
JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
LABS = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
#: S3 takes any UTF-8 of up to 1,024 bytes.
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=200)


@given(lab=LABS, name=NAMES, shuffle=st.integers(1, 999))
def test_job_names_are_such_as_batch_takes(lab: str, name: str, shuffle: int) -> None:
    run = run_id("bucket", f"uploads/{lab}/{name}.zip", "v1")
    assert JOB_NAME.fullmatch(TrainingJob("bucket", lab, run, shuffle).name)


def test_longest_job_name_fits() -> None:
    run = run_id("bucket", f"uploads/x/{'a' * 300}.zip", "v1")
    assert JOB_NAME.fullmatch(TrainingJob("bucket", "l" * 32, run, 999).name)


@given(name=NAMES)
def test_run_ids_are_ascii_words(name: str) -> None:
    run = run_id("bucket", f"uploads/lab/{name}.zip", None)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}-[0-9a-f]{12}", run)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
def test_run_ids_are_equal_for_the_same_upload_only(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    without_nul = [tuple(part.replace("\0", "") for part in each) for each in (one, other)]
    ids = [run_id(*each) for each in without_nul]
    assert (ids[0] == ids[1]) == (without_nul[0] == without_nul[1])
    assert ids[0] == run_id(*without_nul[0])


@pytest.mark.parametrize(
    ("key", "lab", "name"),
    [
        ("uploads/miller/mouse.zip", "miller", "mouse"),
        ("uploads/mouse.zip", "default", "mouse"),
        ("uploads//mouse.zip", "default", "mouse"),  # as when a script's variable is empty
        ("uploads/miller/mouse.ZIP", "miller", "mouse"),
        ("uploads/miller/two words+100%25.zip", "miller", "two words+100%25"),
        ("uploads/miller/Mäuse 1.0.zip", "miller", "Mäuse 1.0"),
    ],
)
def test_keys_are_taken_raw(key: str, lab: str, name: str) -> None:
    assert parse_upload_key(key) == UploadKey(lab, name)
    assert lab_of(key) == lab


@pytest.mark.parametrize(
    ("key", "lab"),
    [
        ("uploads/miller/mouse.rar", "miller"),
        ("uploads/miller/mouse", "miller"),
        ("uploads/miller/.zip", "miller"),
        ("uploads/miller/ .zip", "miller"),
        ("uploads/miller/2024/mouse.zip", "miller"),  # nested folders
        ("uploads/Miller Lab/mouse.zip", "default"),
        ("uploads/" + "x" * 33 + "/mouse.zip", "default"),
    ],
)
def test_other_keys_are_refused_and_some_lab_hears_of_it(key: str, lab: str) -> None:
    with pytest.raises(UploadKeyError) as caught:
        parse_upload_key(key)
    (problem,) = caught.value.problems
    assert problem.where == key
    assert lab_of(key) == lab


@given(NAMES)
def test_any_key_is_read_or_refused(rest: str) -> None:
    key = f"uploads/{rest}"
    assert is_lab(lab_of(key))
    try:
        upload = parse_upload_key(key)
    except UploadKeyError:
        return
    assert parse_upload_key(upload.key) == upload


def test_folder_of_the_console_is_no_upload() -> None:
    assert is_folder_marker("uploads/miller/")
    assert not is_folder_marker("uploads/miller/mouse.zip")


def test_what_lies_outside_of_the_inbox_is_no_upload() -> None:
    with pytest.raises(UploadKeyError):
        parse_upload_key("runs/miller/mouse.zip")


def test_layout() -> None:
    keys = RunKeys("miller", "mouse-0123456789ab")
    assert keys.request == "runs/miller/mouse-0123456789ab/request.json"
    assert keys.results == "runs/miller/mouse-0123456789ab/results/"
    assert keys.shuffle(2).outcome == "runs/miller/mouse-0123456789ab/shuffle2/outcome.json"
    assert keys.shuffle(2).progress == "runs/miller/mouse-0123456789ab/shuffle2/progress.json"
    assert keys.shuffle(2).control == "runs/miller/mouse-0123456789ab/shuffle2/control.json"
    assert keys.shuffle(2).checkpoints == "runs/miller/mouse-0123456789ab/shuffle2/checkpoints/"
    assert keys.shuffle(2).attempts == f"{keys.shuffle(2).checkpoints}attempts.json"
    checkpoints = CheckpointKeys("c/")
    assert (checkpoints.file("ab"), checkpoints.manifest(12)) == ("c/files/ab", "c/000012.json")


@given(numbers=st.lists(st.integers(1, 10**9)))
def test_checkpoints_are_found_among_what_lies_beside_them(numbers: list[int]) -> None:
    keys = CheckpointKeys("runs/miller/mouse-0123456789ab/shuffle2/checkpoints/")
    others = [keys.attempts, keys.file("000001.json"), f"{keys.prefix}12.json", keys.prefix]
    assert keys.numbers([*others, *map(keys.manifest, numbers)]) == numbers
