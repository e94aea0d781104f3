"""The videos that a request asks to be analysed, and where they lie.

A lab names a video of its zip by its path in the project (`videos/mouse1.mp4`), and one that it
put into the bucket by its URI, as the console copies it
(`s3://<bucket>/uploads/<lab>/videos/mouse1.mp4`), or by the key alone. In the bucket videos lie
beside the lab's projects, at `uploads/<lab>/videos/`: there they begin no run and get no mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from dlc_batch_core.keys import UPLOADS, is_lab
from dlc_batch_core.member_names import has_controls, leads_outside

#: Suffixes that DeepLabCut reads (SUPPORTED_VIDEOS in utils/auxfun_videos.py). A test compares.
SUFFIXES = (".avi", ".mp4", ".mov", ".mpeg", ".mpg", ".mpv", ".mkv", ".flv", ".qt", ".yuv")
#: What DeepLabCut passes over, by name: videos that it drew itself (DEFAULT_EXCLUDE_PATTERNS).
_DRAWN = ("_labeled.", "_full.")
#: Films of poses in space: ours in the folder of results, and DeepLabCut's, which it names so.
_DRAWN_IN_SPACE = re.compile(r"3d/.*_3d\.mp4|(.*/)?[^/]*_DLC_3D\.\w+")
VIDEO_FOLDER = "videos/"
_URI = re.compile(r"s3://([^/]+)/(.*)", re.DOTALL)
_MOST_VIDEOS, _MOST_BYTES = 1000, 1100  # entries; a URI: an S3 key takes 1,024, a bucket 63


@dataclass(frozen=True)
class Video:
    """One video that is to be analysed."""

    path: str  # in the project, or its key in the bucket
    is_key: bool = False
    bucket: str | None = None  # where the request names one

    @property
    def place(self) -> str:
        """Where it lies below the project's folder `videos`; its results come beside it."""
        inside = "/".join(self.path.split("/")[2:]) if self.is_key else self.path
        return inside.removeprefix(VIDEO_FOLDER)

    @property
    def stem(self) -> str:
        """What DeepLabCut names its results by, with the folder."""
        return self.place.rpartition(".")[0]

    def belongs_to(self, bucket: str, lab: str) -> bool:
        """Whether a video of the bucket is the lab's own."""
        is_here = self.bucket in (None, bucket)
        return is_here and self.path.startswith(f"{UPLOADS}{lab}/")


def is_video(path: str) -> bool:
    """Whether DeepLabCut reads the file as a video, by its name."""
    return path.lower().endswith(SUFFIXES)


def is_drawn(path: str) -> bool:
    """Whether a video shows no more than what was found in others: DeepLabCut passes over those
    that it drew, but for its own of poses in space."""
    is_film = _DRAWN_IN_SPACE.fullmatch(path) is not None
    return is_film or any(mark in path.rpartition("/")[2] for mark in _DRAWN)


def is_video_key(key: str) -> bool:
    """Whether a key of the inbox is that of a video that waits for a request to name it."""
    lab, _, rest = key.removeprefix(UPLOADS).partition("/")
    is_there = key.startswith(UPLOADS) and is_lab(lab) and rest.startswith(VIDEO_FOLDER)
    return is_there and is_video(key)


def is_choice(value: object) -> bool:
    """Whether a value says which videos: true, false, or a list of paths and keys."""
    if isinstance(value, bool):
        return True
    return isinstance(value, list) and len(value) <= _MOST_VIDEOS and all(map(_is_entry, value))


def chosen(entries: bool | tuple[str, ...], paths: Iterable[str]) -> tuple[Video, ...]:
    """Return the videos that a request names, each once.

    Args:
        entries: true for all of the project, false for none.
        paths: all files of the project.
    """
    if entries is True:
        return tuple(Video(path) for path in paths if is_video(path) and not is_drawn(path))
    return tuple(dict.fromkeys(_video(entry) for entry in entries or ()))


def _video(entry: str) -> Video:
    plain = unicodedata.normalize("NFC", entry.replace("\\", "/"))  # as members are named
    if (found := _URI.fullmatch(entry)) is not None:
        return Video(found[2], is_key=True, bucket=found[1])
    return Video(entry, is_key=True) if entry.startswith(UPLOADS) else Video(plain)


def _is_entry(value: object) -> bool:
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > _MOST_BYTES:
        return False
    path = _video(value).path
    has_gaps = any(part in ("", ".") for part in path.split("/"))
    return not (has_gaps or leads_outside(path) or has_controls(path))
