"""What of an upload is unpacked for a training, and where it is put.

Settings, label tables and images are taken, by their names: an .h5, a .mat or a .pt can run code
in whoever loads it, so none of them reaches the disk. Everything derived is made anew. The one
exception is the record of a split that was made at home, a pickle: it is put into a folder of its
own, where neither DeepLabCut nor a person looks for it, and only a reader that can run nothing
opens it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dlc_batch_core.archive import CONFIG_FILE, Archive
from dlc_batch_core.archive_safety import find_excess, problem_of_method
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.member import Member
from dlc_batch_core.problems import Problem

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


def taken_members(archive: Archive, root: str) -> tuple[Member, ...]:
    """Return the members that are unpacked of the project under `root` ("" or "a/b/")."""
    members = archive.under(root)
    return tuple(m for m in members if is_taken(PurePosixPath(m.path.removeprefix(root))))


def find_intake_problems(archive: Archive, root: str) -> list[Problem]:
    """Find which of the members to be unpacked can't be, or are too large."""
    taken = taken_members(archive, root)
    methods = [problem for member in taken if (problem := problem_of_method(member))]
    return methods + find_excess(taken, archive.limits)


def _is_table(path: PurePosixPath) -> bool:
    return path.name.startswith("CollectedData") and path.suffix.lower() == ".csv"
