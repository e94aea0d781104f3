"""What shows that a file has an object's bytes.

In this order: the SHA-256 that run.json has of the training's results; the CRC-32 that S3 keeps of
what was uploaded with one; the ETag where it is an MD5; the size alone. S3 keeps both also of what
was uploaded in parts: then it is the digest of the parts' digests.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from dlc_batch.fetching.results import Result
from dlc_batch.fetching.store import Store

#: As the trainer writes them: of a run of one shuffle, and of several.
_RUN_FILE = re.compile(r"(shuffle[0-9]+/)?run\.json")
_MD5 = re.compile(r'"?([0-9a-f]{32})(-[0-9]+)?"?')
#: With these keys of KMS's the ETag is no MD5; with S3's own it is.
_KMS = "aws:kms"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Proof:
    """What a file's bytes must give."""

    size: int
    kind: str = "size"  # sha256, crc32, md5, or nothing but the size
    digest: bytes = b""
    part_bytes: int | None = None  # the digest is that of the parts' digests

    @property
    def is_of_content(self) -> bool:
        """Whether it tells other bytes of the same number."""
        return self.kind in _NEW

    def holds_of(self, path: Path, read: Callable[[int], object] = lambda _: None) -> bool:
        """Whether this is the file, as far as can be told; `read` is told its bytes meanwhile."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        return not self.is_of_content or _digest_of(path, self, read) == self.digest


class Proofs:
    """What each result of a run is known by. S3 is asked for one only when it is wanted.

    `read` is told the bytes of files as they are read here, by whatever thread.
    """

    def __init__(
        self,
        store: Store,
        results: tuple[Result, ...],
        read: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._store, self.read = store, read
        self._hashes = dict[str, str]()
        for result in results:
            if _RUN_FILE.fullmatch(str(result.path)):
                self._hashes |= _hashes(store.read(result))
        self._known = dict[Result, Proof]()
        self._seen = dict[tuple[Result, int, int, int], bool]()

    def of(self, result: Result) -> Proof:
        """Return what a file that has a result's bytes gives."""
        if result not in self._known:
            told = self._hashes.get(str(result.path))
            proof = Proof(result.size, "sha256", bytes.fromhex(told)) if told else None
            self._known[result] = proof or _ask(self._store, result)
        return self._known[result]

    def is_content_of(self, result: Result, path: Path) -> bool:
        """Whether a file has a result's very bytes; it is read again only if it was changed."""
        if not path.is_file() or path.stat().st_size != result.size:
            return False
        now = path.stat()
        key = (result, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        if key not in self._seen:
            proof = self.of(result)
            self._seen[key] = proof.is_of_content and proof.holds_of(path, self.read)
        return self._seen[key]


def _ask(store: Store, result: Result) -> Proof:
    head = store.head(result)
    etag = _MD5.fullmatch(result.etag)
    in_parts = etag is None or etag[2] is not None
    checksum, _, parts = str(head.get("ChecksumCRC32", "")).partition("-")
    if checksum and (not in_parts or head.get("ChecksumType") == "FULL_OBJECT"):
        return Proof(result.size, "crc32", base64.b64decode(checksum))
    part_bytes = store.head(result, PartNumber=1)["ContentLength"] if in_parts else None
    if checksum and parts:
        return Proof(result.size, "crc32", base64.b64decode(checksum), part_bytes)
    if etag and not str(head.get("ServerSideEncryption")).startswith(_KMS):
        return Proof(result.size, "md5", bytes.fromhex(etag[1]), part_bytes)
    return Proof(result.size)


def _hashes(content: bytes) -> dict[str, str]:
    try:
        hashes = json.loads(content)["sha256"]
        return {str(name): str(each) for name, each in hashes.items() if bytes.fromhex(each)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # another version wrote it


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc32:
    """CRC-32 as hashlib has its digests, and as S3 gives it: big-endian."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


_NEW: Mapping[str, Callable[[], Any]] = {
    "sha256": hashlib.sha256,
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "crc32": _Crc32,
}


def _digest_of(path: Path, proof: Proof, read: Callable[[int], object]) -> bytes:
    with path.open("rb") as file:
        if proof.part_bytes is None:
            return _digest_part(file, proof.kind, proof.size, read)
        whole: _Digest = _NEW[proof.kind]()
        for start in range(0, proof.size, proof.part_bytes):
            length = min(proof.part_bytes, proof.size - start)
            whole.update(_digest_part(file, proof.kind, length, read))
        return whole.digest()


def _digest_part(file: BinaryIO, kind: str, length: int, read: Callable[[int], object]) -> bytes:
    digest: _Digest = _NEW[kind]()
    while length and (data := file.read(min(_CHUNK_BYTES, length))):
        digest.update(data)
        read(len(data))
        length -= len(data)
    return digest.digest()
