"""What a checkpoint's manifest says: how far the training was, and which files belong to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlc_batch_core import SCHEMA_VERSION

_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True)
class Manifest:
    """A checkpoint in the bucket."""

    number: int
    position: Mapping[str, Any]  # position.json
    files: Mapping[str, str]  # name: sha256

    def to_json(self) -> str:
        content = {"schema_version": SCHEMA_VERSION, "position": self.position}
        return json.dumps({**content, "files": self.files}, indent=1)

    @classmethod
    def from_json(cls, number: int, text: str | bytes) -> Manifest:
        """Read a manifest.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is none.
        """
        value = json.loads(text)
        files = {str(name): str(sha) for name, sha in value["files"].items()}
        if not all(_SAFE_NAME.fullmatch(name) for name in files):
            raise ValueError("a file's name is a path")
        return cls(number, value["position"], files)
