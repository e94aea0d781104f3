"""Where in a folder its project lies: in it, or below it where a 3D project lies beside."""

from __future__ import annotations

from pathlib import Path

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.project_folder import FolderArchive
from dlc_batch_core.roots import find_roots
from dlc_batch_core.three_d import is_3d
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping


def project_root(folder: Path) -> str:
    """Return the project's place below a folder, "" or "a/b/"; "" too where there is none."""
    if (folder / CONFIG_FILE).is_file() and not _is_3d(folder / CONFIG_FILE):
        return ""
    try:
        return find_roots(FolderArchive(folder), folder.name or "project").root
    except ProjectError:
        return ""  # the check says why


def beside_3d(folder: Path) -> Path | None:
    """Return the folder of a 3D project that lies beside a project's on this disk."""
    configs = sorted(folder.resolve().parent.glob(f"*/{CONFIG_FILE}"))
    found = (path.parent for path in configs if path.is_file() and _is_3d(path))
    return next(found, None)


def _is_3d(path: Path) -> bool:
    with path.open("rb") as file:
        text = file.read(MAX_YAML_BYTES)
    try:
        return is_3d(read_yaml_mapping(text.decode("utf-8-sig"), CONFIG_FILE))
    except (ProjectError, UnicodeDecodeError):
        return False
