"""The check: all problems at once, and a Check for whatever is uploaded."""

import io
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.problems import Severity
from dlc_batch_core.ranged_file import RangedFile

Zipped = Callable[[Mapping[str, bytes]], bytes]
FRAMES = "mouse/labeled-data/video1"
TABLE = "labeled-data/video1/CollectedData_Ann.csv"


def check(data: bytes) -> Check:
    return check_upload(io.BytesIO(data), "mouse.zip")


def codes_of(found: Check) -> list[str]:
    return [each.code for each in found.problems]


def errors_of(found: Check) -> list[str]:
    return [each.code for each in found.problems if each.severity is Severity.ERROR]


def test_a_good_project_can_be_trained(zipped: Zipped, project_files: dict[str, bytes]) -> None:
    found = check(zipped(project_files))
    assert found.is_trainable
    assert codes_of(found) == ["few-frames", "one-video"]
    assert found.mended == ("config.yaml: `video_sets` lacked labelled videos, now in: video1.",)
    assert found.root == "mouse/"
    assert found.project is not None
    assert found.project.body_parts == ("paw", "nose")


@pytest.mark.parametrize("root", ["", "a/b/c/"])
def test_the_project_may_lie_at_any_depth(
    root: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    moved = {root + path.removeprefix("mouse/"): data for path, data in project_files.items()}
    found = check(zipped(moved))
    assert (found.is_trainable, found.root) == (True, root)


def test_a_zip_without_a_project_is_told(zipped: Zipped) -> None:
    assert codes_of(check(zipped({"readme.txt": b""}))) == ["no-project"]
    assert codes_of(check(zipped({}))) == ["no-project"]


def test_a_zip_with_several_projects_names_them(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    found = check(zipped({**project_files, "rat/config.yaml": b""}))
    assert codes_of(found) == ["several-projects"]
    assert "mouse/, rat/" in found.problems[0].what


@pytest.mark.parametrize(
    ("path", "data", "code", "where"),
    [
        ("mouse/config.yaml", b"Task: [", "yaml-syntax", "config.yaml, line 1"),
        ("mouse/config.yaml", b"num_cameras: 2", "project-3d", "config.yaml"),
        ("mouse/config.yaml", b"\xff\xfe", "text-encoding", "config.yaml"),
        ("mouse/config.yaml", b"#" * 2_000_000, "text-too-long", "config.yaml"),
        ("mouse/dlc-batch.yaml", b"epoch: 1", "request-unknown-key", "dlc-batch.yaml"),
        (f"{FRAMES}/CollectedData_Ann.csv", None, "no-label-table", "labeled-data/"),
        (f"{FRAMES}/img02.png", None, "image-missing", f"{TABLE}, row 5"),
        (f"{FRAMES}/img02.png", b"", "image-unreadable", "labeled-data/video1/img02.png"),
    ],
)
def test_each_fault_is_told_where_it_is(
    path: str,
    data: bytes | None,
    code: str,
    where: str,
    zipped: Zipped,
    project_files: dict[str, bytes],
) -> None:
    changed = {each: old for each, old in project_files.items() if each != path}
    found = check(zipped(changed if data is None else {**changed, path: data}))
    assert not found.is_trainable
    errors = [each for each in found.problems if each.severity is Severity.ERROR]
    assert [(each.code, each.where) for each in errors] == [(code, where)]
    assert errors[0].remedy


def test_labels_of_another_scorer_are_named(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    table = project_files.pop(f"{FRAMES}/CollectedData_Ann.csv")
    found = check(zipped({**project_files, f"{FRAMES}/CollectedData_Bob.csv": table}))
    assert codes_of(found) == ["label-scorer"]
    assert "CollectedData_Bob.csv" in found.problems[0].what


def test_an_engine_that_does_not_exist_is_told_unless_the_request_asks_for_one_that_does(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    config = project_files["mouse/config.yaml"].replace(b"pytorch", b"caffe")
    files = {**project_files, "mouse/config.yaml": config}
    assert errors_of(check(zipped(files))) == ["engine"]
    for engine in (b"pytorch", b"tensorflow"):
        assert check(zipped({**files, "mouse/dlc-batch.yaml": b"engine: " + engine})).is_trainable


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        ("engine: tensorflow\nepochs: 5", "request-engine"),
        ("iterations: 5", "request-engine"),
        ("overrides: {global_scale: 1.0}", "request-override"),  # config.yaml says pytorch
        ("engine: tensorflow\noverrides: {data.train.hflip: true}", "request-override"),
        ("engine: tensorflow\nnet_type: dlcrnet_ms5", "net-type-project"),
        ("engine: tensorflow\nnet_type: rtmpose_m", "net-type"),
    ],
)
def test_what_the_engine_does_not_know_is_told(
    request_text: str, code: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    files = {**project_files, "mouse/dlc-batch.yaml": request_text.encode()}
    assert errors_of(check(zipped(files))) == [code]


@pytest.mark.parametrize("net_type", ["mobilenet_v2_0.35", "efficientnet-b0", "resnet_152"])
def test_networks_of_tensorflow_pass(
    net_type: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    text = f"engine: tensorflow\nnet_type: {net_type}\niterations: 500\n"
    text += "overrides: {global_scale: 1.0, batch_size: 2}\n"
    found = check(zipped({**project_files, "mouse/dlc-batch.yaml": text.encode()}))
    assert errors_of(found) == []


def test_the_shuffle_made_at_home_is_that_of_the_engine(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    place = "dlc-models/iteration-0/reachJan1-trainset95shuffle1/train/pose_cfg.yaml"
    home = b"all_joints_names: [a]\nnet_type: resnet_51\n"
    files = {**project_files, f"mouse/{place}": home}
    assert errors_of(check(zipped(files))) == []
    found = check(zipped({**files, "mouse/dlc-batch.yaml": b"engine: tensorflow"}))
    assert [(each.code, each.where) for each in found.problems if each.code == "net-type"] == [
        ("net-type", place)
    ]


@pytest.mark.parametrize("key", ["Task", "scorer", "date", "bodyparts", "TrainingFraction"])
def test_a_missing_setting_is_named(
    key: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    lines = project_files["mouse/config.yaml"].splitlines(keepends=True)
    config = b"".join(line for line in lines if not line.startswith(key.encode()))
    found = check(zipped({**project_files, "mouse/config.yaml": config}))
    assert errors_of(found) == ["config-missing-key"]
    assert f"`{key}`" in found.problems[0].what


def test_all_faults_are_told_at_once_and_in_a_stable_order(
    zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    faulty = {
        **project_files,
        "mouse/config.yaml": b"scorer: Ann\nbodyparts: [a, a]\nTrainingFraction: 2\n",
        "mouse/dlc-batch.yaml": b"epochs: 0\nseeds: 1\n",
    }
    found = check(zipped(faulty))
    assert len(errors_of(found)) == 6
    backwards = dict(reversed(faulty.items()))
    assert check(zipped(backwards)).problems == found.problems


def mutate(data: bytes, changes: list[tuple[int, int]], end: int) -> bytes:
    changed = bytearray(data)
    for position, value in changes:
        changed[position % len(data)] = value
    return bytes(changed[: len(data) - end])


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
    end=st.one_of(st.just(0), st.integers(0, 100)),
)
def test_any_change_of_bytes_gives_a_check(
    changes: list[tuple[int, int]], end: int, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    data = mutate(zipped(project_files), changes, end)
    remote = RangedFile(lambda start, stop: data[start:stop], len(data), "mouse.zip")
    here, there = check(data), check_upload(remote, "mouse.zip")  # type: ignore[arg-type]
    assert isinstance(here, Check)
    assert there == here
    assert here.is_trainable or all(each.where and each.remedy for each in here.problems)


@given(st.binary(max_size=2000))
def test_any_rubbish_is_no_zip(data: bytes) -> None:
    assert codes_of(check(data)) in (["not-a-zip"], ["zip-cut-off"])


@pytest.mark.parametrize("key", ["Task", "scorer", "date"])
@pytest.mark.parametrize("name", ["/etc/x", "../x", "a\\\\b", "..", "C:x", "a\\x07"])
def test_a_setting_that_becomes_a_folders_name_can_not_lead_elsewhere(
    key: str, name: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    lines = project_files["mouse/config.yaml"].decode().splitlines()
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    config = "\n".join([*kept, f'{key}: "{name}"']).encode()
    found = check(zipped({**project_files, "mouse/config.yaml": config}))
    assert "config-name" in codes_of(found)
    assert not found.is_trainable


@pytest.mark.parametrize("name", ["CollectedData_Ann.h5", "CollectedData_Bob.csv"])
def test_labels_that_would_be_lost_are_an_error(
    name: str, zipped: Zipped, project_files: dict[str, bytes]
) -> None:
    found = check(zipped({**project_files, f"mouse/labeled-data/video2/{name}": b"labels"}))
    assert [p for p in found.problems if p.where.startswith("labeled-data/video2")]
    assert not found.is_trainable
