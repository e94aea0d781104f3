"""The lab's config.yaml, mended in our copy so that DeepLabCut 3 takes it. Never the lab's own.

DeepLabCut 3 refuses unknown keys and wrong types, and projects from the field have both.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from pathlib import Path, PureWindowsPath
from typing import Any

from deeplabcut.core.config import ProjectConfig  # type: ignore[import-untyped]  # has no types
from pydantic import ValidationError

from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.label_tables import LabelTable

CONFIG = "config.yaml"
_TEXT = ("Task", "scorer", "date")
_NAMES = ("bodyparts", "multianimalbodyparts", "uniquebodyparts", "individuals")
#: Settings of plots, frame extraction and refinement: training does without them, so a wrong
#: one is left out. Anything else that is wrong is the lab's to mend.
_COSMETIC = frozenset({
    "skeleton", "skeleton_color", "pcutoff", "dotsize", "alphavalue", "colormap", "start",
    "stop", "numframes2pick", "cropping", "x1", "x2", "y1", "y2", "corner2move2",
    "move2corner", "SuperAnimalConversionTables", "resnet", "croppedtraining",
    "default_augmenter", "default_track_method", "snapshotindex", "detector_snapshotindex",
    "batch_size", "detector_batch_size",
})  # fmt: skip


def read_config(project: Path) -> dict[str, Any]:
    """Read the unpacked config.yaml as plain values."""
    try:
        text = (project / CONFIG).read_text("utf-8-sig")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise UserError(
            "The upload has no config.yaml in UTF-8 where the check found one.",
            "Save config.yaml as UTF-8 and upload the project again.",
        ) from error
    return read_yaml_mapping(text, CONFIG)


def mend_config(config: dict[str, Any], project: Path, mended: list[str]) -> dict[str, Any]:
    """Return the settings as DeepLabCut takes them, all but the videos.

    Args:
        config: as the lab wrote it.
        project: the folder of our copy.
        mended: sentences about what was changed are added here.
    """
    known = {k: v for k, v in config.items() if k in ProjectConfig.model_fields}
    mended += [
        f"config.yaml: `{k}` is not known to DeepLabCut 3 and was left out."
        for k in config
        if k not in known
    ]
    for key in _TEXT:
        if isinstance(known.get(key), int | float | datetime.date):
            known[key] = str(known[key])
            mended.append(f"config.yaml: `{key}` was taken as text.")
    for key in _NAMES:
        names = known.get(key)
        if isinstance(names, list) and any(isinstance(name, int | float) for name in names):
            known[key] = [str(name) for name in names]
            mended.append(f"config.yaml: the names in `{key}` were taken as text.")
    if isinstance(known.get("engine"), str) and known["engine"] != known["engine"].lower():
        known["engine"] = known["engine"].lower()
        mended.append("config.yaml: `engine` was written in lower case.")
    if known.get("iteration") is None:
        known["iteration"] = 0  # what DeepLabCut itself takes an absent one for
    known["project_path"] = str(project)
    return _without_wrong_cosmetics(known, mended)


def _without_wrong_cosmetics(config: dict[str, Any], mended: list[str]) -> dict[str, Any]:
    """Leave out wrong settings that training does without; refuse the others."""
    wrong = _wrong_settings(ProjectConfig.from_dict, config)
    keys = {path.partition(".")[0] for path in wrong}
    if keys == {""} or "start" in keys:  # a rule over several settings names none of them
        keys |= {"start", "stop", "cropping", "x1", "x2", "y1", "y2"}
    kept = {k: v for k, v in config.items() if k not in keys & _COSMETIC}
    if still := _wrong_settings(ProjectConfig.from_dict, kept):
        faults = "; ".join(f"{path or 'settings'}: {why}" for path, why in still.items())
        raise UserError(
            f"DeepLabCut does not take config.yaml: {faults}.",
            "Mend these settings in config.yaml and upload the project again.",
        )
    mended += [
        f"config.yaml: `{k}` has a value that DeepLabCut 3 does not take, and was left out."
        for k in config
        if k not in kept
    ]
    return kept


def _wrong_settings(
    parse: Callable[[dict[str, Any]], object], config: dict[str, Any]
) -> dict[str, str]:
    """Faults by dotted path, in DeepLabCut's words."""
    try:
        parse(dict(config))
    except ValidationError as error:
        return {".".join(map(str, e["loc"])): str(e["msg"]) for e in error.errors()}
    return {}


def list_videos(config: dict[str, Any], tables: Iterable[LabelTable]) -> dict[str, dict[str, str]]:
    """Return `video_sets`, one video for each labelled folder.

    DeepLabCut finds labels through the stems of these keys. The lab's own are paths of another
    computer: Windows paths whose stem is the whole path, placeholders, the same video twice.

    Args:
        config: as the lab wrote it, for the crop of each video.
        tables: the labelled folders.
    """
    crops = {}
    videos = config.get("video_sets")
    for path, value in videos.items() if isinstance(videos, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("crop"), str):
            crops[PureWindowsPath(str(path)).stem] = value["crop"]
    # `.mp4`, for a stem may have a dot in it, which a path without suffix would lose
    return {
        f"videos/{t.stem}.mp4": {"crop": crops.get(t.stem, f"0, {t.width}, 0, {t.height}")}
        for t in tables
    }
