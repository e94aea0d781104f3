"""Which file is of which camera, and which files show the same moment: told by their names.

The name of the camera stands in the file's path, at word bounds: `left01.jpg`, `01_left.png`,
`cam1/0001.png`. What is left of the path without it is the moment, or the recording: files that
differ by the camera's name alone belong together. Case and suffix do not count, nor do zeros
before a number.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from dlc_batch_core.calibration_files import images_or_videos
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.member_names import fold
from dlc_batch_core.videos import Video

#: Stands for the camera's name; no path has it.
_CAMERA = "\0"
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_EDGES = " _-./"
#: Of a camera's name in one path: more are no name that a person gave.
_MOST_READINGS = 4
_PARTS = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Views:
    """Files by what they show.

    Attributes:
        moments: by the moment's name, the file of each camera that shows it; in natural order,
            cameras in theirs.
        strangers: files whose names tell no camera.
        doubles: pairs of files of one camera that show one moment by their names; the first of
            each stands in `moments`.
    """

    moments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    doubles: tuple[tuple[str, str], ...] = ()

    @property
    def shared(self) -> dict[str, Mapping[str, str]]:
        """The moments that two or more cameras show."""
        return {name: files for name, files in self.moments.items() if len(files) > 1}

    @property
    def alone(self) -> tuple[str, ...]:
        """Files of moments that one camera shows."""
        return tuple(
            f for files in self.moments.values() if len(files) == 1 for f in files.values()
        )

    @property
    def by_camera(self) -> dict[str, dict[str, str]]:
        """The files by camera and moment, as a calibration takes them."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for moment, files in self.moments.items():
            for camera, path in files.items():
                found[camera][moment] = path
        return dict(found)

    @property
    def camera_of(self) -> dict[str, str]:
        """The camera of each file, of doubles too."""
        found = {f: camera for files in self.moments.values() for camera, f in files.items()}
        return found | {other: found[first] for first, other in self.doubles}

    def of(self, camera: str) -> tuple[str, ...]:
        """Return the files of a camera."""
        return tuple(self.by_camera.get(camera, {}).values())


@dataclass(frozen=True)
class _Reading:
    """One way to read a path: of which camera it is, and what is left."""

    camera: str
    rest: str  # by which files belong together
    written: str  # the same as the file has it: case and zeros
    rank: tuple[int, int]  # of several ways the later and longer name is the likelier


#: What a moment is called after one of its files, and what where that is nothing, or no name of
#: its own.
_Call = Callable[[_Reading], tuple[str, str]]


def calibration_views(cameras: Cameras, paths: Iterable[str]) -> Views:
    """Return the calibration images of a project by moments, or its calibration videos by
    recordings.

    Args:
        cameras: of its request.
        paths: all its files.
    """
    found = calibration_files(cameras, paths)
    return find_views(found, cameras.names, lambda p: p.removeprefix(f"{cameras.folder}/"))


def calibration_files(cameras: Cameras, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the images, or videos, of the calibration's folder; none where that is a file."""
    return images_or_videos(f"{cameras.folder}/", paths) if cameras.folder is not None else ()


def recordings(cameras: Cameras, videos: Iterable[Video]) -> Views:
    """Return which videos belong together: their paths or keys, by recording and camera.

    A recording is called as DeepLabCut calls the 3D file of its videos, with the folder they lie
    in: its name serves as a file's.
    """
    places = {video.path: video.place for video in videos}
    return _find(places, cameras.names, places.__getitem__, _as_file)


def find_views(
    paths: Iterable[str], cameras: Sequence[str], name_of: Callable[[str], str] = str
) -> Views:
    """Return the views that files are.

    Args:
        paths: of the files.
        cameras: their names.
        name_of: the part of a path in which a camera is looked for.
    """
    return _find(paths, cameras, name_of, _for_people)


def _find(
    paths: Iterable[str], cameras: Sequence[str], name_of: Callable[[str], str], call: _Call
) -> Views:
    names = _Names.of(cameras)
    readings = {path: list(names.readings(name_of(path))) for path in sorted(paths)}
    seen: dict[str, set[str]] = defaultdict(set)
    for ways in readings.values():
        for way in ways:
            seen[way.rest].add(way.camera)
    chosen: dict[str, dict[str, str]] = defaultdict(dict)
    taken: dict[str, _Reading] = {}
    strangers, doubles = [], []
    for path, ways in readings.items():
        if not ways:
            strangers.append(path)
            continue
        # a name that holds two cameras' names is read as the one that has partners
        way = max(ways, key=lambda way: (len(seen[way.rest]), way.rank))
        taken[path] = way
        first = chosen[way.rest].setdefault(way.camera, path)
        if first != path:
            doubles.append((first, path))
    ordered = {
        rest: {camera: files[camera] for camera in cameras if camera in files}
        for rest, files in chosen.items()
    }
    called = {rest: call(taken[next(iter(files.values()))]) for rest, files in ordered.items()}
    return Views(_named(ordered, called), tuple(strangers), tuple(doubles))


@dataclass(frozen=True)
class _Names:
    """The cameras' names, as they are looked for in a file's."""

    cameras: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, cameras: Sequence[str]) -> _Names:
        longest_first = tuple(sorted(cameras, key=len, reverse=True))
        return cls(longest_first, re.compile("|".join(map(_bounded, longest_first)) or "(?!)"))

    def readings(self, name: str) -> Iterator[_Reading]:
        """Yield the ways to read a name: a camera's name in it taken out, wherever or once."""
        written = _without_suffix(name)
        stem = fold(written)
        written = written if len(written) == len(stem) else stem  # places in both are the same
        own: dict[str, list[re.Match[str]]] = defaultdict(list)
        for found in self.pattern.finditer(stem):
            own[self.cameras[(found.lastindex or 1) - 1]].append(found)
        for camera, matches in own.items():
            last = matches[-_MOST_READINGS:]
            # All last: of two ways that find as many partners, one occurrence is the likelier.
            for some in [*([each] for each in last if len(last) > 1), last]:
                start, end = some[-1].span()
                rest = _ZEROS.sub("", _without(stem, some))
                yield _Reading(camera, rest, _without(written, some), (start, end - start))


def _bounded(camera: str) -> str:
    """A camera's name at word bounds: `cam1` is not in `cam10`, and `left` is in `left01`."""
    name = fold(camera)
    return f"((?<!{_kind(name[0])}){re.escape(name)}(?!{_kind(name[-1])}))"


def _kind(sign: str) -> str:
    if sign.isdigit():
        return r"\d"
    return r"[^\W\d_]" if sign.isalpha() else r"(?!)"


def _without_suffix(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    stem, dot, _ = file.rpartition(".")
    return folder + slash + (stem if dot else file)


def _without(stem: str, matches: Sequence[re.Match[str]]) -> str:
    for found in reversed(matches):
        stem = stem[: found.start()] + _CAMERA + stem[found.end() :]
    return stem


def _named(
    chosen: Mapping[str, Mapping[str, str]], called: Mapping[str, tuple[str, str]]
) -> dict[str, Mapping[str, str]]:
    """Name each moment, no two alike; in natural order."""
    counts = Counter(name for name, _ in called.values())
    names = {rest: name for rest, (name, _) in called.items() if name and counts[name] == 1}
    taken = set(names.values())
    for rest in sorted(called.keys() - names.keys()):
        instead = called[rest][1]
        numbered = (f"{instead}_{number}" for number in count(2))
        names[rest] = next(name for name in chain([instead], numbered) if name not in taken)
        taken.add(names[rest])
    order = sorted(chosen, key=lambda rest: (_natural(names[rest]), rest))
    return {names[rest]: chosen[rest] for rest in order}


def _for_people(way: _Reading) -> tuple[str, str]:
    parts = (part.strip(_EDGES) for part in way.rest.split(_CAMERA))
    return "_".join(part for part in parts if part), way.rest.replace(_CAMERA, "*")


def _as_file(way: _Reading) -> tuple[str, str]:
    """As DeepLabCut's `triangulate`: what is before and after the camera, less a _ or - each."""
    parts = [part.strip("/") for part in way.written.split(_CAMERA)]
    parts[:-1] = [part[:-1] if part.endswith(("_", "-")) else part for part in parts[:-1]]
    parts[1:] = [part[1:] if part.startswith(("_", "-")) else part for part in parts[1:]]
    return "_".join(part for part in parts if part), way.written.replace(_CAMERA, way.camera)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort numbers in a name by what they are worth: 2 before 10."""
    pieces = _PARTS.findall(name)
    return [(len(p), p) if p.isdigit() else (0, p) for p in pieces]
