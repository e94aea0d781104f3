"""A 3D project of DeepLabCut, as `create_new_project_3d` lays it out.

Its config.yaml names the cameras and each one's 2D project; `calibration_images` holds
`<camera>-<number>.jpg` of every camera; videos of one scene differ by the camera's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dlc_batch_core.config_rules import is_number
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.videos import is_drawn, is_video

CALIBRATION_FOLDER = "calibration_images"
#: What `create_new_project_3d` writes before anybody enters a path.
_PLACEHOLDER = "/home/mackenzie/DEEPLABCUT/DeepLabCut/2DprojectCam"
_SEPARATORS = "-_. "
#: Numbers are compared as numbers: `camera-1-1.jpg` goes with `camera-2-01.jpg`.
_DIGITS = 6
_SCORER = "DLC_3D"


@dataclass(frozen=True)
class Camera3d:
    """One camera of a 3D project."""

    name: str
    project: str | None  # the name of its 2D project's folder; None where none was entered
    shuffle: int
    train_fraction_index: int
    images: Mapping[str, str] = field(default_factory=dict)  # calibration images' paths, by shot


@dataclass(frozen=True)
class Project3d:
    """What 3D needs of a config.yaml and of the names beside it."""

    task: str
    scorer: str  # as DeepLabCut names its 3D results by
    pcutoff: float
    cameras: tuple[Camera3d, ...]
    skeleton: tuple[tuple[str, str], ...]
    strangers: tuple[str, ...] = ()  # calibration images of no camera, or of one shot twice

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras' names, in their order."""
        return tuple(camera.name for camera in self.cameras)

    @property
    def shots(self) -> tuple[str, ...]:
        """The shots of which every camera has a calibration image."""
        sets = [set(camera.images) for camera in self.cameras]
        return tuple(sorted(set.intersection(*sets))) if sets else ()


@dataclass(frozen=True)
class Scene:
    """Videos of one scene, each of another camera."""

    name: str  # as DeepLabCut names its results: the videos' name without the camera's
    videos: Mapping[str, str]  # paths, by camera
    missing: tuple[str, ...]  # cameras without one


def read_project_3d(config: Mapping[str, object], paths: Iterable[str]) -> Project3d:
    """Return a 3D project, as far as its config.yaml and the names of its files tell.

    What is not there, or is of the wrong kind, is left at DeepLabCut's default: the checks of a
    3D project tell of it.

    Args:
        config: of the 3D project.
        paths: of its files, relative to its root.
    """
    cameras = _words(config.get("camera_names"))
    images: dict[str, dict[str, str]] = {name: {} for name in cameras}
    strangers = []
    for path in sorted(paths):
        if PurePosixPath(path).parent.name != CALIBRATION_FOLDER or not _is_image(path):
            continue
        found = split_name(PurePosixPath(path).stem, cameras)
        if found is None or found[1] in images[found[0]]:
            strangers.append(path)
        else:
            images[found[0]][found[1]] = path
    return Project3d(
        task=_word(config.get("Task"), ""),
        scorer=_word(config.get("scorername_3d"), _SCORER),
        pcutoff=_fraction(config.get("pcutoff"), 0.4),
        cameras=tuple(
            _camera(config, number, name, images[name]) for number, name in enumerate(cameras, 1)
        ),
        skeleton=_skeleton(config.get("skeleton")),
        strangers=tuple(strangers),
    )


def split_name(stem: str, cameras: Iterable[str]) -> tuple[str, str] | None:
    """Return the camera of a file, and what the name tells besides: the same for one shot.

    The name of the camera stands anywhere in the file's, in either case, but not within a longer
    word or number: `camera-1` is not in `camera-10-02`. The longest that is there counts.
    """
    for name in sorted(cameras, key=len, reverse=True):
        found = re.search(_alone(name), stem, re.IGNORECASE)
        if found:
            rest = (
                stem[: found.start()].strip(_SEPARATORS),
                stem[found.end() :].strip(_SEPARATORS),
            )
            return name, "_".join(_numbered(each) for each in rest if each)
    return None


def find_scenes(cameras: tuple[str, ...], paths: Iterable[str]) -> tuple[Scene, ...]:
    """Return the scenes of which a camera has a video. Videos that DeepLabCut drew are none."""
    found: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}
    for path in sorted(paths):
        pure = PurePosixPath(path)
        split = split_name(pure.stem, cameras) if is_video(path) and not is_drawn(path) else None
        if split is not None:
            scene = (_result(pure.stem, split[0]), dict[str, str]())
            _, videos = found.setdefault((str(pure.parent), split[1]), scene)
            videos.setdefault(split[0], path)
    return tuple(
        Scene(name, videos, tuple(each for each in cameras if each not in videos))
        for name, videos in found.values()
    )


def _result(stem: str, camera: str) -> str:
    """Return what DeepLabCut calls the results of a scene (triangulate)."""
    found = re.search(_alone(camera), stem, re.IGNORECASE)
    parts = (stem[: found.start()], stem[found.end() :]) if found else (stem, "")
    return "_".join(each for each in (part.strip("-_") for part in parts) if each) or "scene"


def _alone(name: str) -> str:
    """Return the pattern of a camera's name: no letter before it, no more of its number after."""
    end = r"(?!\d)" if name[-1:].isdigit() else ""
    return rf"(?<![A-Za-z0-9]){re.escape(name)}{end}"


def _numbered(text: str) -> str:
    return re.sub(r"\d+", lambda found: found[0].lstrip("0").zfill(_DIGITS), text)


def _camera(
    config: Mapping[str, object], number: int, name: str, images: Mapping[str, str]
) -> Camera3d:
    return Camera3d(
        name,
        _project(_of_camera(config, "config_file", number, name)),
        _count(_of_camera(config, "shuffle", number, name), 1),
        _count(_of_camera(config, "trainingsetindex", number, name), 0),
        images,
    )


def _of_camera(config: Mapping[str, object], key: str, number: int, name: str) -> object:
    """DeepLabCut renames `..._camera-1` to the camera's own name when it calibrates."""
    return config.get(f"{key}_{name}", config.get(f"{key}_camera-{number}"))


def _project(value: object) -> str | None:
    """Return the folder of a 2D project's config.yaml, of a path of any system."""
    if not isinstance(value, str) or value.startswith(_PLACEHOLDER):
        return None
    parts = [each for each in value.replace("\\", "/").split("/") if each not in ("", ".")]
    is_file = bool(parts) and parts[-1].lower().endswith((".yaml", ".yml"))
    folders = parts[:-1] if is_file else parts
    return folders[-1] if folders and not folders[-1].endswith(":") else None


def _skeleton(value: object) -> tuple[tuple[str, str], ...]:
    pairs = [_words(each) for each in value] if isinstance(value, list) else []
    return tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)


def _is_image(path: str) -> bool:
    return path.lower().endswith(IMAGES)


def _words(value: object) -> tuple[str, ...]:
    """Return the words of a list, each once; so are numbers: cameras are called 1 and 2."""
    words = value if isinstance(value, list) else []
    kept = (str(w) for w in words if isinstance(w, str | int) and not isinstance(w, bool))
    return tuple(dict.fromkeys(each for each in kept if each))


def _word(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _count(value: object, default: int) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return int(str(value)) if is_count else default


def _fraction(value: object, default: float) -> float:
    return float(str(value)) if is_number(value) and 0 <= float(str(value)) <= 1 else default
