"""Boards from calibration videos: moments all along them, in which the board is held still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.detection import Gray
from dlc_batch_cameras.sightings import (
    SAMPLE,
    Looker,
    Progress,
    Sightings,
    evenly,
    silent,
    stop_at_other_board,
)

#: So many frames are compared for each that is taken: among them is one without motion blur.
_TRIES = 5
#: Frames are compared at this width: it is enough for blur, and quick.
_COMPARED_PX = 320


def look_in_videos(
    board: Board,
    videos: Mapping[str, Path],
    count: int = 40,
    starts: Mapping[str, int] | None = None,
    progress: Progress = silent,
) -> Sightings:
    """Return what cameras saw of a board in their calibration videos. They are only read.

    The time in which all videos run is divided into so many parts; of each, the moment is taken
    at which the least sharp camera is sharpest.

    Args:
        board: the one that the lab says it used.
        videos: one of each camera, which run at the same rate.
        count: how many moments are taken.
        starts: the frame of each video that was taken at the same time; the first where none is
            given.
        progress: told after each moment.

    Raises:
        ProjectError: the videos show another board, or are those of one camera.
    """
    looker = Looker(board, tuple(videos))
    clips = {}
    for camera, path in videos.items():
        clip = _Clip(path, (starts or {}).get(camera, 0))
        if clip.length > 0:
            clips[camera] = clip
        else:
            looker.add(camera, "", path.name, None)
    together = min((clip.length for clip in clips.values()), default=0)
    samples: dict[str, list[Gray]] = {camera: [] for camera in clips}
    moments = list(_parts(together, count))
    kept = set(evenly(SAMPLE, len(moments)))
    for number, part in enumerate(moments):
        frame, grays = _sharpest(clips, part)
        for camera, gray in grays.items():
            looker.add(camera, f"{frame:08d}", f"{videos[camera].name} frame {frame}", gray)
            if number in kept:
                samples[camera].append(gray)
        progress(number + 1, len(moments))
    stop_at_other_board(board, samples)
    return looker.finish()


class _Clip:
    """A video that is read forward."""

    def __init__(self, path: Path, start: int) -> None:
        self._file = cv2.VideoCapture(str(path))
        self._at, self._start = 0, start
        frames = int(self._file.get(cv2.CAP_PROP_FRAME_COUNT)) if self._file.isOpened() else 0
        self.length = max(frames - start, 0)

    def read(self, frame: int) -> Gray | None:
        """Return a frame counted from the start, which is none before those read already."""
        while self._at <= self._start + frame:
            if not self._file.grab():
                return None
            self._at += 1
        is_there, picture = self._file.retrieve()
        return (
            np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8) if is_there else None
        )


def _parts(length: int, count: int) -> Iterator[list[int]]:
    """Yield the frames to be compared in each part of so many frames."""
    firsts = evenly(count, length)
    for first, after in zip(firsts, [*firsts[1:], length], strict=True):
        yield [first + each for each in evenly(_TRIES, after - first)]


def _sharpest(clips: Mapping[str, _Clip], frames: list[int]) -> tuple[int, dict[str, Gray]]:
    """Return the frame at which the cameras are sharpest, each against its own other frames."""
    read = {frame: {name: clip.read(frame) for name, clip in clips.items()} for frame in frames}
    there = {
        frame: {name: gray for name, gray in grays.items() if gray is not None}
        for frame, grays in read.items()
    }
    sharp = np.array(
        [[_sharpness(there[f][n]) if n in there[f] else 0.0 for n in clips] for f in frames]
    )
    relative = sharp / np.maximum(sharp.max(axis=0), np.finfo(float).tiny)
    best = frames[int(relative.min(axis=1).argmax())]
    return best, there[best]


def _sharpness(gray: Gray) -> float:
    """Return how much edges stand out: the variance of the Laplacian (Pech-Pacheco, 2000)."""
    height = max(1, round(gray.shape[0] * _COMPARED_PX / gray.shape[1]))
    small = cv2.resize(gray, (_COMPARED_PX, height), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_64F).var())
