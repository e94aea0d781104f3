"""Uploads that are broken off, and go on: by real requests, through a relay that breaks them."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.client.relay import Relay, relay_to

from dlc_batch.cloud import Cloud
from dlc_batch.submitting import Submitted, send
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import UploadKey, run_id

TARGET = UploadKey("miller", "mouse")
PART = 8 << 20
SIZE, COUNT = 5 * PART + 1000, 6


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(0).randbytes(SIZE)


@pytest.fixture
def archive(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "mouse.zip"
    path.write_bytes(content)
    return path


@pytest.fixture
def relay(aws: Any) -> Iterator[Relay]:
    with relay_to(aws.endpoint_url) as found:
        yield found


@pytest.fixture
def relayed(cloud: Cloud, relay: Relay) -> Cloud:
    return replace(cloud, endpoint_url=relay.url)


def versions(cloud: Cloud) -> list[Any]:
    return list(cloud.s3.list_object_versions(Bucket=cloud.bucket).get("Versions", []))


def unfinished(cloud: Cloud) -> list[Any]:
    return list(cloud.s3.list_multipart_uploads(Bucket=cloud.bucket).get("Uploads", []))


def stored(cloud: Cloud, submitted: Submitted) -> bytes:
    """The one object that is there, which is the run's."""
    (version,) = versions(cloud)
    assert submitted.run_id == run_id(cloud.bucket, submitted.key, version["VersionId"])
    return bytes(cloud.s3.get_object(Bucket=cloud.bucket, Key=submitted.key)["Body"].read())


def fail_after(relay: Relay, parts: int, how: str) -> None:
    """Let so many parts through, and none after them."""
    passes = iter(range(parts))
    relay.broken = lambda kind: how if kind == "part" and next(passes, None) is None else None


CHILD = """
import sys
from pathlib import Path
import boto3
from dlc_batch.cloud import Cloud
from dlc_batch.submitting import send
from dlc_batch_core.keys import UploadKey
url, bucket, archive = sys.argv[1:]
session = boto3.Session("test", "test", region_name="eu-west-1")
cloud = Cloud(session, url, bucket, "table", "queue")
print(send(cloud, Path(archive), UploadKey("miller", "mouse")).run_id)
"""


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_kill_costs_no_part_that_had_arrived(
    after: int, relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, relay.url, cloud.bucket, str(archive)])
    relay.took = lambda count: child.kill() if count == after else None
    assert child.wait(60) == -signal.SIGKILL
    relay.took = lambda _: None
    time.sleep(0.5)  # what the relay has got is on its way
    told = list[int]()
    submitted = send(relayed, archive, TARGET, told.append)
    assert Counter(relay.parts) == dict.fromkeys(range(1, COUNT + 1), 1)
    assert sum(told) == SIZE
    assert stored(cloud, submitted) == content
    assert unfinished(cloud) == []


def test_a_network_that_comes_back_is_waited_for(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    end, said = time.monotonic() + 2, list[str]()
    relay.broken = lambda kind: "gone" if kind == "part" and time.monotonic() < end else None
    submitted = send(relayed, archive, TARGET, say=said.append)
    assert stored(cloud, submitted) == content
    assert [text for text in said if "Trying again for up to 10 minutes" in text] == said[:1]
    assert said[-1] == "It goes on."


@pytest.mark.parametrize(
    ("how", "words"), [("gone", "The upload stopped"), ("expired", "Log in again")]
)
def test_what_does_not_pass_is_told_and_the_repeat_goes_on(
    how: str, words: str, relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    fail_after(relay, 2, how)
    with pytest.raises(CloudError) as told:
        send(relayed, archive, TARGET, minutes=0)
    assert words in str(told.value)
    assert "the same command goes on from there" in told.value.remedy
    assert versions(cloud) == []
    time.sleep(0.5)
    relay.broken = lambda _: None
    assert stored(cloud, send(relayed, archive, TARGET)) == content
    assert Counter(relay.parts) == dict.fromkeys(range(1, COUNT + 1), 1)


@pytest.mark.parametrize("kind", ["create", "part", "complete", "list"])
def test_a_lost_answer_gives_no_second_run(
    kind: str, relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    if kind == "list":
        fail_after(relay, 2, "gone")
        with pytest.raises(CloudError):
            send(relayed, archive, TARGET, minutes=0)
    lost = list[str]()

    def lose_once(asked: str) -> str | None:
        if asked != kind or lost:
            return None
        lost.append(asked)
        return "unanswered"

    relay.broken = lose_once
    submitted = send(relayed, archive, TARGET)
    assert lost == [kind]
    assert stored(cloud, submitted) == content


def test_what_had_arrived_before_the_end_was_told_is_not_sent_again(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    relay.broken = lambda kind: {"complete": "unanswered", "head": "gone"}.get(kind)
    with pytest.raises(CloudError):
        send(relayed, archive, TARGET, minutes=0)
    relay.broken = lambda _: None
    assert stored(cloud, send(relayed, archive, TARGET)) == content
    assert len(relay.parts) == COUNT
    assert len(versions(cloud)) == 1
    send(relayed, archive, TARGET)  # a deliberate second one
    assert len(versions(cloud)) == 2


def test_a_changed_project_starts_anew_and_the_earlier_upload_is_aborted(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    fail_after(relay, 3, "expired")
    with pytest.raises(CloudError):
        send(relayed, archive, TARGET)
    assert len(unfinished(cloud)) == 1
    relay.broken = lambda _: None
    archive.write_bytes(b"x" + content[1:])
    submitted = send(relayed, archive, TARGET)
    assert stored(cloud, submitted) == b"x" + content[1:]
    assert unfinished(cloud) == []
    assert "abort" in relay.kinds


def test_an_upload_that_the_bucket_forgot_starts_anew(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    fail_after(relay, 3, "expired")
    with pytest.raises(CloudError):
        send(relayed, archive, TARGET)
    (upload,) = unfinished(cloud)
    where = {"Bucket": cloud.bucket, "Key": upload["Key"]}
    cloud.s3.abort_multipart_upload(**where, UploadId=upload["UploadId"])
    relay.broken = lambda _: None
    assert stored(cloud, send(relayed, archive, TARGET)) == content


def come_between(cloud: Cloud) -> None:
    """Put another upload of the same name, in parts as ours."""
    where: dict[str, str] = {"Bucket": cloud.bucket, "Key": TARGET.key}
    where["UploadId"] = cloud.s3.create_multipart_upload(**where)["UploadId"]
    part = cloud.s3.upload_part(**where, PartNumber=1, Body=b"another")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    cloud.s3.complete_multipart_upload(**where, MultipartUpload=parts)


def test_an_upload_that_another_came_after_is_known_by_its_version(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path
) -> None:
    asked = list[str]()

    def spoil(kind: str) -> str | None:
        if kind != "complete":
            return None
        asked.append(kind)
        if len(asked) == 1:
            return "unanswered"
        come_between(cloud)
        return "forgotten"

    relay.broken = spoil
    submitted = send(relayed, archive, TARGET)
    newest, ours = versions(cloud)
    assert newest["IsLatest"]
    assert submitted.run_id == run_id(cloud.bucket, submitted.key, ours["VersionId"])
    assert unfinished(cloud) == []


def test_who_may_not_know_of_versions_is_told_what_may_have_become_of_it(
    relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    asked = list[str]()

    def spoil(kind: str) -> str | None:
        if kind == "complete":
            asked.append(kind)
            if len(asked) == 1:
                return "unanswered"
            come_between(cloud)
            return "forgotten"
        return "denied" if kind == "versions" else None

    relay.broken = spoil
    with pytest.raises(LabError, match="no longer knows of the upload") as told:
        send(relayed, archive, TARGET)
    assert "`dlc-batch list`" in told.value.remedy
    relay.broken = lambda _: None
    relay.parts.clear()
    send(relayed, archive, TARGET)
    assert len(relay.parts) == COUNT  # anew
    newest = cloud.s3.get_object(Bucket=cloud.bucket, Key=TARGET.key)["Body"].read()
    assert newest == content


@pytest.mark.parametrize("moment", ["part", "complete"])
def test_an_upload_that_is_aborted_at_work_is_told_and_begins_anew(
    moment: str, relayed: Cloud, cloud: Cloud, relay: Relay, archive: Path, content: bytes
) -> None:
    aborted, lock = list[str](), threading.Lock()

    def abort(kind: str) -> str | None:
        with lock:
            if kind == moment and not aborted and (moment == "complete" or relay.parts):
                (upload,) = unfinished(cloud)
                aborted.append(upload["UploadId"])
                where = {"Bucket": cloud.bucket, "Key": upload["Key"]}
                cloud.s3.abort_multipart_upload(**where, UploadId=upload["UploadId"])
        return "forgotten" if aborted and kind in ("part", "complete") else None

    relay.broken = abort
    with pytest.raises(LabError, match="no longer knows of the upload of uploads/miller/mouse"):
        send(relayed, archive, TARGET)
    assert len(aborted) == 1
    assert versions(cloud) == []
    relay.broken = lambda _: None
    assert stored(cloud, send(relayed, archive, TARGET)) == content


def test_what_is_read_before_it_is_sent_is_told(cloud: Cloud, archive: Path) -> None:
    told = list[tuple[str, int]]()
    send(
        cloud,
        archive,
        TARGET,
        lambda count: told.append(("sent", count)),
        read=lambda count: told.append(("read", count)),
    )
    names = [name for name, _ in told]
    assert names == sorted(names)  # all is read before anything is sent
    assert sum(count for name, count in told if name == "read") == SIZE
    assert names.count("read") > 10


def start_child(cloud: Cloud, url: str, archive: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, url, cloud.bucket, str(archive)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_at_once_are_one(
    cloud: Cloud, relay: Relay, archive: Path, cache: Path, content: bytes
) -> None:
    at_work, may_go_on = threading.Event(), threading.Event()

    def hold(_: int) -> None:
        at_work.set()
        assert may_go_on.wait(60)

    relay.took = hold
    first = start_child(cloud, relay.url, archive)
    try:
        assert at_work.wait(60)
        second = start_child(cloud, relay.url, archive)
        _, refused = second.communicate(timeout=60)
        send(cloud, archive, UploadKey("miller", "another name"))
    finally:
        may_go_on.set()
    out, err = first.communicate(timeout=60)
    assert (first.returncode, err) == (0, "")
    assert second.returncode == 1
    assert "LabError: Another process on this computer is sending" in refused
    mine = [each for each in versions(cloud) if each["Key"] == TARGET.key]
    assert [run_id(cloud.bucket, TARGET.key, each["VersionId"]) for each in mine] == [out.strip()]
    assert Counter(relay.parts) == dict.fromkeys(range(1, COUNT + 1), 1)
    assert cloud.s3.get_object(Bucket=cloud.bucket, Key=TARGET.key)["Body"].read() == content
    assert not [path for path in cache.rglob("*") if path.suffix != ".lock" and path.is_file()]
