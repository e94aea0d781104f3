"""S3 versions, in two places where MiniStack forgets or remembers too much of them.

Its events through EventBridge leave `detail.object.version-id` out, by which two uploads under
one key differ. And it keeps the body of each version in memory, also once it lies on disk: a
training's checkpoints would fill it.
"""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]

_version: ContextVar[str | None] = ContextVar("version of the object that the event is about")


def fire_knowing_version(original: Callable[..., None]) -> Callable[..., None]:
    """`s3._fire_s3_event` that tells `dispatch_with_version`, in its thread, the version."""

    def fire(*args: Any, version_id: str | None = None, **named: Any) -> None:
        token = _version.set(version_id)
        try:
            original(*args, version_id=version_id, **named)
        finally:
            _version.reset(token)

    return fire


def dispatch_with_version(original: Callable[..., None]) -> Callable[..., None]:
    """`eventbridge._dispatch_event` that adds the version to an event of S3."""

    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        version = _version.get(None)
        if event.get("Source") == "aws.s3" and version:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        original(event, view)

    return dispatch


def persist_and_forget(original: Callable[..., None]) -> Callable[..., None]:
    """`s3._persist_object` that drops the bodies of versions which lie on disk now."""

    def persist(bucket: str, key: str, record: Any) -> None:
        original(bucket, key, record)
        if isinstance(record, dict) and record.get("body") is None:  # it was written
            for version in s3._object_versions.get((bucket, key)) or []:
                if "data" in version:
                    version["data"] = None

    return persist
