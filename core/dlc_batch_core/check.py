"""Whether an upload can be trained: all that can be told before a GPU starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, TypeVar

from dlc_batch_core.archive import CONFIG_FILE, Archive, problem_of_method, read_archive
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem, are_trainable, in_stable_order
from dlc_batch_core.project import Project, parse_project
from dlc_batch_core.request import REQUEST_FILE, Request, parse_request
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

LABELS = "labeled-data/"
_Read = TypeVar("_Read")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Check:
    """What a check found. Project and request are None where they could not be read."""

    problems: tuple[Problem, ...]
    root: str = ""
    project: Project | None = None
    request: Request | None = None
    mended: tuple[str, ...] = ()

    @property
    def is_trainable(self) -> bool:
        return are_trainable(self.problems)


def check_upload(file: IO[bytes], name: str) -> Check:
    """Check a zipped project; never raises for what an upload may hold.

    Args:
        file: the zip, seekable; read by its directory and its small text members only.
        name: what problems call the zip.
    """
    try:
        archive = read_archive(file, name)
        root = _one_root(archive, name)
    except ProjectError as error:
        return Check(error.problems)
    return _check_project(archive, root)


def _one_root(archive: Archive, name: str) -> str:
    roots = archive.roots()
    if not roots:
        what = "The zip holds no config.yaml, so no DeepLabCut project."
        remedy = "Zip the whole project folder: the one that holds config.yaml."
        raise ProjectError([Problem("no-project", name, what, remedy)])
    if len(roots) > 1:
        shown = ", ".join(root or "(top)" for root in roots[:5])
        what = f"The zip holds {len(roots)} projects: {shown}."
        raise ProjectError(
            [Problem("several-projects", name, what, "Zip and upload one project at a time.")]
        )
    return roots[0]


def _check_project(archive: Archive, root: str) -> Check:
    problems = _problems_of_methods(archive, root)
    request = _attempt(lambda: _read_request(archive, root), problems)
    project = _attempt(lambda: _read_project(archive, root), problems)
    if project is not None:
        problems += _problems_of_labels(archive, root, project)
        problems += _problems_of_engine(project, request, root)
    return Check(in_stable_order(problems), root, project, request)


def _attempt(read: Callable[[], _Read], problems: list[Problem]) -> _Read | None:
    try:
        return read()
    except ProjectError as error:
        problems += error.problems
        return None


def _read_request(archive: Archive, root: str) -> Request:
    path = root + REQUEST_FILE
    if path not in archive:
        return Request()
    return parse_request(archive.read_text(path, MAX_YAML_BYTES), path)


def _read_project(archive: Archive, root: str) -> Project:
    path = root + CONFIG_FILE
    return parse_project(read_yaml_mapping(archive.read_text(path, MAX_YAML_BYTES), path), path)


def _problems_of_methods(archive: Archive, root: str) -> list[Problem]:
    # not of videos: Windows packs what is larger than 2 GB with Deflate64, and it stays packed
    needed = [m for m in archive.under(root) if m.path.lower().endswith((".csv", *IMAGES))]
    return [problem for member in needed if (problem := problem_of_method(member))]


def _problems_of_labels(archive: Archive, root: str, project: Project) -> list[Problem]:
    folder = root + LABELS
    paths = [member.path for member in archive.under(folder)]
    if not paths:
        what = "The project holds no labelled data."
        remedy = "Label frames in DeepLabCut, and zip the folder labeled-data too."
        return [Problem("no-labels", folder, what, remedy)]
    wanted = f"CollectedData_{project.scorer}.csv"
    labelled = [path.removesuffix(wanted) for path in paths if path.endswith("/" + wanted)]
    if not labelled:
        return [_no_table(folder, wanted, paths)]
    return _lost_labels(paths, labelled) + _labels_without_images(paths, labelled)


def _lost_labels(paths: Iterable[str], labelled: Iterable[str]) -> list[Problem]:
    files = [(path.rpartition("/")[0] + "/", path) for path in paths]
    lost = {
        folder: path
        for folder, path in files
        if path.removeprefix(folder).startswith("CollectedData") and folder not in set(labelled)
    }
    return [label_without_table(path) for path in lost.values()]


def label_without_table(where: str) -> Problem:
    """Return the problem of labels that no table of config.yaml's scorer holds."""
    what = "The folder's labels are not in a .csv of config.yaml's scorer: they would be lost."
    remedy = "Save the labels in DeepLabCut (it writes .csv and .h5), or remove the folder."
    return Problem("no-label-table", where, what, remedy)


def _labels_without_images(paths: Iterable[str], labelled: Iterable[str]) -> list[Problem]:
    images = (path for path in paths if path.lower().endswith(IMAGES))
    with_images = {path.rpartition("/")[0] + "/" for path in images}
    return [_no_images(each) for each in labelled if each not in with_images]


def _no_table(folder: str, wanted: str, paths: Iterable[str]) -> Problem:
    files = {path.rpartition("/")[2] for path in paths}
    others = sorted(f for f in files if f.startswith("CollectedData_") and f.endswith(".csv"))
    if not others:
        what = f"No folder of labelled data holds {wanted}."
        remedy = "Save the labels in DeepLabCut; the .csv is needed, the .h5 is not."
        return Problem("no-label-table", folder, what, remedy)
    what = f"No folder of labelled data holds {wanted}; there is {', '.join(others[:3])}."
    remedy = "Set `scorer` in config.yaml to the name in the labels' files, or rename the files."
    return Problem("label-scorer", folder, what, remedy)


def _no_images(folder: str) -> Problem:
    what = "The folder has labels, but not one image."
    return Problem("no-images", folder, what, "Zip the labelled images with the labels.")


def _problems_of_engine(project: Project, request: Request | None, root: str) -> list[Problem]:
    asked = request.engine if request else None
    if (asked or project.engine) == "pytorch":
        return []
    what = f"The engine `{project.engine}` is not offered."
    remedy = f"Write `engine: pytorch` into {REQUEST_FILE} beside config.yaml."
    return [Problem("engine", root + CONFIG_FILE, what, remedy)]
