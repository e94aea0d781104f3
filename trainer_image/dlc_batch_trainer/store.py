"""The run's place in S3: what the trainer reads there and writes there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.progress import Progress
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.errors import InfrastructureError, UserError
from dlc_batch_trainer.ingest import WORKERS
from dlc_batch_trainer.transfer import TransferFault

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: A connection for each range in flight, and one for progress. An answer that stands still for
#: so long is asked for anew; without the limit it would be a minute.
_CONFIG = Config(max_pool_connections=WORKERS + 1, connect_timeout=10, read_timeout=20)
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_CHANGED = "PreconditionFailed"
_FIRST_SERVER_ERROR = 500  # HTTP: from here on the fault is S3's, and passes


@dataclass(frozen=True)
class StoredUpload:
    """One version of an upload, read by ranges."""

    client: S3Client
    place: dict[str, Any]  # bucket, key, and what pins the version
    name: str
    size: int  # bytes
    etag: str

    def open(self, start: int, end: int) -> _StoredBody:
        """Ask for a range.

        Raises:
            TransferFault: trying again may help.
            UserError: the upload was deleted or replaced.
            InfrastructureError: the answer is another range.
        """
        try:
            answer = self.client.get_object(**self.place, Range=f"bytes={start}-{end - 1}")
        except ClientError as error:
            if int(error.response["ResponseMetadata"]["HTTPStatusCode"]) >= _FIRST_SERVER_ERROR:
                raise TransferFault(str(error)) from error
            if error.response["Error"]["Code"] in (*_GONE, _CHANGED):
                raise _gone(self.name) from error
            raise
        except BotoCoreError as error:
            raise TransferFault(str(error)) from error
        if answer["ContentLength"] != end - start:  # a proxy that ignores ranges, for one
            raise InfrastructureError(
                f"The storage gave other bytes of {self.name} than were asked for.",
                "Have your admin look at what stands between the job and S3.",
            )
        return _StoredBody(answer["Body"])


@dataclass(frozen=True)
class _StoredBody:
    """An answer of S3 whose faults are told as such."""

    body: Any

    def read(self, count: int) -> bytes:
        try:
            data: bytes = self.body.read(count)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise TransferFault(str(error) or type(error).__name__) from error
        return data

    def close(self) -> None:
        self.body.close()


@dataclass(frozen=True)
class RunStore:
    """Reads and writes the keys of one shuffle of one run."""

    client: S3Client
    bucket: str
    keys: RunKeys
    shuffle: int

    @classmethod
    def from_environment(cls, bucket: str, keys: RunKeys, shuffle: int) -> RunStore:
        return cls(boto3.client("s3", config=_CONFIG), bucket, keys, shuffle)

    def read_request(self) -> RunRequest:
        answer = self.client.get_object(Bucket=self.bucket, Key=self.keys.request)
        return RunRequest.from_json(answer["Body"].read())

    def find_upload(self, run: RunRequest) -> StoredUpload:
        """Find exactly the version of the upload that was checked."""
        place: dict[str, Any] = {"Bucket": run.bucket, "Key": run.key}
        if run.version_id:
            place["VersionId"] = run.version_id
        try:
            head = self.client.head_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise _gone(run.key) from error
            raise
        if not run.version_id:  # the bucket keeps no versions: hold on to what is there now
            place["IfMatch"] = head["ETag"]
        return StoredUpload(self.client, place, run.key, head["ContentLength"], head["ETag"])

    def write_progress(self, progress: Progress) -> None:
        self._put(self.keys.shuffle(self.shuffle).progress, progress.to_json())

    def write_outcome(self, outcome: Outcome) -> None:
        self._put(self.keys.shuffle(self.shuffle).outcome, outcome.to_json())

    def write_results(self, folder: Path) -> tuple[str, ...]:
        """Upload every file of a folder; returns their names relative to results/."""
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        for name in names:
            self.client.upload_file(str(folder / name), self.bucket, self.keys.results + name)
        return tuple(names)

    def _put(self, key: str, text: str) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="application/json"
        )


#: What boto3 raises once its own retries are used up.
STORE_ERRORS = (Boto3Error, BotoCoreError, ClientError)


def _gone(key: str) -> UserError:
    return UserError(f"The upload {key} is gone, or was replaced.", "Upload the project again.")
