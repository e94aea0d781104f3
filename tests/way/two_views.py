"""A small project that two cameras saw, as a lab keeps it; DeepLabCut's 3D project beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch.demo import scene
from dlc_batch.demo.project import IN_SPACE, DemoSize, make_demo_project, write_request
from dlc_batch.packing import pack, plan_packing
from dlc_batch_cameras.camera import Camera, CameraGroup
from dlc_batch_cameras.foreign_files import write_anipose
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.yaml_writer import write_yaml

if TYPE_CHECKING:
    from tests.way.conftest import Way

LAB = "space-lab"
CAMERAS: dict[str, Any] = dict(IN_SPACE["cameras"])  # type: ignore[call-overload]
#: Where the lab has its projects.
_ON_WINDOWS = "D:\\Users\\Ann\\DLC"
#: DeepLabCut itself makes the 3D project, in a process of its own.
_MAKE_3D = """\
import sys
from deeplabcut.create_project.new_3d import create_new_project_3d
create_new_project_3d("walk", "Ann", 2, working_directory=sys.argv[1])
"""


def make_two_views(
    project: Path, size: DemoSize, cameras: Mapping[str, Any], **request: Any
) -> Path:
    """Draw the demo's project, with a request of choice."""
    make_demo_project(project, size)
    write_request(project, analyze_videos=True, cameras=cameras, **request)
    return project


def number_backwards(images: Path) -> None:
    """Give each image of the second camera the number of another moment: no header tells."""
    found = sorted(images.glob("camera-2-*"))
    contents = [path.read_bytes() for path in found]
    for path, content in zip(found, reversed(contents), strict=True):
        path.write_bytes(content)


def make_3d_project(project: Path) -> Path:
    """Let DeepLabCut make a 3D project beside a 2D project, and move its calibration images there.

    Both are as a computer with Windows had them; one camera writes .JPG. Returns the 3D project.
    """
    made_in = project.parent
    command = [sys.executable, "-c", _MAKE_3D, str(made_in)]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = made_in.glob("walk-Ann-*-3d")
    path = made / "config.yaml"
    config = {**read_yaml_mapping(path.read_text(), path.name)}
    config["project_path"] = f"{_ON_WINDOWS}\\{made.name}"
    config["skeleton"] = [["snout", "leftear"], ["snout", "rightear"], ["snout", "tailbase"]]
    for camera in ("camera-1", "camera-2"):
        config[f"config_file_{camera}"] = f"{_ON_WINDOWS}\\{project.name}\\config.yaml"
    write_yaml(path, config)
    own, there = project / "config.yaml", f"{_ON_WINDOWS}\\{project.name}"
    text = own.read_text().replace(f"{project}/videos/", f"{there}\\videos\\")
    own.write_text(text.replace(str(project), there))
    for image in sorted((project / "calibration_images").iterdir()):
        target = made / "calibration_images" / image.name
        if "camera-1" in image.name:
            quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
            target.with_suffix(".JPG").write_bytes(
                cv2.imencode(".jpg", cv2.imread(str(image)), quality)[1].tobytes()
            )
            image.unlink()
        else:
            image.rename(target)
    (project / "calibration_images").rmdir()
    return made


def write_anipose_calibration(project: Path) -> None:
    """Write the cameras into calibration.toml as Anipose does, instead of images of the board."""
    shutil.rmtree(project / "calibration_images")
    size = (scene.WIDTH, scene.HEIGHT)
    cameras = (
        Camera(each.name, size, each.K, np.zeros(5), each.R, each.t)
        for each in scene.two_cameras()
    )
    write_anipose(CameraGroup(tuple(cameras)), project / "calibration.toml")


def put(way: Way, folder: Path) -> str:
    """Upload a folder as by hand, without a check at home; return the run's id."""
    archive = folder.with_suffix(".zip")
    pack(plan_packing(folder), archive)
    return way.put(archive.read_bytes(), f"uploads/{LAB}/{archive.name}")


def true_points(project: Path) -> NDArray[np.float64]:
    """Where the body parts were in the arena, (frames, body parts, 3), mm."""
    table = np.loadtxt(project / "truth_3d.csv", delimiter=",", skiprows=1)[:, 1:]
    return np.asarray(table.reshape(len(table), -1, 3), dtype=np.float64)


def seen_by_first(project: Path, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same in the coordinates of the first camera."""
    first = cameras_of(project)["camera-1"]
    return np.asarray(points @ np.array(first["R"]).T + np.array(first["t"]), dtype=np.float64)


def cameras_of(project: Path) -> dict[str, Any]:
    """The cameras that the project was drawn with: K, R and t by name."""
    found: dict[str, Any] = json.loads((project / "cameras.json").read_text())["cameras"]
    return found
