"""Writes settings as plain YAML, in the order in which they come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping of plain values."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # wrongly typed
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(dict(content), file)
