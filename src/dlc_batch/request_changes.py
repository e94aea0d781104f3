"""What a command asks for over a project's own dlc-batch.yaml, which itself stays as it is."""

from __future__ import annotations

import json
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dlc_batch.project_place import project_root
from dlc_batch_core.errors import LabError, ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.request import REQUEST_FILE
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

_OVERRIDES, _CAMERAS = "overrides", "cameras"


@dataclass(frozen=True)
class RequestChanges:
    """Keys of dlc-batch.yaml, and by dotted path settings of DeepLabCut's and of `cameras`."""

    values: Mapping[str, object] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    cameras: Mapping[str, object] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.overrides or self.cameras)

    def over(self, text: str) -> str:
        """Return a request with the changes in it, as YAML.

        Args:
            text: of a dlc-batch.yaml; what is wrong with it is still wrong after.

        Raises:
            ProjectError: it is no YAML, or holds no settings.
        """
        merged = {**read_yaml_mapping(text, REQUEST_FILE), **self.values}
        own = merged.get(_OVERRIDES)
        if self.overrides and (own is None or isinstance(own, dict)):
            merged[_OVERRIDES] = {**(own or {}), **self.overrides}
        if self.cameras:
            merged[_CAMERAS] = _with_settings(merged.get(_CAMERAS), self.cameras)
        # JSON is YAML
        lines = [f"{_plain(name)}: {_plain_value(value)}" for name, value in merged.items()]
        return "".join(f"{line}\n" for line in lines)


def changed_request(project: Path, changes: RequestChanges) -> str | None:
    """Return the text of a project's request with the changes; None: there are none.

    Raises:
        LabError: there are changes, and the project is a zip.
        ProjectError: its dlc-batch.yaml can't be read.
    """
    if not changes:
        return None
    if not project.is_dir():
        lines = changes.over("").rstrip()
        raise LabError(
            f"{project} is a zip: what is asked for can't be written into it.",
            f"Name the project's folder instead, or write this into the {REQUEST_FILE} beside"
            f" config.yaml and zip it anew:\n{lines}",
        )
    own = project / project_root(project) / REQUEST_FILE
    try:
        if own.is_file() and own.stat().st_size > MAX_YAML_BYTES:
            what = f"The file is larger than {MAX_YAML_BYTES // 1000} kB."
            raise ProjectError([Problem("text-too-long", REQUEST_FILE, what, "Make it smaller.")])
        return changes.over(own.read_text("utf-8-sig") if own.is_file() else "")
    except UnicodeDecodeError as error:
        what, remedy = "The file is not UTF-8 text.", "Save it as UTF-8 in an editor."
        raise ProjectError([Problem("text-encoding", REQUEST_FILE, what, remedy)]) from error


def _with_settings(section: object, settings: Mapping[str, object]) -> object:
    """Return a section with settings by `key` or `key.inner` in it; one that is none stays."""
    if section is None:
        section = {}
    if not isinstance(section, dict):
        return section
    merged = dict(section)
    for path, value in settings.items():
        key, dot, inner = path.partition(".")
        merged[key] = _with_settings(merged.get(key), {inner: value}) if dot else value
    return merged


def _plain(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _plain_value(name)


def _plain_value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_as_pythons)


def _as_pythons(value: object) -> object:
    """Return a number, switch or array of numpy's or the like as Python has it."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) else str(value)
