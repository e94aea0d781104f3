"""The submit function, fed with events as EventBridge sends them."""

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from dlc_batch_core.keys import run_id

Load = Callable[[str], ModuleType]


def event(bucket: str, key: str, version_id: str | None, size: int) -> dict[str, Any]:
    """As in Amazon S3's user guide, "EventBridge event message structure"."""
    item = {"key": key, "size": size, "etag": "b1946ac92492d2347c6235b4d2611184"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                **item,
                **({"version-id": version_id} if version_id else {}),
                "sequencer": "00617F08299329D189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        },
    }


@pytest.mark.parametrize(
    "key",
    [
        "uploads/miller/two words.zip",
        "uploads/miller/a+b.zip",
        "uploads/miller/100%25.zip",  # a key that holds a percent sign, and no encoded one
        "uploads/miller/Mäuse.zip",
        "uploads/Ann's lab/mouse.zip",
    ],
)
def test_keys_are_taken_as_s3_has_them(key: str, around: Any, load: Load, context: Any) -> None:
    put = around.aws.client("s3").put_object(Bucket=around.bucket, Key=key, Body=b"rubbish")
    load("submit").handler(event(around.bucket, key, put["VersionId"], 7), context)
    (item,) = around.aws.client("dynamodb").scan(TableName=around.table)["Items"]
    assert item["key"]["S"] == key
    assert item["run_id"]["S"] == run_id(around.bucket, key, put["VersionId"])
    assert (item["status"]["S"], item["mail"]["S"]) == ("REJECTED", "sent")
    (mail,) = around.mails()
    assert re.fullmatch(r"\[dlc-batch\] REJECTED: [\w-]+", mail["Subject"], re.ASCII)
    assert key in mail["Message"]
    assert mail["MessageAttributes"]["lab"]["Value"] == item["lab"]["S"]


def test_the_version_of_the_event_is_read_though_another_came_since(
    around: Any, load: Load, context: Any, zipped: Any
) -> None:
    s3, key = around.aws.client("s3"), "uploads/miller/mouse.zip"
    first = s3.put_object(Bucket=around.bucket, Key=key, Body=b"rubbish")["VersionId"]
    s3.put_object(Bucket=around.bucket, Key=key, Body=zipped({"readme": b""}))
    load("submit").handler(event(around.bucket, key, first, 7), context)
    (mail,) = around.mails()
    assert "not a zip" in mail["Message"]


def test_an_event_without_a_version_is_of_a_bucket_without_versions(
    load: Load, around: Any
) -> None:
    detail = event(around.bucket, "uploads/a.zip", None, 5)["detail"]
    upload = load("submit").parse_upload(detail)
    assert (upload.version_id, upload.key, upload.size) == (None, "uploads/a.zip", 5)


def test_the_same_event_twice_is_one_mail(around: Any, load: Load, context: Any) -> None:
    key = "uploads/miller/mouse.zip"
    put = around.aws.client("s3").put_object(Bucket=around.bucket, Key=key, Body=b"")
    app = load("submit")
    for _ in range(2):
        app.handler(event(around.bucket, key, put["VersionId"], 0), context)
    assert len(around.mails()) == 1


def test_a_folder_of_the_console_is_nothing(around: Any, load: Load, context: Any) -> None:
    load("submit").handler(event(around.bucket, "uploads/miller/", None, 0), context)
    assert around.aws.client("dynamodb").scan(TableName=around.table)["Items"] == []
    assert around.mails() == []
