"""The boards that cameras saw: which picture shows what, and which tell nothing."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from dlc_batch_cameras.board import Board, Indices
from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.detection import Corners, Gray, find_corners
from dlc_batch_cameras.other_board import stop_at_other_board
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import counted, listed

Size = tuple[int, int]  # width and height, pixels
#: Told so many done, and of how many.
Progress = Callable[[int, int], object]


def silent(done: int, of: int) -> None:
    """Tell nobody how far it is."""


#: Edges so much wider than those of the camera's other pictures, and than this, are blurred.
_BLUR_RATIO, _SHARP_PX = 2.5, 6.0
#: So many pictures of a camera tell which board it sees.
SAMPLE = 6


@dataclass(frozen=True, eq=False)
class Sighting:
    """A board in one picture of one camera."""

    camera: str
    shot: str  # the same for what cameras saw at the same time
    image: str  # the picture's name, for messages
    indices: Indices  # (n,), into the board's points
    pixels: Array  # (n, 2)
    edge_px: float = np.nan


@dataclass(frozen=True, eq=False)
class Sightings:
    """All that the cameras saw of the board, and what was found wrong on the way."""

    board: Board
    cameras: tuple[str, ...]
    sizes: Mapping[str, Size]
    seen: tuple[Sighting, ...]
    problems: tuple[Problem, ...] = ()

    def of(self, camera: str) -> tuple[Sighting, ...]:
        """What one camera saw."""
        return tuple(each for each in self.seen if each.camera == camera)

    def without(self, out: Iterable[Sighting], *problems: Problem) -> Sightings:
        """Return what is left without some of the sightings, and with the reasons."""
        gone = {(each.camera, each.shot) for each in out}
        left = tuple(each for each in self.seen if (each.camera, each.shot) not in gone)
        return replace(self, seen=left, problems=(*self.problems, *problems))


def look_for_board(
    board: Board,
    pictures: Mapping[str, Mapping[str, Path]],
    progress: Progress = silent,
) -> Sightings:
    """Return what cameras saw of a board. The pictures are only read.

    Args:
        board: the one that the lab says it used.
        pictures: of each camera, by shot. What has the same shot was taken at the same time.
        progress: told after each picture.

    Raises:
        ProjectError: a camera's pictures differ in size, show another board, or are those of
            another camera: there is no point in going on.
    """
    samples = {camera: _sample(list(by_shot.values())) for camera, by_shot in pictures.items()}
    stop_at_other_board(board, samples)
    looker = Looker(board, tuple(pictures))
    every = [(camera, *each) for camera, by_shot in pictures.items() for each in by_shot.items()]
    names = names_of([path for _, _, path in every])
    for done, (camera, shot, path) in enumerate(every, 1):
        looker.add(camera, shot, names[path], read_gray(path))
        progress(done, len(every))
    return looker.finish()


class Looker:
    """Looks at one picture after the other, and keeps what is to be told of them."""

    def __init__(self, board: Board, cameras: tuple[str, ...], are_frames: bool = False) -> None:
        """Begin.

        Args:
            board: the one that the lab says it used.
            cameras: their names.
            are_frames: whether the pictures are frames of videos.
        """
        self.board, self.cameras, self.are_frames = board, cameras, are_frames
        self.seen: list[Sighting] = []
        self.problems: list[Problem] = []
        self.images: dict[str, list[str]] = {camera: [] for camera in cameras}
        self.empty: dict[str, list[str]] = {camera: [] for camera in cameras}
        self.unread: list[str] = []
        self.sizes: dict[str, dict[Size, list[str]]] = {c: defaultdict(list) for c in cameras}
        self.prints: dict[bytes, list[tuple[str, str]]] = defaultdict(list)
        self.blank: set[tuple[str, str]] = set()  # without a board, each by its first twin

    def add(self, camera: str, shot: str, name: str, gray: Gray | None) -> bool:
        """Look for the board in one picture; None is one that can't be read.

        Returns:
            whether it shows the board.
        """
        if gray is None:
            self.unread.append(name)
            return False
        self.images[camera].append(name)
        self.sizes[camera][gray.shape[1], gray.shape[0]].append(name)
        twins = self.prints[hashlib.sha256(gray.tobytes()).digest()]
        twins.append((camera, name))
        if len(twins) > 1:
            if twins[0] in self.blank:
                self.empty[camera].append(name)
            return twins[0] not in self.blank
        found = find_corners(gray, self.board)
        if found is None:
            self.empty[camera].append(name)
            self.blank.add((camera, name))
        else:
            self.seen.append(_sighting(camera, shot, name, found))
        return found is not None

    def finish(self) -> Sightings:
        """Return what was seen.

        Raises:
            ProjectError: pictures of a camera differ in size, or are those of another camera.
        """
        self._tell_of_images()
        faults = [*self._of_sizes(), *self._of_twins()]
        if faults:
            raise ProjectError([*faults, *self.problems])
        sizes = {camera: next(iter(each)) for camera, each in self.sizes.items() if each}
        found = Sightings(self.board, self.cameras, sizes, tuple(self.seen), tuple(self.problems))
        return without_blurred(found)

    def _tell_of_images(self) -> None:
        if self.unread:
            files = counted(len(self.unread), "videos" if self.are_frames else "images")
            what = f"{files} can't be read: {listed(self.unread)}."
            self.problems.append(problem("calibration-unreadable", self.unread[0], what))
        for camera, names in self.empty.items():
            if names:
                of = len(self.images[camera])
                what = f"The board was not found in {len(names)} of {of} images: {listed(names)}."
                self.problems.append(problem("calibration-not-found", camera, what))

    def _of_sizes(self) -> list[Problem]:
        found = []
        for camera, sizes in self.sizes.items():
            if len(sizes) > 1:
                each = "; ".join(f"{w} x {h}: {listed(n, 3)}" for (w, h), n in sizes.items())
                what = f"The images of {camera} have several sizes: {each}."
                found.append(problem("calibration-sizes", camera, what))
        return found

    def _of_twins(self) -> list[Problem]:
        """Tell of pictures that are there twice; of two cameras, they are a fault."""
        faults = []
        for twins in self.prints.values():
            if twins[0] in self.blank:  # such as the black frames that videos begin with
                continue
            names = [name for _, name in twins]
            if len({camera for camera, _ in twins}) > 1:
                what = f"Two cameras have the same picture: {listed(names)}."
                faults.append(problem("calibration-same-picture", names[0], what))
            elif len(twins) > 1 and not self.are_frames:  # a board held still is no mistake
                what = f"The same picture again: {listed(names[1:])}. It counts once."
                self.problems.append(problem("calibration-twice", names[0], what))
        return faults


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """Return what messages call files: their names, with the folder's where two are the same."""
    count = Counter(path.name for path in paths)
    return {
        path: path.name if count[path.name] == 1 else f"{path.parent.name}/{path.name}"
        for path in paths
    }


def evenly(count: int, of: int) -> list[int]:
    """Return so many numbers below another, evenly spaced, or all of them."""
    return sorted({of * each // count for each in range(count)}) if of else []


def _sample(paths: Sequence[Path]) -> list[Gray]:
    chosen = (read_gray(paths[each]) for each in evenly(SAMPLE, len(paths)))
    return [gray for gray in chosen if gray is not None]


def without_blurred(sightings: Sightings) -> Sightings:
    """Leave out the pictures whose edges are much wider than those of the others."""
    for camera in sightings.cameras:
        seen = sightings.of(camera)
        widths = np.array([each.edge_px for each in seen])
        if not np.isfinite(widths).any():
            continue
        most = max(_BLUR_RATIO * float(np.nanmedian(widths)), _SHARP_PX)
        blurred = [each for each in seen if each.edge_px > most]
        if blurred:
            names = listed(f"{each.image} ({each.edge_px:.0f} px)" for each in blurred)
            what = f"Blurred, by the width of the board's edges: {names}; left out."
            sightings = sightings.without(blurred, problem("calibration-blurred", camera, what))
    return sightings


def read_gray(path: Path) -> Gray | None:
    """Return a picture as it is stored, in gray; None where it can't be read."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)  # imread takes no umlauts on Windows
    except OSError:
        return None
    try:
        # As it is stored: a camera's calibration holds for its pixels, whatever EXIF says of up.
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        found = cv2.imdecode(data, flags) if len(data) else None
    except cv2.error:
        return None
    return None if found is None else np.asarray(found, np.uint8)


def _sighting(camera: str, shot: str, image: str, found: Corners) -> Sighting:
    return Sighting(camera, shot, image, found.indices, found.pixels, found.edge_px)
