"""A 3D project of DeepLabCut's, as `create_new_project_3d` lays it out: cameras and how they were
calibrated, but no network. It comes in the zip of its 2D project, beside or within it.

Its cameras are those of the run where dlc-batch.yaml names none. Of its calibration, images are
read; what DeepLabCut made of them lies in pickles, which can run code in whoever loads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PureWindowsPath

from dlc_batch_core.camera_fields import are_names
from dlc_batch_core.cameras import CALIBRATION_IMAGES, Cameras

#: Folder for the calibration images of a 3D project beside, in our copy of the 2D project and in
#: its request; no folder of DeepLabCut's.
HOME_3D = "home-3d"
CALIBRATION_3D = f"{HOME_3D}/{CALIBRATION_IMAGES}"
_CONFIG = "config_file_"  # config_file_camera-1: the 2D project by which DeepLabCut analyses


@dataclass(frozen=True)
class Project3D:
    """A 3D project in an upload."""

    root: str  # its folder in the zip: "" or "a/b/"
    names: tuple[str, ...]  # of its cameras; empty where they can't be used
    networks: frozenset[str] = frozenset()  # names of the folders of its 2D projects

    @property
    def images(self) -> str:
        """The folder of its calibration images in the zip, with a / at its end."""
        return f"{self.root}{CALIBRATION_IMAGES}/"

    def calibration(self, root: str) -> str:
        """Return the folder of calibration images as a path in the 2D project under `root`."""
        if self.lies_within(root):
            return self.images.removeprefix(root).rstrip("/")
        return CALIBRATION_3D

    def lies_within(self, root: str) -> bool:
        """Whether the 3D project lies in a folder of the 2D project."""
        return self.root.startswith(root) and self.root != root

    def fill(self, asked: Cameras | None, root: str) -> Cameras | None:
        """Return the cameras of a run: what is asked for, and else what the 3D project has."""
        if asked is None and not self.names:
            return None
        cameras = asked or Cameras()
        if not cameras.names:
            cameras = replace(cameras, names=self.names)
        if cameras.calibration is None and set(cameras.names) == set(self.names):
            cameras = replace(cameras, calibration=self.calibration(root))
        return cameras


def is_3d(config: Mapping[str, object]) -> bool:
    """Whether a config.yaml is that of a 3D project."""
    return "num_cameras" in config


def read_3d(config: Mapping[str, object], root: str) -> Project3D:
    """Read the config.yaml of a 3D project."""
    listed = config.get("camera_names")
    named = listed if isinstance(listed, list) else []
    names = [str(each) if isinstance(each, int) else each for each in named]
    is_whole = are_names(names) and config.get("num_cameras") == len(names)
    paths = [v for k, v in config.items() if k.startswith(_CONFIG) and isinstance(v, str)]
    return Project3D(
        root,
        tuple(str(name) for name in names) if is_whole else (),
        frozenset(PureWindowsPath(path).parent.name for path in paths),  # it splits at \ and /
    )


def choose_3d(projects: Sequence[Project3D], root: str) -> Project3D | None:
    """Return the 3D project of a 2D project: the only one, or the one that names its folder."""
    if len(projects) == 1:
        return projects[0]
    folder = root.rstrip("/").rpartition("/")[2]
    naming = [each for each in projects if folder and folder in each.networks]
    return naming[0] if len(naming) == 1 else None
