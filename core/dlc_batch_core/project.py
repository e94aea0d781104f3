"""A DeepLabCut project, as far as its config.yaml tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem

#: DeepLabCut's own word for "the body parts stand in multianimalbodyparts".
MULTI = "MULTI!"


@dataclass(frozen=True)
class Project:
    """What training needs of config.yaml, with the types it needs."""

    task: str
    scorer: str
    date: str
    iteration: int
    train_fractions: tuple[float, ...]
    body_parts: tuple[str, ...]
    is_multi_animal: bool
    engine: str
    net_type: str | None


def parse_project(config: Mapping[str, object], where: str) -> Project:
    """Read config.yaml's settings.

    Numbers where DeepLabCut wants text (Task, scorer, date) are taken as text, and the engine's
    name in any case, as the trainer mends them in its copy.

    Raises:
        ProjectError: with every problem found.
    """
    if "num_cameras" in config:
        raise ProjectError([_is_3d(where)])
    problems = [_missing(key, where) for key in _MISSABLE if config.get(key) in (None, "")]
    problems += [_no_text(key, where) for key in _TEXTS if _is_structure(config.get(key))]
    problems += [_no_name(key, where) for key in _TEXTS if _could_be_a_path(config.get(key))]
    parts_key = "multianimalbodyparts" if config.get("bodyparts") == MULTI else "bodyparts"
    parts, fractions = config.get(parts_key), config.get("TrainingFraction")
    if config.get("bodyparts") is not None and not _are_names(parts):
        problems.append(_wrong_parts(parts_key, where))
    if fractions is not None and not _are_fractions(fractions):
        problems.append(_wrong_fraction(where))
    if problems:
        raise ProjectError(problems)
    return Project(
        task=str(config["Task"]),
        scorer=str(config["scorer"]),
        date=str(config["date"]),
        iteration=_iteration(config, where),
        train_fractions=tuple(float(str(each)) for each in _as_list(fractions)),
        body_parts=tuple(str(each) for each in _as_list(parts)),
        is_multi_animal=bool(config.get("multianimalproject")),
        engine=str(config.get("engine") or "pytorch").lower(),
        net_type=str(config["default_net_type"]) if config.get("default_net_type") else None,
    )


_MISSABLE = ("Task", "scorer", "date", "bodyparts", "TrainingFraction")
_NO_NAME = re.compile(r"[/\\:\x00-\x1f\x7f]")
_TEXTS = ("Task", "scorer", "date", "engine", "default_net_type")


def _is_structure(value: object) -> bool:
    # also astronomically large, once written out as text
    return isinstance(value, dict | list | tuple | set)


def _could_be_a_path(value: object) -> bool:
    # DeepLabCut makes folder names of them: with a slash, they would lie anywhere
    return isinstance(value, str) and (_NO_NAME.search(value) is not None or value in (".", ".."))


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _are_names(value: object) -> bool:
    names = _as_list(value)
    plain = all(isinstance(each, str | int) and str(each).strip() for each in names)
    return bool(names) and plain and len({str(each) for each in names}) == len(names)


def _are_fractions(value: object) -> bool:
    fractions = _as_list(value)
    return bool(fractions) and all(
        isinstance(each, int | float)
        and not isinstance(each, bool)
        and 0 < each < 1
        and abs(each - round(each, 2)) < 1e-9  # DeepLabCut names folders by whole percents
        for each in fractions
    )


def _iteration(config: Mapping[str, object], where: str) -> int:
    value = config.get("iteration") or 0
    if isinstance(value, int) and value >= 0:
        return value
    what, remedy = "`iteration` is not a whole number.", "Set it to 0, or as DeepLabCut left it."
    raise ProjectError([Problem("config-value", where, what, remedy)])


def _missing(key: str, where: str) -> Problem:
    what = f"The setting `{key}` is missing or empty."
    return Problem("config-missing-key", where, what, f"Add `{key}`, as DeepLabCut writes it.")


def _no_text(key: str, where: str) -> Problem:
    what = f"`{key}` is not a word or a number, but a structure."
    return Problem("config-value", where, what, "Set it as DeepLabCut wrote it.")


def _no_name(key: str, where: str) -> Problem:
    what = f"`{key}` holds a sign that can't stand in a file's name: / \\ : or a control sign."
    return Problem("config-value", where, what, "Use letters, digits, spaces, - and _.")


def _wrong_parts(key: str, where: str) -> Problem:
    what = f"`{key}` is not a list of different names."
    return Problem("config-bodyparts", where, what, "List each body part once, one a line.")


def _wrong_fraction(where: str) -> Problem:
    what = "`TrainingFraction` is not a list of numbers between 0.01 and 0.99, of two decimals."
    return Problem("config-training-fraction", where, what, "Set it to, for example, `[0.95]`.")


def _is_3d(where: str) -> Problem:
    what = "This is a 3D project; the network is trained in its 2D project."
    return Problem("project-3d", where, what, "Zip and upload the 2D project.")
