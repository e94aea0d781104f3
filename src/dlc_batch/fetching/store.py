"""The bucket as a fetch reads it: by ranges, over a network that breaks now and then."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.fetching.results import Result
from dlc_batch_core.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")
#: Files at once. One connection to S3 gives some 50 MB/s; a lab's line is full with a few.
WORKERS = 8
_CHUNK_BYTES = 256 * 1024
_FIRST_SERVER_ERROR = 500  # HTTP: from here on the fault is S3's, and passes
_PASSING = frozenset({"SlowDown", "RequestTimeout", "RequestTimeTooSkewed"})
_CHANGED = "PreconditionFailed"
_GONE = frozenset({"404", "NoSuchKey"})


class Fault(Exception):
    """The network failed; the same request may do next time."""


class Stopped(Exception):
    """Another file failed, or the user said so: nobody wants this one any more."""


@dataclass(frozen=True)
class Patience:
    """How long a network that fails is borne with: about half a minute."""

    faults: int = 7  # in a row, without a byte between them
    first_pause: float = 0.5  # seconds; doubled by each fault
    longest_pause: float = 8.0


@dataclass(frozen=True)
class Store:
    """Reads the results of a run.

    Its methods raise CloudError: S3 refuses, the object was changed or is gone, or the network
    failed too often; and Stopped.
    """

    client: S3Client
    bucket: str
    patience: Patience
    told: Callable[[str], object]
    stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, cloud: Cloud, patience: Patience, told: Callable[[str], object]) -> Store:
        """Return the store of a stack. Tries again are ours, for they are told."""
        config = Config(
            max_pool_connections=WORKERS,
            connect_timeout=10,
            read_timeout=20,  # an answer that stands still for so long is asked for anew
            retries={"total_max_attempts": 1},
        )
        client = cloud.session.client("s3", endpoint_url=cloud.endpoint_url, config=config)
        return cls(client, cloud.bucket, patience, told)

    def head(self, result: Result, **more: Any) -> dict[str, Any]:
        """Return what S3 says of an object, or of a part of it."""
        return dict(
            self._patiently(
                result,
                lambda: self.client.head_object(
                    Bucket=self.bucket, Key=result.key, ChecksumMode="ENABLED", **more
                ),
            )
        )

    def read(self, result: Result) -> bytes:
        """Return the content of a small object."""
        return self._patiently(result, lambda: b"".join(self.chunks(result, 0)))

    def chunks(self, result: Result, start: int) -> Iterator[bytes]:
        """Yield an object's bytes from some byte on.

        Raises:
            Fault: the network failed.
        """
        if start >= result.size:
            return
        with _faults_told(result):
            answer = self.client.get_object(
                Bucket=self.bucket, Key=result.key, Range=f"bytes={start}-", IfMatch=result.etag
            )
        if answer["ContentLength"] != result.size - start:  # a proxy that ignores ranges, for one
            raise CloudError(
                f"What answers in S3's place gave other bytes of {result.path} than asked for.",
                "Check the network (a proxy, AWS_ENDPOINT_URL), then fetch again.",
            )
        body, left = answer["Body"], result.size - start
        with contextlib.closing(body):
            while left:
                with _faults_told(result):
                    data = body.read(_CHUNK_BYTES)
                if self.stop.is_set():
                    raise Stopped
                if not data:
                    raise Fault("the answer ended too early")
                left -= len(data)
                yield data

    def wait(self, path: PurePosixPath, fault: Fault, faults: int) -> None:
        """Say that the network failed so many times in a row, and wait.

        Raises:
            CloudError: too many times.
        """
        if faults >= self.patience.faults:
            raise CloudError(
                f"{path} could not be got: {fault}.",
                "Check the network. The same command goes on from where this one got.",
            ) from fault
        pause = min(self.patience.longest_pause, self.patience.first_pause * 2 ** (faults - 1))
        self.told(f"{path}: {fault}; again in {pause:g} s")
        if self.stop.wait(pause):
            raise Stopped

    def _patiently(self, result: Result, call: Callable[[], _T]) -> _T:
        faults = 0
        while True:
            if self.stop.is_set():
                raise Stopped
            try:
                with _faults_told(result):
                    return call()
            except Fault as fault:
                faults += 1
                self.wait(result.path, fault, faults)


@contextlib.contextmanager
def _faults_told(result: Result) -> Iterator[None]:
    """Tell what passes from what does not."""
    with aws_errors_as_ours():
        try:
            yield
        except ClientError as error:
            raise _told(error, result) from error
        except (HTTPClientError, IncompleteReadError, HTTPError, OSError) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            raise Fault(words.rstrip(".")) from error


def _told(error: ClientError, result: Result) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status >= _FIRST_SERVER_ERROR or code in _PASSING:
        return Fault(f"S3 answers {status} {code}".strip())
    if code == _CHANGED:
        what = f"{result.path} was changed in the bucket meanwhile."
        return CloudError(what, "Fetch again.")
    if code in _GONE:
        what = f"{result.path} is gone from the bucket."
        return CloudError(what, "Somebody deleted it: upload the project again.")
    return error
