"""What of an upload is unpacked for a training, and where it is put.

Settings, label tables, images and the calibration of the cameras that a request names (images,
videos or a file) are taken, by their names: an .h5, a .mat or a .pt can run code
in whoever loads it, so none of them reaches the disk. Everything derived is made anew. The one
exception is the record of a split that was made at home, a pickle: it is put into a folder of its
own, where neither DeepLabCut nor a person looks for it, and only a reader that can run nothing
opens it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.archive_safety import find_excess, problem_of_method
from dlc_batch_core.calibration_files import images_or_videos, stated_files
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.member import Member
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ReadableArchive
from dlc_batch_core.three_d import CALIBRATION_3D

#: Folder for splits made at home, in our copy of a project; no folder of DeepLabCut's.
HOME_SPLITS = "home-splits"
#: DeepLabCut's record of a split, and the merged label table whose rows it counts.
_HOME_SPLIT = re.compile(
    r"training-datasets/(iteration-[0-9]+/UnaugmentedDataSet_[^/]+"
    r"/(?:Documentation_data-[^/]+shuffle[0-9]+\.pickle|CollectedData_[^/]+\.csv))",
    re.DOTALL,
)


def is_taken(path: PurePosixPath) -> bool:
    """Whether a file of a project is unpacked: settings, labels, labelled images and splits."""
    if len(path.parts) == 1:
        return path.name == CONFIG_FILE
    match path.parts[0]:
        case "labeled-data":
            return _is_table(path) or path.suffix.lower() in IMAGES
        case "dlc-models-pytorch":
            return path.name == "pytorch_config.yaml"
        case "dlc-models":
            return path.parts[-2:] == ("train", "pose_cfg.yaml")
        case "training-datasets":
            return path.name == "metadata.yaml" or bool(_HOME_SPLIT.fullmatch(path.as_posix()))
    return False


def place_of(path: str) -> str:
    """Return where a file of a project lies in our copy of it: at its path, but for home splits.

    These lie in a folder of ours, the pickles without their suffix: DeepLabCut loads each
    training-datasets/**/Documentation_data-*shuffle*.pickle*.
    """
    found = _HOME_SPLIT.fullmatch(path)
    return f"{HOME_SPLITS}/{found[1].removesuffix('.pickle')}" if found else path


@dataclass(frozen=True)
class Intake:
    """What is unpacked of an upload.

    Attributes:
        root: the project's folder in the zip: "" or "a/b/".
        cameras: of the request.
        beside: the calibration's folder of a 3D project beside it, with a / at its end.
    """

    root: str
    cameras: Cameras | None = None
    beside: str | None = None

    def members(self, archive: ReadableArchive) -> tuple[Member, ...]:
        """Return the members that are unpacked."""
        asked = self.calibration(archive)
        paths = {member.path for member in asked}
        others = (m for m in archive.under(self.root) if m.path not in paths)
        return (*(m for m in others if is_taken(PurePosixPath(self._path(m)))), *asked)

    def calibration(self, archive: ReadableArchive) -> tuple[Member, ...]:
        """Return those of them by which the cameras are calibrated."""
        if self.cameras is None:
            return ()
        if self.cameras.folder is None:
            paths = stated_files(f"{self.root}{self.cameras.calibration}")
            return tuple(m for m in archive.under(self.root) if m.path in paths)
        folder = self.beside if self._is_beside else f"{self.root}{self.cameras.folder}/"
        there = {m.path: m for m in archive.under(folder or "")}
        return tuple(there[path] for path in images_or_videos(folder or "", there))

    def place(self, member: Member) -> str:
        """Return where a member lies in our copy of the project."""
        if self._is_beside and member.path.startswith(self.beside or ""):
            return f"{CALIBRATION_3D}/{member.path.removeprefix(self.beside or '')}"
        return place_of(self._path(member))

    def find_problems(self, archive: ReadableArchive) -> list[Problem]:
        """Find which of the members to be unpacked can't be, or are too large."""
        taken = self.members(archive)
        methods = [problem for member in taken if (problem := problem_of_method(member))]
        return methods + find_excess(taken, archive.limits)

    @property
    def _is_beside(self) -> bool:
        folder = self.cameras.folder if self.cameras else None
        return self.beside is not None and folder == CALIBRATION_3D

    def _path(self, member: Member) -> str:
        return member.path.removeprefix(self.root)


def _is_table(path: PurePosixPath) -> bool:
    return path.name.startswith("CollectedData") and path.suffix.lower() == ".csv"
