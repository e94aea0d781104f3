"""Where in an upload the project lies."""

from __future__ import annotations

from collections.abc import Sequence

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.catalogue import problem
from dlc_batch_core.checks.config import is_3d
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ReadableArchive
from dlc_batch_core.words import listed
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

#: So many are looked into for a 3D project among them: each is read and parsed.
_MOST_LOOKED_INTO = 4


def find_root(archive: ReadableArchive, name: str) -> tuple[str, list[Problem]]:
    """Return the folder of the project, "" or "a/b/", and what was set aside.

    Args:
        archive: the upload.
        name: what problems call it.

    Raises:
        ProjectError: there is no project, or more than one.
    """
    roots = archive.roots()
    if not roots:
        what = "The upload holds no config.yaml, so no DeepLabCut project."
        raise ProjectError([problem("no-project", name, what)])
    outer = [each for each in roots if not _lies_within(each, roots)]
    left, warnings = _without_3d(archive, outer)
    if len(left) > 1:
        what = f"The upload holds {len(left)} projects: {listed(r or '(top)' for r in left)}."
        raise ProjectError([problem("several-projects", name, what)])
    nested = [each for each in roots if each != left[0] and each.startswith(left[0])]
    what = "Another project lies in a folder of the project; it is not trained."
    warnings += [problem("nested-project", each + CONFIG_FILE, what) for each in nested]
    return left[0], warnings


def _lies_within(root: str, roots: Sequence[str]) -> bool:
    return any(root != other and root.startswith(other) for other in roots)


def _without_3d(archive: ReadableArchive, roots: list[str]) -> tuple[list[str], list[Problem]]:
    """Set 3D projects aside where one other project is left."""
    if not 1 < len(roots) <= _MOST_LOOKED_INTO:
        return roots, []
    of_3d = [root for root in roots if _is_3d(archive, root + CONFIG_FILE)]
    left = [root for root in roots if root not in of_3d]
    if len(left) != 1:
        return roots, []
    what = "This 3D project is set aside; the network is trained in the 2D project."
    return left, [problem("project-3d-beside", root + CONFIG_FILE, what) for root in of_3d]


def _is_3d(archive: ReadableArchive, path: str) -> bool:
    try:
        return is_3d(read_yaml_mapping(archive.read_text(path, MAX_YAML_BYTES), path))
    except ProjectError:
        return False  # it is told where the project is checked
