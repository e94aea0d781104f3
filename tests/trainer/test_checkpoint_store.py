"""Checkpoints in a bucket over HTTP: whole or not at all, and never more than needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from dlc_batch_trainer.checkpoint_store import CheckpointStore
from dlc_batch_trainer.checkpoint_uploads import CheckpointUploads
from dlc_batch_trainer.plan import (
    Best,
    Position,
    TrainingPlan,
    checkpoint_folder,
    new_checkpoint,
    read_checkpoint,
)

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "runs/somelab/tiny-0123456789ab/shuffle1/checkpoints/"


@pytest.fixture
def store(bench: Bench) -> CheckpointStore:
    return CheckpointStore(bench.s3, bench.bucket, PREFIX)


def anew(store: CheckpointStore) -> CheckpointStore:
    """The store as the next attempt sees it."""
    return CheckpointStore(store.client, store.bucket, store.prefix)


def write_checkpoint(folder: Path, epoch: int, best: bytes = b"best") -> Path:
    plan = TrainingPlan(
        config_path=folder / "config.yaml",
        shuffle=1,
        trainset=0,
        model_folder=folder,
        settings={},
        seed=3,
        weights="random",
        scratch=folder,
        checkpoints=folder / "checkpoints",
        checkpoint_seconds=600,
        halvings=1,
    )
    position = Position(1, epoch, 4)
    with new_checkpoint(plan, epoch, position, Best(epoch, 2.5)) as draft:
        (draft / "state.pt").write_bytes(b"state %d" % epoch)
        (draft / "best.pt").write_bytes(best)
    return checkpoint_folder(plan, epoch, position)


def keys(store: CheckpointStore) -> list[str]:
    answer = store.client.list_objects_v2(Bucket=store.bucket, Prefix=PREFIX)
    return [each["Key"].removeprefix(PREFIX) for each in answer.get("Contents", [])]


def test_comes_back_as_it_was(store: CheckpointStore, tmp_path: Path) -> None:
    store.save(write_checkpoint(tmp_path, 3))
    found = anew(store).restore(tmp_path / "resume")
    assert found is not None
    assert (tmp_path / "resume/state.pt").read_bytes() == b"state 3"
    content = read_checkpoint(tmp_path / "resume")
    assert content["position"] == Position(1, 3, 4)
    assert content["best"] == Best(3, 2.5)
    assert (content["seed"], content["halvings"]) == (3, 1)


def test_nothing_to_go_on_from(store: CheckpointStore, tmp_path: Path) -> None:
    assert store.restore(tmp_path / "resume") is None
    assert not (tmp_path / "resume").exists()
    assert store.read_attempts() == []


def test_the_newest_is_taken_and_few_are_kept(store: CheckpointStore, tmp_path: Path) -> None:
    for epoch in range(1, 6):
        store.save(write_checkpoint(tmp_path, epoch))
    found = anew(store).restore(tmp_path / "resume")
    assert found is not None
    assert found.position["position"]["epoch"] == 5
    names = keys(store)
    assert len([name for name in names if name.endswith(".json")]) == 2
    # two states and the one best that both have
    assert len([name for name in names if name.startswith("files/")]) == 3


def test_equal_content_is_uploaded_once(store: CheckpointStore, tmp_path: Path) -> None:
    first = store.save(write_checkpoint(tmp_path, 1))
    key = f"{PREFIX}files/{first.files['best.pt']}"
    before = store.client.head_object(Bucket=store.bucket, Key=key)["VersionId"]
    store.save(write_checkpoint(tmp_path, 2))
    assert store.client.head_object(Bucket=store.bucket, Key=key)["VersionId"] == before


def test_everything_bears_the_tag_by_which_the_bucket_forgets_it(
    store: CheckpointStore, tmp_path: Path
) -> None:
    store.save(write_checkpoint(tmp_path, 1))
    store.write_attempts([{"attempt": 1}])
    template = yaml_parse((ROOT / "template.yaml").read_text())
    rules = template["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if rule["Id"] == "forget-checkpoints"]
    assert len(keys(store)) == 4
    for key in keys(store):
        tags = store.client.get_object_tagging(Bucket=store.bucket, Key=PREFIX + key)["TagSet"]
        assert tags == rule["TagFilters"]


def test_files_without_a_manifest_are_no_checkpoint(
    store: CheckpointStore, tmp_path: Path
) -> None:
    """As after a kill between the last file and its manifest."""
    store.save(write_checkpoint(tmp_path, 1))
    second = store.save(write_checkpoint(tmp_path, 2))
    store.client.delete_object(Bucket=store.bucket, Key=f"{PREFIX}{second.number:06}.json")
    found = anew(store).restore(tmp_path / "resume")
    assert found is not None
    assert found.position["position"]["epoch"] == 1


@pytest.mark.parametrize("damage", ["missing", "changed", "manifest"])
def test_what_is_not_whole_is_passed_over(
    store: CheckpointStore, tmp_path: Path, damage: str, capsys: Any
) -> None:
    store.save(write_checkpoint(tmp_path, 1))
    second = store.save(write_checkpoint(tmp_path, 2))
    key = f"{PREFIX}files/{second.files['state.pt']}"
    if damage == "missing":
        store.client.delete_object(Bucket=store.bucket, Key=key)
    elif damage == "changed":
        store.client.put_object(Bucket=store.bucket, Key=key, Body=b"state ?")
    else:
        key = f"{PREFIX}{second.number:06}.json"
        store.client.put_object(Bucket=store.bucket, Key=key, Body=b'{"files": {"../x": "1"}}')
    found = anew(store).restore(tmp_path / "resume")
    assert found is not None
    assert found.position["position"]["epoch"] == 1
    assert (tmp_path / "resume/state.pt").read_bytes() == b"state 1"
    assert "was passed over" in capsys.readouterr().out


def test_numbers_go_on_after_a_restart(store: CheckpointStore, tmp_path: Path) -> None:
    first = store.save(write_checkpoint(tmp_path, 1))
    again = anew(store).save(write_checkpoint(tmp_path, 2))
    assert again.number == first.number + 1


def test_attempts_are_remembered(store: CheckpointStore) -> None:
    attempts = [{"attempt": 1, "ended": None}, {"attempt": 2, "ended": "interrupted"}]
    store.write_attempts(attempts)
    assert anew(store).read_attempts() == attempts
    assert json.loads(store._get(store.keys.attempts))["schema_version"] == 1


def test_uploads_beside_the_training(store: CheckpointStore, tmp_path: Path) -> None:
    uploads = CheckpointUploads(store)
    folders = [write_checkpoint(tmp_path, epoch) for epoch in range(1, 4)]
    for folder in folders:
        uploads.add(folder)
    assert uploads.finish(20)
    assert uploads.newest is not None
    assert uploads.newest.position["position"]["epoch"] == 3
    assert not any(folder.exists() for folder in folders)


def test_uploads_wait_while_s3_refuses(bench: Bench, tmp_path: Path) -> None:
    """The bucket comes to be only later: until then every write is refused."""
    store = CheckpointStore(bench.s3, f"{bench.bucket}-later", PREFIX)
    uploads = CheckpointUploads(store)
    uploads.add(write_checkpoint(tmp_path, 1))
    place = {"LocationConstraint": "eu-central-1"}
    bench.s3.create_bucket(Bucket=store.bucket, CreateBucketConfiguration=place)
    assert uploads.finish(30)
    assert anew(store).restore(tmp_path / "resume") is not None


def test_unfinished_uploads_are_told(bench: Bench, tmp_path: Path) -> None:
    uploads = CheckpointUploads(CheckpointStore(bench.s3, "no-such-bucket-at-all", PREFIX))
    uploads.add(write_checkpoint(tmp_path, 1))
    assert not uploads.finish(1.5)
