"""Which image this container runs, for the record."""

from __future__ import annotations

import json
import os
import urllib.request

_NAMED = "DLC_BATCH_IMAGE"  # set by the job definition: a tag, which may mean another tomorrow
#: ECS, on which Batch runs jobs, tells a container about itself here (task metadata, version 4).
_METADATA = "ECS_CONTAINER_METADATA_URI_V4"
_ANSWER_SECONDS = 2.0


def describe_image() -> str | None:
    """Return `<image>@sha256:<digest>`, or the image's name alone, or None where there is none."""
    named, address = os.environ.get(_NAMED), os.environ.get(_METADATA)
    if not address:
        return named
    try:
        with urllib.request.urlopen(address, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310  # of the environment, not of an upload
            about = json.loads(answer.read())
        return f"{about['Image']}@{about['ImageID']}"
    except (OSError, ValueError, KeyError, TypeError):
        return named
