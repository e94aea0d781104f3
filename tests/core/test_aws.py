"""The services behind the protocols, over real HTTP."""

import uuid
from typing import Any

import pytest
from moto.core.config import default_user_config

from dlc_batch_core.aws import BatchQueue, ObjectStore
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.submission import Upload


@pytest.fixture(scope="module")
def bucket(aws: Any) -> str:
    return aws.make_bucket()


@pytest.fixture
def store(aws: Any) -> ObjectStore:
    return ObjectStore(aws.client("s3"))


def test_one_version_is_read_by_ranges(aws: Any, store: ObjectStore, bucket: str) -> None:
    old = aws.client("s3").put_object(Bucket=bucket, Key="a b+ä.zip", Body=b"0123456789")
    aws.client("s3").put_object(Bucket=bucket, Key="a b+ä.zip", Body=b"new")
    file = store.open(Upload(bucket, "a b+ä.zip", old["VersionId"], 10))
    file.seek(3)
    assert file.read(4) == b"3456"


def test_an_empty_object_is_read_without_a_range(store: ObjectStore, bucket: str) -> None:
    assert store.open(Upload(bucket, "not even there", None, 0)).read() == b""


def test_an_upload_that_was_deleted_since_is_a_problem_of_the_lab(
    aws: Any, store: ObjectStore, bucket: str
) -> None:
    put = aws.client("s3").put_object(Bucket=bucket, Key="gone.zip", Body=b"0123456789")
    aws.client("s3").delete_object(Bucket=bucket, Key="gone.zip", VersionId=put["VersionId"])
    file = store.open(Upload(bucket, "gone.zip", put["VersionId"], 10))
    with pytest.raises(ProjectError, match="deleted before it could be checked"):
        file.read(4)


def test_small_objects_are_put_and_got(store: ObjectStore, bucket: str) -> None:
    store.put(bucket, "runs/x/request.json", "ä")
    assert store.get(bucket, "runs/x/request.json") == "ä".encode()
    assert store.get(bucket, "runs/x/none.json") is None


@pytest.fixture
def queue(aws: Any, monkeypatch: pytest.MonkeyPatch) -> BatchQueue:
    monkeypatch.setitem(default_user_config, "batch", {"use_docker": False})
    batch, name = aws.client("batch"), f"q{uuid.uuid4().hex}"
    environment = batch.create_compute_environment(
        computeEnvironmentName=name, type="UNMANAGED", serviceRole=_role(aws)
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    arn = batch.create_job_queue(
        jobQueueName=name, state="ENABLED", priority=1, computeEnvironmentOrder=order
    )["jobQueueArn"]
    container = {
        "image": "trainer",
        "command": ["--lab", "Ref::lab"],
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "512"},
        ],
    }
    definition = batch.register_job_definition(
        jobDefinitionName=name, type="container", containerProperties=container
    )["jobDefinitionArn"]
    return BatchQueue(batch, arn, definition)


def _role(aws: Any) -> str:
    role = aws.client("iam").create_role(
        RoleName=f"r{uuid.uuid4().hex}", AssumeRolePolicyDocument="{}"
    )
    return str(role["Role"]["Arn"])


def test_a_job_is_submitted_with_its_parameters_and_found_by_its_name(
    aws: Any, queue: BatchQueue
) -> None:
    job = TrainingJob("bucket", "-lab-", "mouse-0123456789ab", 2)
    assert queue.find(job.name) is None
    job_id = queue.submit(job, time_limit_hours=1.5)
    assert queue.find(job.name) == job_id
    assert queue.find(job.name[:-1]) is None
    (found,) = aws.client("batch").describe_jobs(jobs=[job_id])["jobs"]
    assert TrainingJob.from_job(found["parameters"], found["jobName"]) == job
    assert found["timeout"] == {"attemptDurationSeconds": 5400}
