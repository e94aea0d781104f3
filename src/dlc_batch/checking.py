"""Checking a project on this computer, as the cloud will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dlc_batch.calibrating import Looked, with_calibration
from dlc_batch.project_place import beside_3d, project_root
from dlc_batch_core.archive import CONFIG_FILE, read_archive
from dlc_batch_core.catalogue import problem
from dlc_batch_core.check import Check, check_archive
from dlc_batch_core.checks.cameras import NO_3D_PROJECT
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.member import Member
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ReadableArchive
from dlc_batch_core.project_folder import FolderArchive
from dlc_batch_core.request import REQUEST_FILE


def check_path(
    project: Path, looked: Looked = lambda _, __: None, request: str | None = None
) -> Check:
    """Check a project's folder, or its zip; never raises for what they may hold.

    Args:
        project: the folder or the zip; of a folder its config.yaml will do, as in DeepLabCut.
        looked: is told how far it is.
        request: of a folder, what is taken for its dlc-batch.yaml; None: its own.
    """
    project = project_at(project)
    try:
        if project.is_dir():
            place = project_root(project) + REQUEST_FILE
            folder = FolderArchive(project, () if request is None else (place,))
            texts = {} if request is None else {place: request}
            found = _of_folder(_Watched(folder, looked, texts), name_of(project))
            found = _with_folder_above(found, project)
            return with_calibration(found, folder, looked)
        with project.open("rb") as file:
            archive = read_archive(file, name_of(project))
            found = check_archive(_Watched(archive, looked), name_of(project))
            return with_calibration(found, archive, looked)
    except ProjectError as error:
        return Check(error.problems)
    except FileNotFoundError:
        what, remedy = "There is no such file or folder.", "Look at the path: is a letter wrong?"
        return Check((Problem("unreadable", str(project), what, remedy),))
    except OSError as error:
        what = f"It can't be read: {error.strerror}."
        return Check((problem("unreadable", str(project), what),))


def project_at(path: Path) -> Path:
    """Return the project's folder where its config.yaml is named, as DeepLabCut has it named."""
    return path.parent if path.name == CONFIG_FILE and path.is_file() else path


def _of_folder(archive: _Watched, name: str) -> Check:
    try:
        return check_archive(archive, name)
    except ProjectError as error:
        return Check(tuple(map(_without_upload, error.problems)))


def _without_upload(found: Problem) -> Problem:
    """Say what is wrong with a folder that nobody has zipped or uploaded."""
    if found.code != "no-project":
        return found
    what = f"The folder holds no {CONFIG_FILE}, so it is no DeepLabCut project."
    remedy = f"Name the project's own folder: the one that holds {CONFIG_FILE}."
    return Problem(found.code, found.where, what, remedy)


def _with_folder_above(found: Check, project: Path) -> Check:
    """Say which folder to give where the 3D project that is missed lies beside, on this disk."""
    problems = [_of_beside(each, project) for each in found.problems]
    return replace(found, problems=tuple(problems))


def _of_beside(found: Problem, project: Path) -> Problem:
    is_missed = found.code == "cameras-names" and NO_3D_PROJECT in found.what
    beside = beside_3d(project) if is_missed else None
    if beside is None:
        return found
    above = project.parent if project.name else project.resolve().parent  # "." has no parent
    what = f"`cameras` has no `names`, and the 3D project {beside.name} beside the project is not"
    what += " looked at: only what lies in the folder that you give is."
    remedy = f"Give the folder that holds both: dlc-batch check {above}. Or put the 3D project's"
    return replace(found, what=what, remedy=f"{remedy} folder into the project's.")


def name_of(project: Path) -> str:
    """Return what problems call a folder or a zip."""
    return project.resolve().name or str(project)  # "." has no name of its own


class _Watched:
    """An archive that tells how much of it was read, with texts of ours in it."""

    def __init__(
        self, archive: ReadableArchive, looked: Looked, texts: Mapping[str, str] | None = None
    ) -> None:
        self._archive, self._looked, self._texts = archive, looked, texts or {}
        self.members, self.limits = archive.members, archive.limits
        self._total = sum(member.path.lower().endswith(IMAGES) for member in archive.members)
        self._done, self._last = 0, ""

    @property
    def requests(self) -> int:
        return self._archive.requests

    def __contains__(self, path: str) -> bool:
        return path in self._archive

    def roots(self) -> tuple[str, ...]:
        return self._archive.roots()

    def under(self, folder: str) -> tuple[Member, ...]:
        return self._archive.under(folder)

    def read_text(self, path: str, most_bytes: int) -> str:
        if path in self._texts:
            return self._texts[path]
        return self._archive.read_text(path, most_bytes)

    def read_head(self, path: str, count: int) -> bytes:
        if path.lower().endswith(IMAGES) and path != self._last:  # the same one, more of it
            self._done, self._last = self._done + 1, path
            self._looked(self._done, max(self._done, self._total))
        return self._archive.read_head(path, count)
