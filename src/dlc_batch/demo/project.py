"""Makes the demo project: a DeepLabCut project as a lab would have it, with drawn animals.

demo-project/
├── config.yaml, dlc-batch.yaml            the project, and what to train
├── labeled-data/walk-camera-<n>/          the labelled frames of each view
├── videos/walk-camera-<n>.mp4             the whole walk
├── calibration_images/camera-<n>-<m>.png  a chessboard before both cameras
├── cameras.json                           K, R, t of both cameras
└── truth_3d.csv                           where each body part truly was, frame by frame
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from ruamel.yaml import YAML

from dlc_batch.demo import board, scene

SCORER = "drawn"
TASK, DATE = "walk", "Jan1"
#: By this file we know a folder that we made, and may replace.
MARK = ".dlc-batch-demo"

# Trains in about two minutes on two CPU cores to a test error of about two pixels. From random
# weights, for the demo downloads nothing; hence a higher rate than by default (it falls to
# DeepLabCut's usual 1e-4 and 1e-5 at the milestones), milder scaling, and crops as large as the
# frame.
REQUEST: dict[str, object] = {
    "net_type": "cspnext_s",
    "weights": "random",
    "epochs": 60,
    "batch_size": 4,
    "seed": 1,
    "overrides": {
        "runner.optimizer.params.lr": 0.001,
        "runner.scheduler.params.milestones": [46, 55],
        "data.train.affine.scaling": [0.8, 1.2],
        "data.train.crop_sampling.width": scene.WIDTH,
        "data.train.crop_sampling.height": scene.HEIGHT,
    },
}
#: What makes it a project of two cameras.
IN_SPACE: dict[str, object] = {
    "analyze_videos": True,
    "cameras": {
        "names": ["camera-1", "camera-2"],
        "smooth": True,
        "board": {"columns": board.COLUMNS, "rows": board.ROWS, "square_mm": board.SQUARE_MM},
    },
}


class NotOurFolderError(Exception):
    """The folder exists and is not a demo project that we made."""


@dataclass(frozen=True)
class DemoSize:
    """How much is drawn: frames of each video, and how many of them are labelled a view."""

    frames: int = 240
    labelled: int = 64

    def labelled_frames(self) -> list[int]:
        """Frame numbers spread evenly over the walk."""
        return [int(i) for i in np.linspace(0, self.frames - 1, self.labelled).round()]


def make_demo_project(folder: Path, size: DemoSize | None = None, seed: int = 1) -> Path:
    """Make the demo project and return its folder; a demo made earlier is replaced.

    Raises:
        NotOurFolderError: something else is in the way. It is left as it is.
    """
    folder = folder.absolute()
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(draft, folder, size or DemoSize(), seed)
        draft.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def write_request(project: Path, **changes: object) -> None:
    """Write the demo's dlc-batch.yaml, with some of its keys changed."""
    _write_yaml(project / "dlc-batch.yaml", {**REQUEST, **changes})


def _refuse_foreign(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotOurFolderError(f"{folder} is in the way. Move it, or choose another folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise NotOurFolderError(
            f"{folder} is not empty, and is no demo project. Choose another folder."
        )


def _fill(draft: Path, folder: Path, size: DemoSize, seed: int) -> None:
    cameras = scene.two_cameras()
    poses = scene.walk(size.frames, seed)
    (draft / MARK).write_text("Made by dlc-batch; made anew when the demo runs again.\n")
    for number, camera in enumerate(cameras):
        _film(draft, camera, poses, size, np.random.default_rng([seed, number]))
        _show_board(draft, camera, seed, np.random.default_rng([seed, number, 2]))
    _write_geometry(draft, cameras, poses)
    _write_yaml(draft / "config.yaml", _config(folder, cameras))
    write_request(draft)


def _film(
    draft: Path,
    camera: scene.Camera,
    poses: list[scene.Pose],
    size: DemoSize,
    grain: np.random.Generator,
) -> None:
    """Write one camera's video, and its labelled frames with their labels."""
    stem = _stem(camera)
    labels = draft / "labeled-data" / stem
    labels.mkdir(parents=True)
    (draft / "videos").mkdir(exist_ok=True)
    wanted = set(size.labelled_frames())
    rows: list[tuple[str, scene.Array]] = []
    video = cv2.VideoWriter(
        str(draft / "videos" / f"{stem}.mp4"),
        cv2.VideoWriter.fourcc(*"mp4v"),
        scene.FRAMES_PER_SECOND,
        (scene.WIDTH, scene.HEIGHT),
    )
    for number, pose in enumerate(poses):
        image = scene.draw(pose, camera, grain)
        video.write(image)
        if number in wanted:
            name = f"img{number:04d}.png"
            cv2.imwrite(str(labels / name), image)
            rows.append((f"labeled-data/{stem}/{name}", camera.project(scene.markers_of(pose))))
    video.release()
    _write_labels(labels / f"CollectedData_{SCORER}.csv", rows)


def _show_board(draft: Path, camera: scene.Camera, seed: int, grain: np.random.Generator) -> None:
    """Write what one camera takes of the chessboard."""
    folder = draft / "calibration_images"
    folder.mkdir(exist_ok=True)
    for number, held in enumerate(board.hold(seed=seed), 1):
        image = board.draw_board(held, camera, grain)
        cv2.imwrite(str(folder / f"{camera.name}-{number:02}.png"), image)


def _write_labels(path: Path, rows: Iterable[tuple[str, scene.Array]]) -> None:
    """Write DeepLabCut's label file: three header rows, then image path and x, y a body part."""
    parts = [part for part in scene.BODY_PARTS for _ in "xy"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scorer", *[SCORER] * len(parts)])
        writer.writerow(["bodyparts", *parts])
        writer.writerow(["coords", *["x", "y"] * len(scene.BODY_PARTS)])
        for image, points in rows:
            writer.writerow([image, *(f"{value:.4f}" for value in points.ravel())])


def _write_geometry(draft: Path, cameras: Iterable[scene.Camera], poses: list[scene.Pose]) -> None:
    geometry = {
        "units": "mm",
        "image_size": [scene.WIDTH, scene.HEIGHT],
        "convention": "OpenCV pinhole: pixel ~ K (R X + t); no lens distortion",
        "cameras": {camera.name: camera.to_json() for camera in cameras},
    }
    (draft / "cameras.json").write_text(json.dumps(geometry, indent=2) + "\n")
    with (draft / "truth_3d.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", *(f"{p}_{axis}" for p in scene.BODY_PARTS for axis in "xyz")])
        for number, pose in enumerate(poses):
            places = scene.markers_of(pose).ravel()
            writer.writerow([number, *(f"{value:.4f}" for value in places)])


def _config(folder: Path, cameras: Iterable[scene.Camera]) -> dict[str, object]:
    """What DeepLabCut 3.0 writes for a new project, with the labels' body parts."""
    crop = f"0, {scene.WIDTH}, 0, {scene.HEIGHT}"
    return {
        "Task": TASK,
        "scorer": SCORER,
        "date": DATE,
        "multianimalproject": False,
        "identity": None,
        "project_path": str(folder),
        "engine": "pytorch",
        "video_sets": {
            str(folder / "videos" / f"{_stem(camera)}.mp4"): {"crop": crop} for camera in cameras
        },
        "bodyparts": list(scene.BODY_PARTS),
        "start": 0,
        "stop": 1,
        "numframes2pick": 20,
        "skeleton": [["snout", "leftear"], ["snout", "rightear"], ["snout", "tailbase"]],
        "skeleton_color": "black",
        "pcutoff": 0.6,
        "dotsize": 4,
        "alphavalue": 0.7,
        "colormap": "rainbow",
        "TrainingFraction": [0.8],
        "iteration": 0,
        "default_net_type": "resnet_50",
        "default_augmenter": "albumentations",
        "snapshotindex": -1,
        "detector_snapshotindex": -1,
        "batch_size": 8,
        "detector_batch_size": 1,
        "cropping": False,
        "x1": 0,
        "x2": scene.WIDTH,
        "y1": 0,
        "y2": scene.HEIGHT,
        "corner2move2": [50, 50],
        "move2corner": True,
    }


def _stem(camera: scene.Camera) -> str:
    return f"{TASK}-{camera.name}"


def _write_yaml(path: Path, content: dict[str, object]) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    with path.open("w") as file:
        yaml.dump(content, file)
