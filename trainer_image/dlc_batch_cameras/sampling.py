"""Boards from calibration videos: moments all along them, in which the board is held still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.detection import Gray
from dlc_batch_cameras.other_board import stop_at_other_board
from dlc_batch_cameras.sightings import (
    SAMPLE,
    Looker,
    Progress,
    Sightings,
    evenly,
    names_of,
    silent,
)
from dlc_batch_core.catalogue import problem
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import counted, listed

#: Of each recording: with the board in half of them there are as many as the field takes images.
MOMENTS = 40
#: So many frames are compared for each that is taken: among them is one without motion blur.
_TRIES = 5
#: Frames are compared at this width: it is enough for blur, and quick.
_COMPARED_PX = 320
#: So many pictures without the board tell that there is another one.
_MISSED = 12
#: Lengths and rates that differ by a smaller part are the same: a frame more at an end says
#: nothing.
_APART = 0.02


def look_in_videos(
    board: Board,
    videos: Mapping[str, Mapping[str, Path]],
    offsets: Mapping[str, int] | None = None,
    count: int = MOMENTS,
    progress: Progress = silent,
) -> Sightings:
    """Return what cameras saw of a board in their calibration videos. They are only read.

    The time in which all videos of a recording run is divided into so many parts; of each, the
    moment is taken at which the least sharp camera is sharpest.

    Args:
        board: the one that the lab says it used.
        videos: of each camera, by recording. Those of a recording run at the same rate.
        offsets: by how many frames a camera's videos lag behind the others; none: they begin
            together.
        count: how many moments of a recording are taken.
        progress: told after each moment.

    Raises:
        ProjectError: the videos show another board, or a camera's have several sizes.
    """
    looker = Looker(board, tuple(videos), are_frames=True)
    samples = _Samples(board)
    names = names_of([path for paths in videos.values() for path in paths.values()])
    recordings = dict.fromkeys(each for paths in videos.values() for each in paths)
    for number, recording in enumerate(recordings):
        paths = {c: by_name[recording] for c, by_name in videos.items() if recording in by_name}
        clips = _open(paths, names, offsets or {}, looker)
        looker.problems += _differences(list(clips.values()))
        moments = list(_parts(min((c.length for c in clips.values()), default=0), count))
        for done, part in enumerate(moments, 1):
            frame, grays = _sharpest(clips, part)
            for camera, gray in grays.items():
                shot, name = f"{recording} {frame:08d}", clips[camera].name_of(frame)
                samples.add(camera, gray, looker.add(camera, shot, name, gray))
            progress(number * count + done * count // len(moments), count * len(recordings))
        looker.problems += [each for clip in clips.values() for each in clip.close()]
    samples.ask(videos)
    return looker.finish()


@dataclass
class _Samples:
    """Pictures of each camera that tell which board it sees: that is asked as soon as they do.

    The search for a board that is not there is slow, and in a video the board is not always there.
    """

    board: Board
    found: dict[str, list[Gray]] = field(default_factory=lambda: defaultdict(list))
    missed: dict[str, list[Gray]] = field(default_factory=lambda: defaultdict(list))
    asked: set[str] = field(default_factory=set)

    def add(self, camera: str, gray: Gray, is_found: bool) -> None:
        """Take note of a picture, and whether the board was found in it.

        Raises:
            ProjectError: the camera sees another board.
        """
        if camera in self.asked:
            return
        found, missed = self.found[camera], self.missed[camera]
        if is_found:
            found.append(gray)
        elif len(missed) < _MISSED:
            missed.append(gray)
        if len(found) == SAMPLE or (not found and len(missed) == _MISSED):
            self.ask((camera,))

    def ask(self, cameras: Iterable[str]) -> None:
        """Stop where one of them, not asked before, sees another board.

        Raises:
            ProjectError: as it says.
        """
        new = [camera for camera in cameras if camera not in self.asked]
        self.asked.update(new)
        samples = {camera: self.found.pop(camera, []) for camera in new}
        others = {camera: self.missed.pop(camera, []) for camera in new}
        stop_at_other_board(self.board, {c: samples[c] or others[c] for c in new})


class _Clip:
    """A video that is read forward, from the frame on at which all of its recording run."""

    def __init__(self, path: Path, name: str, start: int) -> None:
        # by its name alone OpenCV takes what can't be read for one of a row of images
        self._file = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        self.name, self._at, self._start = name, 0, start
        self._is_cut_off = False
        is_open = self._file.isOpened()
        self.frames = max(int(self._file.get(cv2.CAP_PROP_FRAME_COUNT)), 0) if is_open else 0
        self.rate = float(self._file.get(cv2.CAP_PROP_FPS)) if is_open else 0.0
        self.length = max(self.frames - start, 0)

    def __str__(self) -> str:
        rate = f", {self.rate:.4g} a second" if self.rate > 0 else ""
        return f"{self.name} has {counted(self.frames, 'frames')}{rate}"

    def name_of(self, frame: int) -> str:
        """Return what messages call a frame, counted from the start."""
        return f"{self.name} frame {self._start + frame}"

    def read(self, frame: int) -> Gray | None:
        """Return a frame counted from the start, which is none before those read already."""
        while self._at <= self._start + frame:
            if not self._file.grab():
                self._is_cut_off = True
                return None
            self._at += 1
        is_there, picture = self._file.retrieve()
        return (
            np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8) if is_there else None
        )

    def close(self) -> Iterator[Problem]:
        """Leave the file; yield what was wrong with it."""
        self._file.release()
        if self._is_cut_off:
            what = f"{self.name} can be read up to frame {self._at} of {self.frames} only."
            yield problem("calibration-unreadable", self.name, what)


def _open(
    paths: Mapping[str, Path],
    names: Mapping[Path, str],
    offsets: Mapping[str, int],
    looker: Looker,
) -> dict[str, _Clip]:
    """Open the videos of a recording, those that can be read, by camera."""
    earliest = min(offsets.get(camera, 0) for camera in paths)
    clips = {}
    for camera, path in paths.items():
        name = names[path]
        clip = _Clip(path, name, offsets.get(camera, 0) - earliest)
        if clip.length > 0:
            clips[camera] = clip
        elif clip.frames == 0:
            looker.add(camera, "", name, None)
        else:
            what = f"{clip}, and by `offsets` the other cameras begin after its end."
            looker.problems.append(problem("calibration-unreadable", name, what))
    return clips


def _differences(clips: Sequence[_Clip]) -> Iterator[Problem]:
    """Tell of videos that do not run alike, though they may be meant to."""

    def differ(values: list[float]) -> bool:
        return max(values, default=0) - min(values, default=0) > _APART * max(values, default=0)

    if differ([clip.length for clip in clips]) or differ([clip.rate for clip in clips]):
        shared = min(clip.length for clip in clips)
        what = f"{listed(clips)}: {shared} of each are looked at."
        yield problem("calibration-videos-differ", listed(clip.name for clip in clips), what)


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
