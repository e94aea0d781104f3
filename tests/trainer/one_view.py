"""A project of one of the demo's two views: the labels of its camera alone."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Collection
from pathlib import Path

from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.yaml_writer import write_yaml


def project_of_view(demo: Path, target: Path, camera: int, without: Collection[str] = ()) -> Path:
    """Make it of a demo project.

    Args:
        demo: the demo project, which stays as it is.
        target: a folder that is not there yet; its name becomes the project's.
        camera: 1 or 2; the videos of both stay.
        without: body parts that this project does not know.
    """
    shutil.copytree(demo, target)
    shutil.rmtree(target / "labeled-data" / f"walk-camera-{3 - camera}")
    for path in target.glob("labeled-data/*/*.csv"):
        with path.open(newline="") as file:
            rows = list(csv.reader(file))
        kept = [at for at, part in enumerate(rows[1]) if part not in without]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([row[at] for at in kept] for row in rows)
    config = read_yaml_mapping((target / "config.yaml").read_text(), "config.yaml")
    videos, parts, skeleton = config["video_sets"], config["bodyparts"], config["skeleton"]
    assert isinstance(videos, dict)
    assert isinstance(parts, list)
    assert isinstance(skeleton, list)
    own = {
        "Task": target.name,
        "video_sets": {path: each for path, each in videos.items() if f"-{camera}." in path},
        "bodyparts": [part for part in parts if part not in without],
        "skeleton": [pair for pair in skeleton if not set(pair) & set(without)],
    }
    write_yaml(target / "config.yaml", {**config, **own})
    return target
