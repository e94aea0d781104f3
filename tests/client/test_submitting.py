"""Sending: into the lab's inbox, and the run's id as the cloud will have it."""

from pathlib import Path
from typing import Any

import boto3
import pytest

from dlc_batch.cloud import Cloud
from dlc_batch.submitting import send, upload_key
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import UploadKey, run_id


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "mouse.zip"
    path.write_bytes(b"zip" * 1000)
    return path


def test_the_run_is_that_of_the_uploaded_version(cloud: Cloud, archive: Path) -> None:
    told = list[int]()
    target = UploadKey("miller", "two words+ä")
    submitted = send(cloud, archive, target, told.append)
    versions = cloud.s3.list_object_versions(Bucket=cloud.bucket)["Versions"]
    (version,) = versions
    assert version["Key"] == submitted.key == "uploads/miller/two words+ä.zip"
    assert submitted.run_id == run_id(cloud.bucket, submitted.key, version["VersionId"])
    assert submitted.lab == "miller"
    assert sum(told) == archive.stat().st_size
    got = cloud.s3.get_object(Bucket=cloud.bucket, Key=submitted.key)["Body"].read()
    assert got == archive.read_bytes()


def test_sending_again_is_another_run(cloud: Cloud, archive: Path) -> None:
    target = UploadKey("miller", "mouse")
    assert send(cloud, archive, target) != send(cloud, archive, target)


@pytest.mark.parametrize("lab", ["", "Miller", "a b", "a/b", "x" * 33, "ä"])
def test_a_name_that_can_stand_for_no_lab_is_told(lab: str) -> None:
    with pytest.raises(LabError):
        upload_key(lab, "mouse")


@pytest.mark.parametrize("name", ["", "  ", "a/b"])
def test_a_name_that_can_stand_for_no_project_is_told(name: str) -> None:
    with pytest.raises(LabError):
        upload_key("miller", name)


def test_a_missing_bucket_is_told_plainly(aws: Any, archive: Path) -> None:
    nowhere = Cloud(aws.session, aws.endpoint_url, "no-such-bucket", "table", "queue")
    with pytest.raises(CloudError, match="The upload stopped"):
        send(nowhere, archive, UploadKey("miller", "mouse"))


def test_a_network_that_is_away_is_waited_for(archive: Path, closed_port: str) -> None:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    cloud, told = Cloud(session, closed_port, "b", "t", "q"), list[str]()
    with pytest.raises(CloudError, match="The upload stopped"):
        send(cloud, archive, UploadKey("miller", "mouse"), say=told.append, minutes=0.02)
    assert ["Trying again" in each for each in told] == [True]
