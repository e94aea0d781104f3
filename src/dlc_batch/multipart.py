"""An upload in parts that goes on where it was broken off.

S3 keeps the parts of an upload that is not finished, and checks each by its checksum. What was
begun is remembered in the outbox, with the hash of the whole: of the same content, only parts that
are missing are sent; of another, the earlier upload is aborted.
"""

from __future__ import annotations

import base64
import hashlib
import io
import queue
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.exceptions

from dlc_batch import fast_zlib
from dlc_batch.arrivals import DIGEST, MARK, Place, Stored, find_arrived
from dlc_batch.cloud import code_of
from dlc_batch.outbox import Outbox, Unfinished
from dlc_batch.patience import Patience
from dlc_batch_core.errors import LabError

#: S3 takes 5 MiB and more, but for the last part. With so few, a broken line loses little.
_LEAST_PART = 8 << 20
_MOST_PARTS = 10_000  # S3's
_AT_ONCE = 4  # parts
_MIB = 1 << 20
#: What Amazon S3 answers where an upload is finished, aborted or forgotten.
_GONE = "NoSuchUpload"


class Multipart:
    """The upload of one file to one place."""

    def __init__(
        self,
        place: Place,
        file: Path,
        outbox: Outbox,
        patience: Patience,
        sent: Callable[[int], object] = lambda _: None,
        read: Callable[[int], object] = lambda _: None,
        begins: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Take a file of at least a byte.

        Args:
            sent: is told the bytes that are there.
            read: before, is told the bytes of the file as its hash is taken.
            begins: is told the SHA-256 of the file where nothing of it was sent before; what it
                raises ends the upload before it begins.
        """
        self._place, self._file, self._outbox = place, file, outbox
        self._patience, self._sent, self._read, self._begins = patience, sent, read, begins
        self._stat = file.stat()
        self.size = self._stat.st_size

    def run(self) -> Stored:
        """Upload it.

        Raises:
            LabError: the file was changed meanwhile; or the bucket no longer knows of the upload,
                and what became of it can't be told. Repeated, it begins anew.
            BotoCoreError, ClientError: it can't go on now; repeated, it does.
        """
        try:
            return self._run()
        except botocore.exceptions.ClientError as error:
            if code_of(error) != _GONE:
                raise
            self._outbox.forget()
            raise self._gone() from error

    def _gone(self) -> LabError:
        return LabError(
            f"The bucket no longer knows of the upload of {self._place.key}: it was aborted, or it"
            " had arrived, and another of the same name came just after it.",
            "See `dlc-batch list`. If no run of it is there, send it again; that begins anew.",
        )

    def _run(self) -> Stored:
        begun, there = self._go_on() or (self._begin(), {})
        if there is None:
            stored = self._arrived(begun)
            if stored is not None:
                self._sent(self.size)
                self._outbox.forget()
                return stored
            begun, there = self._begin(), {}
        parts = dict(self._send(begun, there))
        if self._file.stat().st_mtime_ns != self._stat.st_mtime_ns:
            self._abort(begun.upload_id)
            raise LabError(f"{self._file} was changed while it was sent.", "Send it again.")
        stored = self._complete(begun, parts)
        self._outbox.forget()
        return stored

    def _go_on(self) -> tuple[Unfinished, Mapping[int, str] | None] | None:
        """Return what was begun with this content and the parts that are there, by their etag.

        None for the parts: the upload is gone, so it may have been finished.
        """
        begun = self._outbox.unfinished()
        if begun is None:
            return None
        if (begun.sha256, begun.part_bytes) != (self._sha256, self._part_bytes):
            self._abort(begun.upload_id)
            return None
        try:
            return begun, self._patience.call(lambda: self._list(begun.upload_id))
        except botocore.exceptions.ClientError as error:
            if code_of(error) != _GONE:
                raise
            return begun, None

    def _list(self, upload_id: str) -> dict[int, str]:
        pages = self._place.s3.get_paginator("list_parts").paginate(
            Bucket=self._place.bucket, Key=self._place.key, UploadId=upload_id
        )
        parts = [part for page in pages for part in page.get("Parts", [])]
        return {
            part["PartNumber"]: part["ETag"]
            for part in parts
            if part["Size"] == self._length(part["PartNumber"])
        }

    def _begin(self) -> Unfinished:
        self._begins(self._sha256)
        mark = uuid.uuid4().hex
        answer = self._patience.call(
            lambda: self._place.s3.create_multipart_upload(
                Bucket=self._place.bucket,
                Key=self._place.key,
                Metadata={MARK: mark, DIGEST: self._sha256},
                ChecksumAlgorithm="CRC32",
            )
        )
        begun = Unfinished(answer["UploadId"], self._sha256, self._part_bytes, mark)
        self._outbox.keep(begun)
        return begun

    def _abort(self, upload_id: str) -> None:
        try:
            self._patience.call(
                lambda: self._place.s3.abort_multipart_upload(
                    Bucket=self._place.bucket, Key=self._place.key, UploadId=upload_id
                )
            )
        except botocore.exceptions.ClientError as error:
            if code_of(error) != _GONE:
                raise
        self._outbox.forget()

    def _send(self, begun: Unfinished, there: Mapping[int, str]) -> Iterator[tuple[int, Any]]:
        """Send the parts that are missing; yields each by its number, as S3 is to be told."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, Any] | Exception] = queue.SimpleQueue()

        def work() -> None:
            try:
                while not waiting.empty():
                    number = waiting.get_nowait()
                    done.put((number, self._send_part(begun, number, there.get(number))))
            except queue.Empty:
                return  # another thread took the last one
            except Exception as error:
                done.put(error)

        count = -(-self.size // self._part_bytes)
        for number in range(1, count + 1):
            waiting.put(number)
        for _ in range(min(_AT_ONCE, count)):
            # daemons: a connection that hangs does not keep the process from its end
            threading.Thread(target=work, daemon=True).start()
        try:
            for _ in range(count):
                found = _wait(done)
                if isinstance(found, Exception):
                    raise found
                self._sent(self._length(found[0]))
                yield found
        except BaseException:
            self._patience.stop()
            raise

    def _send_part(self, begun: Unfinished, number: int, etag: str | None) -> dict[str, Any]:
        with self._file.open("rb") as opened:
            opened.seek((number - 1) * self._part_bytes)
            data = opened.read(self._part_bytes)
        checksum = base64.b64encode(fast_zlib.crc32(data).to_bytes(4)).decode()
        if etag is None:
            answer = self._patience.call(
                lambda: self._place.s3.upload_part(
                    Bucket=self._place.bucket,
                    Key=self._place.key,
                    UploadId=begun.upload_id,
                    PartNumber=number,
                    Body=_Body(data, self._patience),
                    ChecksumCRC32=checksum,
                )
            )
            etag = answer["ETag"]
        return {"ETag": etag, "PartNumber": number, "ChecksumCRC32": checksum}

    def _complete(self, begun: Unfinished, parts: Mapping[int, Any]) -> Stored:
        try:
            answer = self._patience.call(
                lambda: self._place.s3.complete_multipart_upload(
                    Bucket=self._place.bucket,
                    Key=self._place.key,
                    UploadId=begun.upload_id,
                    MultipartUpload={"Parts": [parts[number] for number in sorted(parts)]},
                )
            )
        except botocore.exceptions.ClientError as error:
            # the answer to an earlier try was lost
            stored = self._arrived(begun) if code_of(error) == _GONE else None
            if stored is None:
                raise
            return stored
        if "VersionId" in answer:
            return Stored(answer["VersionId"])
        stored = self._arrived(begun)
        if stored is None:
            what = f"Somebody else uploaded {self._place.key} at the same moment."
            raise LabError(what, "Both are trained; `dlc-batch list` shows them.")
        return stored

    def _arrived(self, begun: Unfinished) -> Stored | None:
        return find_arrived(self._place, begun.mark, self.size, self._patience)

    @property
    def _part_bytes(self) -> int:
        even = -(-self.size // _MOST_PARTS)
        return max(_LEAST_PART, -(-even // _MIB) * _MIB)

    def _length(self, number: int) -> int:
        return min(self._part_bytes, self.size - (number - 1) * self._part_bytes)

    @cached_property
    def _sha256(self) -> str:
        digest = hashlib.sha256()
        with self._file.open("rb") as opened:
            while data := opened.read(_MIB):
                digest.update(data)
                self._read(len(data))
        return digest.hexdigest()


class _Body(io.BytesIO):
    """A part's bytes, which end when the upload is stopped."""

    def __init__(self, data: bytes, patience: Patience) -> None:
        super().__init__(data)
        self._patience = patience

    def read(self, size: int | None = -1) -> bytes:
        self._patience.check()
        return super().read(size)


def _wait(done: queue.SimpleQueue[Any]) -> Any:
    while True:
        try:
            return done.get(timeout=1)  # without one, Ctrl-C waits on Windows
        except queue.Empty:
            continue
