"""Finding out whether an upload arrived whose answer was lost: we know our own by its mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from dlc_batch.cloud import code_of
from dlc_batch.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: In the object's metadata.
MARK = "dlc-batch-submission"
#: Likewise: the SHA-256 of the zip, by which the same content is known again.
DIGEST = "dlc-batch-sha256"
_DENIED = "AccessDenied"
#: Who may not list the bucket is told 403 for what is not there.
_NOT_THERE = ("403", "404")
#: That are looked at, the newest first: it was sent some minutes ago.
_MOST_VERSIONS = 20


@dataclass(frozen=True)
class Place:
    """An object that is to be."""

    s3: S3Client
    bucket: str
    key: str


@dataclass(frozen=True)
class Stored:
    """An object that is."""

    version_id: str | None


def find_arrived(place: Place, mark: str, size: int, patience: Patience) -> Stored | None:
    """Return the object that has a mark: the newest of its name, or one that another came after.

    Args:
        size: of the object, in bytes.

    Raises:
        BotoCoreError, ClientError: S3 can't be asked.
    """
    newest = _with_mark(place, mark, patience)
    if newest is not None:
        return newest
    for version_id in _versions(place, size, patience):
        if found := _with_mark(place, mark, patience, VersionId=version_id):
            return found
    return None


def _with_mark(place: Place, mark: str, patience: Patience, **version: Any) -> Stored | None:
    try:
        head = patience.call(
            lambda: place.s3.head_object(Bucket=place.bucket, Key=place.key, **version)
        )
    except botocore.exceptions.ClientError as error:
        if code_of(error) in _NOT_THERE:
            return None
        raise
    return Stored(head.get("VersionId")) if head["Metadata"].get(MARK) == mark else None


def _versions(place: Place, size: int, patience: Patience) -> list[str]:
    """Return versions of a size; none to who may not know of them, such as a scientist."""
    try:
        answer = patience.call(
            lambda: place.s3.list_object_versions(Bucket=place.bucket, Prefix=place.key)
        )
    except botocore.exceptions.ClientError as error:
        if code_of(error) == _DENIED:
            return []
        raise
    found = [each for each in answer.get("Versions", []) if each["Key"] == place.key]
    return [each["VersionId"] for each in found if each["Size"] == size][:_MOST_VERSIONS]
