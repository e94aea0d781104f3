"""The run's place in S3: what the trainer reads there and writes there."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from dlc_batch_core.control import Control
from dlc_batch_core.errors import StateError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.progress import Progress
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.checkpoint_store import CheckpointStore
from dlc_batch_trainer.errors import InfrastructureError, UserError
from dlc_batch_trainer.export import is_list_of_shuffles, with_shuffle
from dlc_batch_trainer.ingest import WORKERS
from dlc_batch_trainer.patience import STORE_ERRORS, patiently
from dlc_batch_trainer.transfer import TransferFault

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: A connection for each range in flight, and one for progress. An answer that stands still for
#: so long is asked for anew; without the limit it would be a minute.
_CONFIG = Config(max_pool_connections=WORKERS + 1, connect_timeout=10, read_timeout=20)
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_CHANGED = "PreconditionFailed"
#: What S3 answers where another job has written what was just read, or is about to.
_OVERTAKEN = frozenset({_CHANGED, "ConditionalRequestConflict", *_GONE})
_TRIES, _MOST_PAUSE = 50, 1.0  # seconds until it is read again
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
        return RunRequest.from_json(patiently(partial(self._get, self.keys.request)))

    def find_upload(self, run: RunRequest) -> StoredUpload:
        """Find exactly the version of the upload that was checked."""
        place: dict[str, Any] = {"Bucket": run.bucket, "Key": run.key}
        if run.version_id:
            place["VersionId"] = run.version_id
        try:
            head = patiently(lambda: self.client.head_object(**place))
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise _gone(run.key) from error
            raise
        if not run.version_id:  # the bucket keeps no versions: hold on to what is there now
            place["IfMatch"] = head["ETag"]
        return StoredUpload(self.client, place, run.key, head["ContentLength"], head["ETag"])

    def read_control(self) -> Control | None:
        """Return what the lab asks of the training meanwhile; None for nothing."""
        try:
            answer = self.client.get_object(
                Bucket=self.bucket, Key=self.keys.shuffle(self.shuffle).control
            )
            return Control.from_json(answer["Body"].read())
        except StateError as error:
            print(f"control.json was passed over: {error}", flush=True)
        except STORE_ERRORS:  # there is none, or S3 will answer the next time
            pass
        return None

    def checkpoints(self) -> CheckpointStore:
        """Return the place of the shuffle's checkpoints."""
        prefix = self.keys.shuffle(self.shuffle).checkpoints
        return CheckpointStore(self.client, self.bucket, prefix)

    def write_progress(self, progress: Progress) -> None:
        self._put(self.keys.shuffle(self.shuffle).progress, progress.to_json())

    def write_outcome(self, outcome: Outcome) -> None:
        self._put(self.keys.shuffle(self.shuffle).outcome, outcome.to_json())

    def write_results(self, folder: Path, trained: str | None = None) -> tuple[str, ...]:
        """Upload every file of a folder; returns their names relative to results/.

        Args:
            trained: the shuffle's name in DeepLabCut's list of them, where other jobs of the run
                add theirs to it.
        """
        names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        return self.write_some_results(folder, names, trained)

    def write_some_results(
        self, folder: Path, names: Sequence[str], trained: str | None = None
    ) -> tuple[str, ...]:
        """Upload some files of a folder; see `write_results`."""
        for name in names:
            path, key = folder / name, self.keys.results + name
            if trained and is_list_of_shuffles(name):
                patiently(partial(self._add, path, key, trained))
            else:
                patiently(partial(self._upload, path, key))
        return tuple(names)

    def fetch_result(self, name: str, path: Path) -> None:
        """Bring a file of the results back; `name` is relative to results/."""
        self._bring(self.keys.results + name, path)

    def find_snapshots(self, run_id: str, target: Path) -> tuple[Path, ...]:
        """Bring the snapshots of an earlier run of the same lab.

        Raises:
            UserError: it left none.
        """
        results = RunKeys(self.keys.lab, run_id).results
        wanted = self._of_shuffle(_SNAPSHOT, patiently(partial(self._list, results)), results)
        if not wanted:
            raise UserError(
                f"The run {run_id} left no snapshot to begin from.",
                "Name a run of your lab that has succeeded after `weights` in dlc-batch.yaml.",
            )
        paths = tuple(target / name.rpartition("/")[2] for name in wanted)
        for name, path in zip(wanted, paths, strict=True):
            self._bring(results + name, path)
        return paths

    def fetch_network(self, run_id: str, target: Path) -> None:
        """Bring the trained shuffle of an earlier run of the same lab, in DeepLabCut's own places.

        Raises:
            UserError: it left none.
        """
        results = RunKeys(self.keys.lab, run_id).results
        keys = patiently(partial(self._list, results))
        wanted = self._of_shuffle(_MODEL, keys, results)
        if not wanted:
            raise UserError(
                f"the run {run_id} left no network",
                "Name a run of your lab that has succeeded in `cameras.networks`.",
            )
        lists = [key.removeprefix(results) for key in keys if is_list_of_shuffles(key)]
        for name in (*wanted, *lists):
            self._bring(results + name, target / name)

    def _of_shuffle(
        self, pattern: re.Pattern[str], keys: Sequence[str], results: str
    ) -> tuple[str, ...]:
        """Return the files of a run's one shuffle; of several, those of our number's."""
        found = (pattern.fullmatch(key.removeprefix(results)) for key in keys)
        shuffles = {match[0]: int(match[1]) for match in found if match}
        is_one = len(set(shuffles.values())) == 1
        return tuple(n for n, number in shuffles.items() if is_one or number == self.shuffle)

    def _bring(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        patiently(partial(self.client.download_file, self.bucket, key, str(path)))

    def _get(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def _list(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def _upload(self, path: Path, key: str) -> None:
        # without, a browser would save a page and not show it
        kind = {"ContentType": "text/html; charset=utf-8"} if path.suffix == ".html" else {}
        self.client.upload_file(str(path), self.bucket, key, ExtraArgs=kind)

    def _add(self, path: Path, key: str, trained: str) -> None:
        """Write a list of shuffles with those of it that are there, however many do so at once.

        Raises:
            ClientError: S3 refuses, or others were faster each time.
        """
        place: dict[str, Any] = {"Bucket": self.bucket, "Key": key}
        for left in reversed(range(_TRIES)):
            content = path.read_bytes()
            unless_changed: dict[str, Any] = {"IfNoneMatch": "*"}
            try:
                there = self.client.get_object(**place)
                content = with_shuffle(there["Body"].read(), content, trained)
                unless_changed = {"IfMatch": there["ETag"]}
            except ClientError as error:
                if error.response["Error"]["Code"] not in _GONE:
                    raise
            try:
                self.client.put_object(**place, Body=content, **unless_changed)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _OVERTAKEN or not left:
                    raise
                time.sleep(_MOST_PAUSE * random.random())  # noqa: S311  # no secret
            else:
                return

    def _put(self, key: str, text: str) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="application/json"
        )


#: The files of a network among a run's results, of either engine; and its snapshot.
_FOLDER = r"dlc-models(?:-pytorch)?/[^/]+/[^/]+shuffle([0-9]+)/"
_MODEL = re.compile(rf"{_FOLDER}(?:train|test)/[^/]+")
_SNAPSHOT = re.compile(rf"{_FOLDER}train/snapshot-[^/]+\.(?:pt|index|meta|data-[0-9-of]+)")


def _gone(key: str) -> UserError:
    return UserError(f"The upload {key} is gone, or was replaced.", "Upload the project again.")
