"""Mends a copy of config.yaml by rule; each change is a sentence for the lab.

DeepLabCut 3.0.2 refuses unknown keys and wrong types, and projects from the field have both. The
check and the trainer use these same rules, so that what one announces the other does. What can't
be told by rule is left as it is, and is a problem of `project.py` or of `checks`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath

from dlc_batch_core.config_rules import COSMETIC, KNOWN_KEYS, MULTI, is_number
from dlc_batch_core.words import listed, shown

_TEXTS = ("Task", "scorer", "date")
_NAMES = ("bodyparts", "multianimalbodyparts", "uniquebodyparts", "individuals")
_SWITCHES = ("multianimalproject", "identity")
#: Words for yes and no, as DeepLabCut's schema (pydantic) reads them.
_YES = frozenset({"true", "yes", "on", "1", "t", "y"})
_NO = frozenset({"false", "no", "off", "0", "f", "n"})
#: Names that older versions wrote (`aliases` in core/config/project_config.py).
_RENAMED = {"with_identity": "identity", "unique_bodyparts": "uniquebodyparts"}
_ENGINES = {"torch": "pytorch", "tf": "tensorflow"}  # `aliases` in core/engine.py
#: Only these are read back, in the crop of a video: x1, x2, y1, y2.
_CROP = re.compile(r"\s*\d{1,6}\s*(,\s*\d{1,6}\s*){3}")


@dataclass(frozen=True)
class Mended:
    """The settings as DeepLabCut takes them, and what was changed."""

    config: dict[str, object]
    notes: tuple[str, ...]


def mend_config(
    config: Mapping[str, object],
    labelled_stems: Iterable[str],
    sizes: Mapping[str, tuple[int, int]],
) -> Mended:
    """Mend config.yaml.

    Args:
        config: as the lab wrote it.
        labelled_stems: the folders of labeled-data that are trained on.
        sizes: width and height of a folder's images in pixels, where known.
    """
    settings = mend_settings(config)
    videos = mend_videos(settings.config, labelled_stems, sizes)
    return Mended(videos.config, settings.notes + videos.notes)


def mend_settings(config: Mapping[str, object]) -> Mended:
    """Mend all but the videos, which need the labels to be known."""
    mending = _Mending(dict(config))
    for step in _STEPS:
        step(mending)
    return Mended(mending.config, tuple(mending.notes))


def mend_videos(
    config: Mapping[str, object],
    labelled_stems: Iterable[str],
    sizes: Mapping[str, tuple[int, int]],
) -> Mended:
    """Rewrite `video_sets`: one video for each labelled folder.

    DeepLabCut finds labels through the stems of these keys. The lab's own are paths of another
    computer: Windows paths whose stem is the whole path, placeholders, the same video twice.
    """
    stems = list(labelled_stems)
    mended = dict(config)
    written = config.get("video_sets")
    crops = _crops(written)
    mended["video_sets"] = {video_of(stem): _video(stem, crops, sizes) for stem in stems}
    listed_stems = set(stems_of(config))
    notes = []
    if added := [stem for stem in stems if stem not in listed_stems]:
        notes.append(f"config.yaml: `video_sets` lacked labelled videos, now in: {listed(added)}.")
    if dropped := [stem for stem in stems_of(config) if stem not in stems]:
        what = "`video_sets` named videos without labels, left out here"
        notes.append(f"config.yaml: {what}: {listed(dropped)}.")
    if any("\\" in path for path in _paths(written)):
        notes.append("config.yaml: Windows paths in `video_sets` were rewritten.")
    return Mended(mended, tuple(notes))


def stems_of(config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the stems of the videos that config.yaml lists, each once."""
    return tuple(dict.fromkeys(_stem(path) for path in _paths(config.get("video_sets"))))


def video_of(stem: str) -> str:
    """Return the key in `video_sets` of a labelled folder."""
    return f"videos/{stem}.mp4"  # a stem may have a dot in it, which a path without suffix loses


@dataclass
class _Mending:
    config: dict[str, object]
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        self.notes.append(f"config.yaml: {sentence}")


def _rename(mending: _Mending) -> None:
    for old, new in _RENAMED.items():
        if old in mending.config and mending.config.get(new) in (None, "", []):
            mending.config[new] = mending.config.pop(old)
            mending.note(f"`{old}` is called `{new}` now.")


def _drop_unknown(mending: _Mending) -> None:
    for key in [key for key in mending.config if key not in KNOWN_KEYS]:
        del mending.config[key]
        mending.note(f"`{shown(key)}` is not known to DeepLabCut 3 and was left out.")
    # "" stands for "not set" in old files; DeepLabCut takes the default for both
    for key in [key for key, value in mending.config.items() if value is None or value == ""]:
        del mending.config[key]


def _drop_path(mending: _Mending) -> None:
    """Leave out where the project lay at home; the trainer sets where it lies there."""
    path = mending.config.pop("project_path", None)
    is_posix = isinstance(path, str) and path.startswith("/")
    if path is not None and not is_posix:
        mending.note("`project_path` is no path here; it was set to where the project is trained.")


def _mend_texts(mending: _Mending) -> None:
    for key in _TEXTS:
        value = mending.config.get(key)
        if isinstance(value, int | float | datetime.date):
            mending.config[key] = str(value)
            mending.note(f"`{key}` was taken as text.")


def _mend_names(mending: _Mending) -> None:
    for key in _NAMES:
        names = mending.config.get(key)
        if not isinstance(names, list):
            continue
        plain = [_name(name) for name in names]
        if plain != names:
            mending.config[key] = plain
            mending.note(f"the names in `{key}` were taken as text without spaces around them.")


def _name(value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float | datetime.date) else value


def _mend_switches(mending: _Mending) -> None:
    for key in _SWITCHES:
        value = mending.config.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        word = str(value).strip().lower()
        if word in _YES | _NO:
            mending.config[key] = word in _YES
            mending.note(f"`{key}` was taken as {'true' if word in _YES else 'false'}.")


def _mend_engine(mending: _Mending) -> None:
    engine = mending.config.get("engine")
    if isinstance(engine, str):
        plain = _ENGINES.get(engine.strip().lower(), engine.strip().lower())
        if plain != engine:
            mending.config["engine"] = plain
            mending.note(f"`engine` was written as {shown(plain)}.")


def _mend_numbers(mending: _Mending) -> None:
    config = mending.config
    fractions = config.get("TrainingFraction")
    listing = fractions if isinstance(fractions, list) else [fractions]
    plain = [_as_number(each) for each in listing]
    if fractions is not None and plain != fractions and all(is_number(each) for each in plain):
        config["TrainingFraction"] = plain
        mending.note("`TrainingFraction` was taken as a list of numbers.")
    iteration = config.get("iteration")
    number = _as_number(iteration)
    if iteration is None:
        config["iteration"] = 0  # what DeepLabCut itself takes an absent one for
    elif is_number(number) and number == int(number) and not isinstance(iteration, int):  # type: ignore[call-overload]
        config["iteration"] = int(number)  # type: ignore[call-overload]
        mending.note("`iteration` was taken as a whole number.")


def _as_number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if len(value) < 20 else value
    except ValueError:
        return value


def _mend_multi_animal(mending: _Mending) -> None:
    config = mending.config
    parts = config.get("bodyparts")
    if config.get("multianimalproject") is not True or parts == MULTI:
        return
    # compared name by name: aliased structures can take for ever
    others = config.get("multianimalbodyparts")
    is_copy = _are_words(parts) and _are_words(others) and parts == others
    if not parts or is_copy:
        config["bodyparts"] = MULTI
        mending.note(f"`bodyparts` was set to {MULTI}: they stand in `multianimalbodyparts`.")


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _drop_multi_animal(mending: _Mending) -> None:
    """Leave out what describes several animals where there is one."""
    if mending.config.get("multianimalproject"):
        return
    for key in ("multianimalbodyparts", "uniquebodyparts", "individuals", "identity"):
        if key in mending.config:
            del mending.config[key]


def _drop_wrong_cosmetics(mending: _Mending) -> None:
    wrong = [k for k, v in mending.config.items() if k in COSMETIC and not COSMETIC[k](v)]
    for key in wrong:
        del mending.config[key]
        mending.note(f"`{key}` has a value that DeepLabCut 3 does not take, and was left out.")
    _drop_wrong_ranges(mending)


def _drop_wrong_ranges(mending: _Mending) -> None:
    config = mending.config
    if not config.get("start", 0.0) < config.get("stop", 1.0):  # type: ignore[operator]
        _drop(mending, ("start", "stop"), "`start` does not lie before `stop`")
    crop = [config.get(key) for key in ("x1", "x2", "y1", "y2")]
    is_whole = None not in crop and crop[0] < crop[1] and crop[2] < crop[3]  # type: ignore[operator]
    if not is_whole and (config.get("cropping") or any(each is not None for each in crop)):
        keys = ("cropping", "x1", "x2", "y1", "y2")
        _drop(mending, keys, "`x1`, `x2`, `y1` and `y2` of `cropping` make no rectangle")


def _drop(mending: _Mending, keys: Iterable[str], why: str) -> None:
    for key in keys:
        mending.config.pop(key, None)
    mending.note(f"{why}; they were left out.")


_STEPS: tuple[Callable[[_Mending], None], ...] = (
    _rename,
    _drop_unknown,
    _drop_path,
    _mend_texts,
    _mend_names,
    _mend_switches,
    _mend_engine,
    _mend_numbers,
    _mend_multi_animal,
    _drop_multi_animal,
    _drop_wrong_cosmetics,
)


def _paths(videos: object) -> list[str]:
    paths = list(videos) if isinstance(videos, Mapping | list) else []
    return [path for path in paths if isinstance(path, str)]


def _stem(path: str) -> str:
    return PureWindowsPath(path).stem  # which splits at both \ and /


def _crops(videos: object) -> dict[str, str]:
    if not isinstance(videos, Mapping):
        return {}
    return {
        _stem(path): value["crop"]
        for path, value in videos.items()
        if isinstance(path, str)
        and isinstance(value, Mapping)
        and isinstance(value.get("crop"), str)
        and _CROP.fullmatch(value["crop"])
    }


def _video(
    stem: str, crops: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> dict[str, str]:
    width, height = sizes.get(stem, (0, 0))
    return {"crop": crops.get(stem, f"0, {width}, 0, {height}")}
