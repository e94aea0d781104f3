"""Every version of what lies below a prefix of a bucket, to be deleted for good.

Where a bucket keeps versions, deleting an object only hides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlc_batch_core.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Held:
    """How much lies somewhere, hidden versions too."""

    objects: int = 0
    size: int = 0  # bytes

    def __add__(self, other: Held) -> Held:
        return Held(self.objects + other.objects, self.size + other.size)


@dataclass(frozen=True)
class ObjectVersions:
    """All versions below a prefix; of the whole bucket where it is empty."""

    s3: S3Client
    bucket: str
    prefix: str = ""

    def measure(self) -> Held:
        """Count them."""
        pages = [page.get("Versions", []) for page in self._pages()]
        sizes = [version["Size"] for versions in pages for version in versions]
        return Held(len(sizes), sum(sizes))

    def delete(self, deleted: Callable[[int], object] = lambda _: None) -> None:
        """Delete them for good, and what is left of uploads in parts; safe to repeat.

        Args:
            deleted: is told how many objects have gone, as they go.

        Raises:
            CloudError: S3 keeps some.
        """
        for page in self._pages():  # as many as DeleteObjects takes: 1,000
            versions = page.get("Versions", [])
            self._delete_all([*versions, *page.get("DeleteMarkers", [])])
            deleted(len(versions))
        uploads = self.s3.get_paginator("list_multipart_uploads")
        for found in uploads.paginate(Bucket=self.bucket, Prefix=self.prefix):
            for each in found.get("Uploads", []):
                self.s3.abort_multipart_upload(
                    Bucket=self.bucket, Key=each["Key"], UploadId=each["UploadId"]
                )

    def _pages(self) -> Iterator[Any]:
        pages = self.s3.get_paginator("list_object_versions")
        yield from pages.paginate(Bucket=self.bucket, Prefix=self.prefix)

    def _delete_all(self, versions: list[Any]) -> None:
        if not versions:
            return
        named: list[Any] = [{"Key": e["Key"], "VersionId": e["VersionId"]} for e in versions]
        answer = self.s3.delete_objects(
            Bucket=self.bucket, Delete={"Objects": named, "Quiet": True}
        )
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise CloudError(
                f"S3 did not delete {first.get('Key')}: {first.get('Message')}.",
                "With the permission s3:DeleteObjectVersion, say it again: it goes on.",
            )
