"""Reading a part of an S3 object, which MiniStack does by reading all of it.

An object of some gigabytes is downloaded in hundreds of parts, and its zip directory is read
in dozens. And where a version is named too, MiniStack ignores the range.
"""

import http
import mmap
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]

Answer = tuple[int, dict[str, str], Any]

_only_a_part: ContextVar[bool] = ContextVar("the request names a range", default=False)


def get_ranges(original: Callable[..., Answer]) -> Callable[..., Answer]:
    """`s3._get_object` that honours `Range` where a version is named too."""

    def get(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Answer:
        wanted = headers.get("range", "")
        token = _only_a_part.set(bool(wanted))
        try:
            status, answered, body = original(bucket, key, headers, query)
        finally:
            _only_a_part.reset(token)
        if not wanted or status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
            return status, answered, body
        if not len(body):  # AWS refuses any range of an empty object
            return _not_satisfiable(bucket, key)
        if status == http.HTTPStatus.PARTIAL_CONTENT:
            return status, answered, body
        chosen = s3._parse_range(wanted, len(body))
        return _part(chosen, answered, body) if chosen else _not_satisfiable(bucket, key)

    return get


def _part(chosen: tuple[int, int], answered: dict[str, str], body: Any) -> Answer:
    start, end = chosen
    part = bytes(body[start : end + 1])
    # A checksum of the whole object says nothing about a part of it.
    kept = {k: v for k, v in answered.items() if not k.lower().startswith("x-amz-checksum")}
    kept["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
    kept["Content-Length"] = str(len(part))
    return http.HTTPStatus.PARTIAL_CONTENT, kept, part


def _not_satisfiable(bucket: str, key: str) -> Answer:
    message = "The requested range is not satisfiable"
    refused: Answer = s3._error("InvalidRange", message, 416, f"/{bucket}/{key}")
    return refused


def map_body(original: Callable[..., Any]) -> Callable[..., Any]:
    """`s3._read_body` that maps the file instead of reading it when a part of it is wanted."""

    def read(bucket: str, key: str, record: dict[str, Any]) -> Any:
        path = s3._object_disk_path(bucket, key)
        if not _only_a_part.get() or record.get("body") is not None or not path:
            return original(bucket, key, record)
        file = Path(path)
        if not file.is_file() or not file.stat().st_size:  # an empty file cannot be mapped
            return original(bucket, key, record)
        with file.open("rb") as opened:
            return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)

    return read
