"""A folder that stands in for S3: what CheckpointStore's `save` needs of boto3's client."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FolderBucket:
    """One bucket: each key a file. Arguments and answers are boto3's."""

    folder: Path

    def upload_file(self, path: str, _bucket: str, key: str, **_: object) -> None:
        shutil.copyfile(path, self._place(key))

    def put_object(self, Key: str, Body: bytes, **_: str) -> None:
        self._place(Key).write_bytes(Body)

    def get_object(self, Key: str, **_: str) -> dict[str, Any]:
        return {"Body": io.BytesIO((self.folder / Key).read_bytes())}

    def delete_object(self, Key: str, **_: str) -> None:
        (self.folder / Key).unlink(missing_ok=True)

    def get_paginator(self, _operation: str) -> FolderBucket:
        return self

    def paginate(self, Prefix: str, **_: str) -> Iterator[dict[str, Any]]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        keys = sorted(path.relative_to(self.folder).as_posix() for path in files)
        yield {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}

    def _place(self, key: str) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
