"""What DeepLabCut 3.0.2 takes in config.yaml (core/config/project_config.py, `ProjectConfig`).

A test compares the keys with DeepLabCut's own, and has it judge what the rules let pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

#: DeepLabCut's own word for "the body parts stand in multianimalbodyparts".
MULTI = "MULTI!"
_MOST_TABLES = 100  # there are a dozen SuperAnimals


def is_number(value: object) -> bool:
    """Whether it is a finite number."""
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and math.isfinite(value)  # type: ignore[arg-type]


def _is_fraction(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def _is_whole(least: int) -> Callable[[object], bool]:
    def accepts(value: object) -> bool:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return is_whole and value >= least  # type: ignore[operator]

    return accepts


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_snapshot(value: object) -> bool:
    return value == "all" or _is_whole(-(2**31))(value)


def _are_pairs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(name, str) for name in pair)
        and pair[0] != pair[1]
        for pair in value
    )


def _are_wholes(value: object) -> bool:
    return isinstance(value, list) and all(_is_whole(0)(each) for each in value)


def _are_tables(value: object) -> bool:
    """Body parts by body part, by the name of a SuperAnimal: no deeper, as aliases could be."""
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_TABLES
        and all(isinstance(k, str) and _is_table(v) for k, v in value.items())
    )


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(each, str) for pair in value.items() for each in pair
    )


#: Settings of plots, frame extraction and refinement, with what DeepLabCut takes: training does
#: without them, so a wrong one is left out. Anything else that is wrong is the lab's to mend.
COSMETIC: Mapping[str, Callable[[object], bool]] = {
    "config_version": lambda value: value == 0 and not isinstance(value, bool),
    "pose_config_path": _is_text,
    "start": _is_fraction,
    "stop": _is_fraction,
    "numframes2pick": _is_whole(0),
    "skeleton": _are_pairs,
    "skeleton_color": _is_text,
    "pcutoff": _is_fraction,
    "dotsize": _is_whole(0),
    "alphavalue": _is_fraction,
    "colormap": _is_text,
    "default_augmenter": _is_text,
    "default_track_method": _is_text,
    "snapshotindex": _is_snapshot,
    "detector_snapshotindex": _is_whole(-(2**31)),
    "batch_size": _is_whole(1),
    "detector_batch_size": _is_whole(1),
    "cropping": _is_switch,
    "x1": _is_whole(0),
    "x2": _is_whole(0),
    "y1": _is_whole(0),
    "y2": _is_whole(0),
    "corner2move2": _are_wholes,
    "move2corner": _is_switch,
    "SuperAnimalConversionTables": _are_tables,
    "resnet": _is_whole(0),
    "croppedtraining": _is_switch,
}
#: Settings that training needs, or that are set anew.
_NEEDED = (
    "Task",
    "scorer",
    "date",
    "multianimalproject",
    "identity",
    "project_path",
    "engine",
    "video_sets",
    "bodyparts",
    "individuals",
    "uniquebodyparts",
    "multianimalbodyparts",
    "TrainingFraction",
    "iteration",
    "default_net_type",
)
KNOWN_KEYS = frozenset({*_NEEDED, *COSMETIC})
