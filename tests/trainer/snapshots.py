"""What tests look at in a snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def hash_of(state: Mapping[str, Any]) -> str:
    """The hash over a network's weights that run.json tells, made anew."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
