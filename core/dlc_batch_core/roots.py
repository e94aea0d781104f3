"""Where in an upload the project lies, and the 3D project that comes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.intake import Intake
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ReadableArchive
from dlc_batch_core.request import REQUEST_FILE
from dlc_batch_core.three_d import Project3D, choose_3d, is_3d, read_3d
from dlc_batch_core.words import listed, shown
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

#: So many are looked into for a 3D project among them: each is read and parsed.
_MOST_LOOKED_INTO = 4


@dataclass(frozen=True)
class Roots:
    """What an upload holds."""

    root: str  # folder of the project that is trained: "" or "a/b/"
    three_d: Project3D | None = None  # that belongs to it
    problems: tuple[Problem, ...] = ()  # warnings of what was set aside
    are_several_3d: bool = False  # and which belongs to the project can't be told

    @property
    def images_3d(self) -> str | None:
        """The folder of the 3D project's calibration images, where it lies beside the project."""
        is_beside = self.three_d is not None and not self.three_d.lies_within(self.root)
        return self.three_d.images if self.three_d is not None and is_beside else None

    def cameras(self, asked: Cameras | None) -> Cameras | None:
        """Return the cameras of a run: what is asked for, and else what the 3D project has."""
        return self.three_d.fill(asked, self.root) if self.three_d is not None else asked

    def intake(self, cameras: Cameras | None) -> Intake:
        """Return what of the upload is unpacked for a run with such cameras."""
        return Intake(self.root, cameras, self.images_3d)


def find_roots(archive: ReadableArchive, name: str) -> Roots:
    """Find the project of an upload.

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
    of_3d = _find_3d(archive, roots)
    trained = [root for root in roots if root not in [each.root for each in of_3d]]
    if not trained:  # 3D projects alone: the check says that they can't be trained
        of_3d, trained = [], list(roots)
    outer = [each for each in trained if not _lies_within(each, trained)]
    if len(outer) > 1:
        what = f"The upload holds {len(outer)} projects: {listed(r or '(top)' for r in outer)}."
        raise ProjectError([problem("several-projects", name, what)])
    what = "Another project lies in a folder of the project; it is not trained."
    nested = [each for each in trained if each not in outer]
    found = [problem("nested-project", each + CONFIG_FILE, what) for each in nested]
    three_d = choose_3d(of_3d, outer[0])
    found += [_set_aside(each) for each in of_3d if each is not three_d]
    found += _requests_elsewhere(archive, outer[0], of_3d)
    return Roots(outer[0], three_d, tuple(found), three_d is None and bool(of_3d))


def _lies_within(root: str, roots: Sequence[str]) -> bool:
    return any(root != other and root.startswith(other) for other in roots)


def _find_3d(archive: ReadableArchive, roots: Sequence[str]) -> list[Project3D]:
    """Return the 3D projects, where there is another project too."""
    if not 1 < len(roots) <= _MOST_LOOKED_INTO:
        return []
    return [found for root in roots if (found := _read_3d(archive, root)) is not None]


def _read_3d(archive: ReadableArchive, root: str) -> Project3D | None:
    path = root + CONFIG_FILE
    try:
        config = read_yaml_mapping(archive.read_text(path, MAX_YAML_BYTES), path)
    except ProjectError:
        return None  # it is told where the project is checked
    return read_3d(config, root) if is_3d(config) else None


def _requests_elsewhere(
    archive: ReadableArchive, root: str, of_3d: Sequence[Project3D]
) -> list[Problem]:
    """Warn of requests above the project, or in a 3D project: a lab may take them as read."""
    parts = root.split("/")[:-1]
    above = ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts))]
    places = [folder + REQUEST_FILE for folder in (*above, *(each.root for each in of_3d))]
    what = f"This {REQUEST_FILE} is not read: it does not lie in the project's own folder"
    what += f" ({shown(root or 'the top')})."
    return [
        problem("request-elsewhere", place, what)
        for place in dict.fromkeys(places)
        if place in archive and place != root + REQUEST_FILE
    ]


def _set_aside(project: Project3D) -> Problem:
    what = "This 3D project is set aside: there is another one, and which belongs to the project"
    what += " can't be told."
    return problem("project-3d-beside", project.root + CONFIG_FILE, what)
