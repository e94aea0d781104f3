"""Checkpoints in S3: each file first, by its hash, then a small manifest that names them.

Where they lie, the core's keys say. A manifest whose files are all there, with their hashes, is
whole. What was cut off leaves files that no manifest names, and they are removed with the next.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.keys import CheckpointKeys
from dlc_batch_core.manifest import Manifest
from dlc_batch_trainer.hashes import sha256_of
from dlc_batch_trainer.patience import STORE_ERRORS
from dlc_batch_trainer.plan import POSITION_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Manifests kept: the newest, and the one before in case a file of the newest is damaged.
_KEPT = 2
#: By this tag the bucket's lifecycle rule finds what to forget: no rule's prefix can hold a *.
_TAG = "dlc-batch=checkpoint"


@dataclass
class CheckpointStore:
    """The checkpoints of one shuffle of one run."""

    client: S3Client
    bucket: str
    prefix: str  # of ShuffleKeys.checkpoints
    _uploaded: set[str] = field(default_factory=set)  # hashes known to be there
    _newest: int = 0

    @property
    def keys(self) -> CheckpointKeys:
        return CheckpointKeys(self.prefix)

    def save(self, folder: Path) -> Manifest:
        """Upload a checkpoint's folder, and remove checkpoints that are no longer needed.

        Raises:
            STORE_ERRORS: S3 did not take it; safe to repeat.
        """
        files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
        position = json.loads(files.pop(POSITION_FILE).read_text())
        hashes = {name: self._put_file(path) for name, path in files.items()}
        manifest = Manifest(self._next_number(), position, hashes)
        self._put(self.keys.manifest(manifest.number), manifest.to_json())
        self._newest = manifest.number
        self._prune()
        return manifest

    def restore(self, target: Path) -> Manifest | None:
        """Bring the newest whole checkpoint, verified; None when there is none.

        Args:
            target: made anew, in the form that `plan.read_checkpoint` reads.
        """
        for number in sorted(self._numbers(), reverse=True):
            try:
                manifest = Manifest.from_json(number, self._get(self.keys.manifest(number)))
                self._bring(manifest, target)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                print(f"checkpoint {number} is not whole and was passed over: {error}", flush=True)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                    raise
                print(f"checkpoint {number} lacks a file and was passed over", flush=True)
            else:
                return manifest
        shutil.rmtree(target, ignore_errors=True)
        return None

    def read_attempts(self) -> list[dict[str, Any]]:
        """Return what `write_attempts` left, oldest first."""
        try:
            value = json.loads(self._get(self.keys.attempts))
            return [dict(each) for each in value["attempts"]]
        except (ValueError, KeyError, TypeError):
            return []
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return []
            raise

    def write_attempts(self, attempts: list[dict[str, Any]]) -> None:
        content = {"schema_version": SCHEMA_VERSION, "attempts": attempts}
        self._put(self.keys.attempts, json.dumps(content, indent=1))

    def _bring(self, manifest: Manifest, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, sha in manifest.files.items():
            self.client.download_file(self.bucket, self.keys.file(sha), str(target / name))
            if sha256_of(target / name) != sha:
                raise ValueError(f"{name} is damaged")
            self._uploaded.add(sha)
        (target / POSITION_FILE).write_text(json.dumps(manifest.position))

    def _put_file(self, path: Path) -> str:
        sha = sha256_of(path)
        if sha not in self._uploaded:
            key, tagged = self.keys.file(sha), {"Tagging": _TAG}
            self.client.upload_file(str(path), self.bucket, key, ExtraArgs=tagged)
            self._uploaded.add(sha)
        return sha

    def _next_number(self) -> int:
        if not self._newest:
            self._newest = max(self._numbers(), default=0)
        return self._newest + 1

    def _prune(self) -> None:
        """Remove what the newest manifests do not name; what can't be removed costs storage."""
        try:
            numbers = sorted(self._numbers())
            kept = [self._get(self.keys.manifest(number)) for number in numbers[-_KEPT:]]
            needed = {sha for text in kept for sha in json.loads(text)["files"].values()}
            for number in numbers[:-_KEPT]:
                self._delete(self.keys.manifest(number))
            for key in self._list(self.keys.files):
                sha = key.rpartition("/")[2]
                if sha not in needed:
                    self._uploaded.discard(sha)
                    self._delete(key)
        except (*STORE_ERRORS, ValueError, KeyError) as error:
            print(f"old checkpoints not removed: {error}", flush=True)

    def _numbers(self) -> list[int]:
        return self.keys.numbers(self._list(self.prefix))

    def _list(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def _get(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def _put(self, key: str, text: str) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=text.encode(),
            ContentType="application/json",
            Tagging=_TAG,
        )

    def _delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)
