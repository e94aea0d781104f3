"""What config.yaml says that the files do not bear out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from dlc_batch_core.catalogue import problem
from dlc_batch_core.mending import stems_of
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed

_VIDEOS = frozenset({".avi", ".mp4", ".mov", ".mkv", ".mpg", ".mpeg", ".m4v", ".wmv", ".webm"})


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
