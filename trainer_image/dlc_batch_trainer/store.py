"""The run's place in S3: what the trainer reads there and writes there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.progress import Progress
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.errors import InfrastructureError, UserError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Room that inflating, the data set and snapshots need beside the upload, as a multiple of it.
DISK_FACTOR = 3


@dataclass(frozen=True)
class RunStore:
    """Reads and writes the keys of one shuffle of one run."""

    client: S3Client
    bucket: str
    keys: RunKeys
    shuffle: int

    @classmethod
    def from_environment(cls, bucket: str, keys: RunKeys, shuffle: int) -> RunStore:
        return cls(boto3.client("s3"), bucket, keys, shuffle)

    def read_request(self) -> RunRequest:
        answer = self.client.get_object(Bucket=self.bucket, Key=self.keys.request)
        return RunRequest.from_json(answer["Body"].read())

    def download(self, run: RunRequest, target: Path) -> None:
        """Bring exactly the version of the upload that was checked."""
        version = {"VersionId": run.version_id} if run.version_id else {}
        try:
            head = self.client.head_object(Bucket=run.bucket, Key=run.key, **version)  # type: ignore[arg-type]  # boto3 takes no None
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchVersion"):
                raise UserError(
                    f"The upload {run.key} is gone.", "Upload the project again."
                ) from error
            raise
        _require_room(target.parent, head["ContentLength"] * DISK_FACTOR)
        self.client.download_file(run.bucket, run.key, str(target), ExtraArgs=version)

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


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InfrastructureError(
            f"The disk has {free / 1e9:.1f} GB free; this upload needs {needed / 1e9:.1f} GB.",
            "Give the compute environment a larger disk, or upload the project without videos.",
        )
