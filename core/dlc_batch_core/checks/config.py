"""What config.yaml says that the files do not bear out; and 3D projects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from dlc_batch_core.catalogue import problem
from dlc_batch_core.mending import stems_of
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed

_VIDEOS = frozenset({".avi", ".mp4", ".mov", ".mkv", ".mpg", ".mpeg", ".m4v", ".wmv", ".webm"})
_CALIBRATION = "calibration_images/"
_NUMBERED = re.compile(r"(?P<camera>.+)[-_](?P<number>\d{1,6})\.(?:jpe?g|png|bmp|tiff?)", re.I)


def find_unlabelled_videos(
    config: Mapping[str, object], labelled: Iterable[str], where: str
) -> list[Problem]:
    """Find videos of `video_sets` that are not labelled. Placeholders are no videos.

    Args:
        config: as the lab wrote it.
        labelled: the stems of the videos that are, the ones with faulty tables too.
        where: what the problem names.
    """
    videos = config.get("video_sets")
    paths = [p for p in videos if isinstance(p, str)] if isinstance(videos, Mapping) else []
    real = [p for p in paths if PurePosixPath(p.replace("\\", "/")).suffix.lower() in _VIDEOS]
    stems = stems_of({"video_sets": real})
    missing = sorted(set(stems) - set(labelled))
    if not missing:
        return []
    what = f"`video_sets` lists videos without labels: {listed(missing)}."
    return [problem("video-without-labels", where, what)]


def is_3d(config: Mapping[str, object]) -> bool:
    """Whether a config.yaml is that of a 3D project."""
    return "num_cameras" in config


def find_3d_problems(
    config: Mapping[str, object], paths: Sequence[str], where: str
) -> list[Problem]:
    """Find what of a 3D project would fail at the end: cameras and calibration images."""
    names, count = config.get("camera_names"), config.get("num_cameras")
    cameras = [c for c in names if isinstance(c, str)] if isinstance(names, list) else []
    found = []
    if count != len(set(cameras)) or count != 2:
        what = f"`camera_names` has {len(set(cameras))} names, and two cameras are needed."
        found.append(problem("project-3d-cameras", where, what))
    alone = _without_partner([p.removeprefix(_CALIBRATION) for p in paths], cameras)
    if alone:
        what = f"Calibration images without a partner: {listed(alone)}."
        found.append(problem("project-3d-calibration", _CALIBRATION, what))
    return found


def _without_partner(names: Iterable[str], cameras: Sequence[str]) -> list[str]:
    """Images are named <camera>-<number>.jpg (calibrate_cameras)."""
    by_number: dict[int, dict[str, str]] = defaultdict(dict)
    for name in names:
        found = _NUMBERED.fullmatch(name)
        if found and found["camera"] in cameras:
            by_number[int(found["number"])][found["camera"]] = name
    lonely = [group for group in by_number.values() if len(group) < len(set(cameras))]
    return sorted(name for group in lonely for name in group.values())
