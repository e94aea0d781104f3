"""The bucket as a fetch reads it: by ranges, over a network that breaks now and then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from urllib3.exceptions import HTTPError

from dlc_batch.cloud import Cloud, aws_errors_as_ours, code_of, may_pass
from dlc_batch.fetching.results import DELETED, Result
from dlc_batch.patience import Patience
from dlc_batch_core.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")
#: Files at once. One connection to S3 gives some 50 MB/s; a lab's line is full with a few.
WORKERS = 8
_CHUNK_BYTES = 256 * 1024
_CHANGED = "PreconditionFailed"
_GONE = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True)
class Store:
    """Reads the results of a run.

    Its methods raise CloudError: S3 refuses, the object was changed or is gone, or the network
    was away for too long; and StoppedError.
    """

    client: S3Client
    cloud: Cloud
    patience: Patience

    @classmethod
    def of(cls, cloud: Cloud, patience: Patience) -> Store:
        """Return the store of a stack. Tries again are ours, for they are told."""
        config = Config(
            max_pool_connections=WORKERS,
            connect_timeout=10,
            read_timeout=20,  # an answer that stands still for so long is asked for anew
            retries={"total_max_attempts": 1},
        )
        client = cloud.session.client("s3", endpoint_url=cloud.endpoint_url, config=config)
        return cls(client, cloud, patience)

    def head(self, result: Result, **more: Any) -> dict[str, Any]:
        """Return what S3 says of an object, or of a part of it."""
        return dict(
            self.patiently(
                result,
                lambda: self.client.head_object(
                    Bucket=self.cloud.bucket, Key=result.key, ChecksumMode="ENABLED", **more
                ),
            )
        )

    def read(self, result: Result) -> bytes:
        """Return the content of a small object."""
        return self.patiently(result, lambda: b"".join(self.chunks(result, 0)))

    def chunks(self, result: Result, start: int) -> Iterator[bytes]:
        """Yield an object's bytes from some byte on; to be called by `patiently`.

        Raises:
            BotoCoreError, ClientError: the network failed, or S3 refuses.
        """
        if start >= result.size:
            return
        answer = self.client.get_object(
            Bucket=self.cloud.bucket,
            Key=result.key,
            Range=f"bytes={start}-",
            IfMatch=result.etag,
        )
        if answer["ContentLength"] != result.size - start:  # a proxy that ignores ranges, for one
            raise CloudError(
                f"What answers in S3's place gave other bytes of {result.path} than asked for.",
                "Check the network (a proxy, AWS_ENDPOINT_URL), then fetch again.",
            )
        with contextlib.closing(answer["Body"]) as body:
            while start < result.size:
                data = _read(body)
                self.patience.check()
                if not data:
                    raise IncompleteReadError(actual_bytes=start, expected_bytes=result.size)
                start += len(data)
                yield data

    def patiently(self, result: Result, call: Callable[[], _T]) -> _T:
        """Return what a call gives, called again for as long as the network's patience lasts."""
        with aws_errors_as_ours(self.cloud):
            try:
                return self.patience.call(call)
            except (BotoCoreError, ClientError) as error:
                raise _told(error, result) from error


def _read(body: Any) -> bytes:
    try:
        return bytes(body.read(_CHUNK_BYTES))
    except (HTTPError, OSError) as error:  # of which botocore makes no errors of its own
        raise ResponseStreamingError(error=error) from error


def _told(error: BotoCoreError | ClientError, result: Result) -> Exception:
    if may_pass(error):
        return CloudError(
            f"{result.path} could not be got: {' '.join(str(error).split()).rstrip('.')}.",
            "Check the network. The same command goes on from where this one got.",
        )
    code = code_of(error)
    if code == _CHANGED:
        what = f"{result.path} was changed in the bucket meanwhile."
        return CloudError(what, "Fetch again.")
    if code in _GONE:
        what = f"{result.path} is gone from the bucket."
        return CloudError(what, DELETED)
    return error
