"""Writes settings as plain YAML, in the order in which they come."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter


class _Representer(SafeRepresenter):
    """Writes 1.0e-05 for 1e-05, which DeepLabCut's TensorFlow engine (PyYAML) takes for a word."""

    def represent_float(self, data: float) -> ScalarNode:
        node: ScalarNode = super().represent_float(data)
        if "e" in node.value and "." not in node.value:
            node.value = node.value.replace("e", ".0e")
        return node


_Representer.add_representer(float, _Representer.represent_float)


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping of plain values."""
    path.write_text(yaml_text(content), encoding="utf-8")


def yaml_text(content: Mapping[str, Any]) -> str:
    """Return a mapping of plain values as YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # wrongly typed
    text = StringIO()
    yaml.dump(dict(content), text)
    return text.getvalue()
