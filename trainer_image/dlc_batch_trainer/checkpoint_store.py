"""Checkpoints in S3: each file first, by its hash, then a small manifest that names them.

checkpoints/
├── files/<sha256>     content; the same is uploaded once (the best snapshot seldom changes)
├── <number>.json      manifest: position, best so far, seed, and the files by name and hash
└── attempts.json      which attempts there were, where each began and how it ended

A manifest whose files are all there, with their hashes, is whole. What was cut off leaves files
that no manifest names, and they are removed with the next.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.keys import ATTEMPTS
from dlc_batch_trainer.hashes import sha256_of
from dlc_batch_trainer.patience import STORE_ERRORS
from dlc_batch_trainer.plan import POSITION_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_MANIFEST = re.compile(r"([0-9]{6,})\.json")
#: Manifests kept: the newest, and the one before in case a file of the newest is damaged.
_KEPT = 2
#: By this tag the bucket's lifecycle rule finds what to forget: no rule's prefix can hold a *.
_TAG = "dlc-batch=checkpoint"
_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class Manifest:
    """A checkpoint in S3."""

    number: int
    position: Mapping[str, Any]  # position.json
    files: Mapping[str, str]  # name: sha256

    def to_json(self) -> str:
        content = {"schema_version": SCHEMA_VERSION, "position": self.position}
        return json.dumps({**content, "files": self.files}, indent=1)

    @classmethod
    def from_json(cls, number: int, text: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        value = json.loads(text)
        files = {str(name): str(sha) for name, sha in value["files"].items()}
        if not all(_SAFE_NAME.fullmatch(name) for name in files):
            raise ValueError("a file's name is a path")
        return cls(number, value["position"], files)


@dataclass
class CheckpointStore:
    """The checkpoints of one shuffle of one run."""

    client: S3Client
    bucket: str
    prefix: str  # of ShuffleKeys.checkpoints
    _uploaded: set[str] = field(default_factory=set)  # hashes known to be there
    _newest: int = 0

    def save(self, folder: Path) -> Manifest:
        """Upload a checkpoint's folder, and remove checkpoints that are no longer needed.

        Raises:
            STORE_ERRORS: S3 did not take it; safe to repeat.
        """
        files = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
        position = json.loads(files.pop(POSITION_FILE).read_text())
        hashes = {name: self._put_file(path) for name, path in files.items()}
        manifest = Manifest(self._next_number(), position, hashes)
        self._put(f"{manifest.number:06}.json", manifest.to_json())
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
                manifest = Manifest.from_json(number, self._get(f"{number:06}.json"))
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
            value = json.loads(self._get(ATTEMPTS))
            return [dict(each) for each in value["attempts"]]
        except (ValueError, KeyError, TypeError):
            return []
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return []
            raise

    def write_attempts(self, attempts: list[dict[str, Any]]) -> None:
        content = {"schema_version": SCHEMA_VERSION, "attempts": attempts}
        self._put(ATTEMPTS, json.dumps(content, indent=1))

    def _bring(self, manifest: Manifest, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, sha in manifest.files.items():
            self.client.download_file(self.bucket, self._file_key(sha), str(target / name))
            if sha256_of(target / name) != sha:
                raise ValueError(f"{name} is damaged")
            self._uploaded.add(sha)
        (target / POSITION_FILE).write_text(json.dumps(manifest.position))

    def _put_file(self, path: Path) -> str:
        sha = sha256_of(path)
        if sha not in self._uploaded:
            tagged = {"Tagging": _TAG}
            self.client.upload_file(str(path), self.bucket, self._file_key(sha), ExtraArgs=tagged)
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
            kept = [self._get(f"{number:06}.json") for number in numbers[-_KEPT:]]
            needed = {sha for text in kept for sha in json.loads(text)["files"].values()}
            for number in numbers[:-_KEPT]:
                self._delete(f"{self.prefix}{number:06}.json")
            for key in self._list("files/"):
                sha = key.rpartition("/")[2]
                if sha not in needed:
                    self._uploaded.discard(sha)
                    self._delete(key)
        except (*STORE_ERRORS, ValueError, KeyError) as error:
            print(f"old checkpoints not removed: {error}", flush=True)

    def _numbers(self) -> list[int]:
        names = (key.removeprefix(self.prefix) for key in self._list(""))
        return [int(found[1]) for name in names if (found := _MANIFEST.fullmatch(name))]

    def _list(self, below: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + below
        )
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def _file_key(self, sha: str) -> str:
        return f"{self.prefix}files/{sha}"

    def _get(self, name: str) -> bytes:
        answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
        return bytes(answer["Body"].read())

    def _put(self, name: str, text: str) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=self.prefix + name,
            Body=text.encode(),
            ContentType="application/json",
            Tagging=_TAG,
        )

    def _delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)
