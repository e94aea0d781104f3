"""Deleting a run for good, and leaving with the data or without it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import down

ROOT = Path(__file__).resolve().parents[2]


def _versions(way: Any, prefix: str) -> list[str]:
    """Every version and delete marker below a prefix."""
    found = way.client("s3").list_object_versions(Bucket=way.bucket, Prefix=prefix)
    return [each["Key"] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, [])]


def test_a_run_is_deleted_for_good_and_its_neighbours_stay(
    way: Any, zip_project: Callable[..., bytes]
) -> None:
    s3, key = way.client("s3"), "uploads/miller/deleted.zip"
    earlier = way.put(zip_project(), key)
    way.ended(earlier)
    run = way.put(zip_project(), key)
    way.ended(run)
    prefix = f"runs/miller/{run}/"
    for body in (b"1", b"22"):
        s3.put_object(Bucket=way.bucket, Key=f"{prefix}results/twice", Body=body)
    s3.delete_object(Bucket=way.bucket, Key=f"{prefix}results/twice")  # hidden, not gone
    s3.create_multipart_upload(Bucket=way.bucket, Key=f"{prefix}results/begun")

    shown = way.command("delete", run)
    assert shown.returncode == 2
    assert "Nothing was deleted" in shown.stderr
    assert way.run(run) is not None
    held = len([name for name in _versions(way, prefix) if not name.endswith("/")])
    answer = json.loads(way.command("delete", run, "--yes", "--json").stdout)

    assert answer["deleted"] is True
    assert answer["objects"] == held - 1 + 1  # without the delete marker, with the upload
    assert way.run(run) is None
    assert _versions(way, prefix) == []
    begun = s3.list_multipart_uploads(Bucket=way.bucket, Prefix=prefix)
    assert begun.get("Uploads", []) == []
    assert len(_versions(way, key)) == 1
    assert way.run(earlier) is not None
    assert _versions(way, f"runs/miller/{earlier}/")
    again = way.command("delete", run, "--yes")
    assert again.returncode == 2
    assert "There is no run" in again.stderr


def test_a_deletion_that_was_cut_off_goes_on(way: Any, zip_project: Callable[..., bytes]) -> None:
    key = "uploads/miller/cut.zip"
    run = way.put(zip_project(), key)
    version = way.ended(run).version_id
    way.client("s3").delete_object(Bucket=way.bucket, Key=key, VersionId=version)
    for name in set(_versions(way, f"runs/miller/{run}/")):
        way.client("s3").delete_object(Bucket=way.bucket, Key=name)

    assert way.command("delete", run, "--yes").returncode == 0
    assert way.run(run) is None
    assert _versions(way, f"runs/miller/{run}/") == []


def test_a_run_that_goes_on_is_not_deleted(way: Any, zip_project: Callable[..., bytes]) -> None:
    run = way.put(zip_project(), "uploads/miller/running.zip")
    way.ended(run)
    way.forget_end(run)
    refused = way.command("delete", run, "--yes")
    assert refused.returncode == 2
    assert f"Run {run} is QUEUED" in refused.stderr
    assert _versions(way, f"runs/miller/{run}/")


@pytest.fixture
def leaving(start_way: Callable[[Path], Any], zip_project: Callable[..., bytes]) -> Any:
    """A stack to leave, with a run in it."""
    way = start_way(ROOT / "template.yaml")
    way.ended(way.put(zip_project(), "uploads/miller/p.zip"))
    yield way
    down(Home(way.cloud.home), print)


def _is_gone(way: Any) -> bool:
    stacks = way.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])
    return way.cloud.stack_name in [each["StackName"] for each in stacks["StackSummaries"]]


def _job_definitions(way: Any) -> list[Any]:
    batch = way.client("batch")
    found = batch.describe_job_definitions()["jobDefinitions"]
    return [each for each in found if each["status"] == "ACTIVE"]


def test_the_data_is_kept_as_told_and_can_be_deleted_later(leaving: Any) -> None:
    way, job = leaving, _begin_a_job(leaving)
    refused = way.command("teardown", "--delete-data", "--yes")
    assert refused.returncode == 2
    assert "These trainings are not over: endless" in refused.stderr
    way.client("batch").terminate_job(jobId=job, reason="test")
    way.wait_for(lambda: _has_ended(way, job), "the end of the job")
    _register_another_revision(way)
    _give_policy_to_people(way)

    kept = way.command("teardown", "--keep-data", "--yes", "--json")

    assert kept.returncode == 0, kept.stderr
    assert _is_gone(way)
    left = {each["kind"]: each for each in json.loads(kept.stdout)["left"]}
    assert left["bucket"]["name"] == way.bucket
    assert left["bucket"]["size"] > 0
    assert left["table"]["name"] == way.cloud.outputs["RunsTable"]
    assert _versions(way, "uploads/miller/")
    assert way.client("dynamodb").scan(TableName=left["table"]["name"])["Count"] == 1
    assert _job_definitions(way) == []
    assert way.client("logs").describe_log_groups()["logGroups"] == []

    assert _policies_of_people(way) == [[], [], []]

    deleted = way.command("teardown", "--delete-data", "--yes")  # of the stack that is gone
    assert deleted.returncode == 0, deleted.stderr
    assert "Nothing that costs is left of it." in deleted.stdout
    _assert_nothing_is_left(way)


def test_the_data_is_deleted_as_told(leaving: Any) -> None:
    way = leaving
    way.client("s3").create_multipart_upload(Bucket=way.bucket, Key="uploads/miller/begun.zip")
    way.client("s3").delete_object(Bucket=way.bucket, Key="uploads/miller/p.zip")
    for refused in (way.command("teardown"), way.command("teardown", "--delete-data")):
        assert refused.returncode in (1, 2)  # which is meant? nobody to ask
    assert not _is_gone(way)

    done = way.command("teardown", "--delete-data", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"stack": way.cloud.stack_name, "left": []}
    assert _is_gone(way)
    _assert_nothing_is_left(way)
    assert way.command("teardown", "--delete-data", "--yes").returncode == 0


def _assert_nothing_is_left(way: Any) -> None:
    with pytest.raises(ClientError, match=r"NoSuchBucket|Not Found|404"):
        way.client("s3").head_bucket(Bucket=way.bucket)
    assert way.client("dynamodb").list_tables()["TableNames"] == []
    assert _job_definitions(way) == []
    assert way.client("logs").describe_log_groups()["logGroups"] == []


def _begin_a_job(way: Any) -> str:
    """A job that goes on until it is ended: its run is nobody's."""
    definition = _job_definitions(way)[0]["jobDefinitionArn"]
    asked = {
        "jobQueue": way.cloud.outputs["JobQueue"],
        "jobDefinition": definition,
        "shareIdentifier": "endless",
    }
    parameters = dict.fromkeys(("bucket", "lab", "run_id", "shuffle"), "endless")
    batch = way.client("batch")
    return str(batch.submit_job(jobName="endless", parameters=parameters, **asked)["jobId"])


def _has_ended(way: Any, job: str) -> bool:
    (found,) = way.client("batch").describe_jobs(jobs=[job])["jobs"]
    return found["status"] in ("SUCCEEDED", "FAILED")


def _register_another_revision(way: Any) -> None:
    """As an update of the stack does, which keeps the earlier one."""
    known = _job_definitions(way)[0]
    names = ("jobDefinitionName", "type", "containerProperties")
    way.client("batch").register_job_definition(**{name: known[name] for name in names})


def _give_policy_to_people(way: Any) -> None:
    iam, policy = way.client("iam"), {"PolicyArn": way.cloud.outputs["ScientistPolicy"]}
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", **policy)
    iam.create_group(GroupName="lab")
    iam.attach_group_policy(GroupName="lab", **policy)
    iam.create_role(RoleName="guest", AssumeRolePolicyDocument='{"Statement": []}')
    iam.attach_role_policy(RoleName="guest", **policy)
    assert [len(each) for each in _policies_of_people(way)] == [1, 1, 1]


def _policies_of_people(way: Any) -> list[list[Any]]:
    iam = way.client("iam")
    answers = [
        iam.list_attached_user_policies(UserName="ann"),
        iam.list_attached_group_policies(GroupName="lab"),
        iam.list_attached_role_policies(RoleName="guest"),
    ]
    return [each["AttachedPolicies"] for each in answers]
