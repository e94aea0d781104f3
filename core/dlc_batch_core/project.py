"""A DeepLabCut project, as far as its config.yaml tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dlc_batch_core.catalogue import problem
from dlc_batch_core.config_rules import MULTI, is_number
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.labels import SINGLE
from dlc_batch_core.mending import mend_settings
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed, shown

#: Task, scorer and date become names of files and folders, on every computer of the lab.
_UNFIT = re.compile(r'[/\\:*?"<>|\x00-\x1f]|^\.+$|^\s|\s$')
_MOST_NAME = 100


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
    individuals: tuple[str, ...] = ()  # of several animals
    unique_parts: tuple[str, ...] = ()  # of no animal
    has_identity: bool = False


def parse_project(config: Mapping[str, object], where: str) -> Project:
    """Read config.yaml's settings, mended as the trainer mends them in its copy.

    Raises:
        ProjectError: with every problem found.
    """
    return _parse(mend_settings(config).config, where, "num_cameras" in config)


def _parse(config: Mapping[str, object], where: str, is_3d: bool) -> Project:
    if is_3d:
        what = "This is a 3D project; the network is trained in its 2D project."
        raise ProjectError([problem("project-3d", where, what)])
    problems = [_missing(key, where) for key in _MISSABLE if config.get(key) in (None, "")]
    problems += [found for key in _TEXTS if (found := _problem_of_text(key, config, where))]
    problems += _problems_of_parts(config, where)
    problems += _problems_of_fractions(config.get("TrainingFraction"), where)
    problems += _problems_of_values(config, where)
    if problems:
        raise ProjectError(problems)
    is_multi = config.get("multianimalproject") is True
    return Project(
        task=str(config["Task"]),
        scorer=str(config["scorer"]),
        date=str(config["date"]),
        iteration=int(str(config["iteration"])),
        train_fractions=tuple(float(str(each)) for each in _as_list(config["TrainingFraction"])),
        body_parts=_names(config, "multianimalbodyparts" if is_multi else "bodyparts"),
        is_multi_animal=is_multi,
        engine=str(config.get("engine") or "pytorch"),
        net_type=str(config["default_net_type"]) if config.get("default_net_type") else None,
        individuals=_names(config, "individuals") if is_multi else (),
        unique_parts=_names(config, "uniquebodyparts") if is_multi else (),
        has_identity=is_multi and config.get("identity") is True,
    )


_MISSABLE = ("Task", "scorer", "date", "bodyparts", "TrainingFraction")
_TEXTS = ("Task", "scorer", "date", "engine", "default_net_type")
_PATH_NAMES = ("Task", "scorer", "date")


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _names(config: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(str(each) for each in _as_list(config.get(key)))


def _problem_of_text(key: str, config: Mapping[str, object], where: str) -> Problem | None:
    value = config.get(key)
    if value is None:
        return None
    if not isinstance(value, str):  # also astronomically large, once written out as text
        return problem("config-value", where, f"`{key}` is not a word.")
    if key in _PATH_NAMES and (_UNFIT.search(value) or len(value) > _MOST_NAME):
        what = f"`{key}: {shown(value)}` can't be part of a file's name."
        return problem("config-name", where, what)
    return None


def _problems_of_parts(config: Mapping[str, object], where: str) -> list[Problem]:
    is_multi, parts = config.get("multianimalproject"), config.get("bodyparts")
    if parts is None:
        return []
    if not isinstance(is_multi, bool | None):
        return [problem("config-value", where, "`multianimalproject` is neither true nor false.")]
    if bool(is_multi) != (parts == MULTI):
        what = f"`multianimalproject` is {str(bool(is_multi)).lower()}, and `bodyparts` is "
        what += f"{MULTI}." if parts == MULTI else "a list of body parts."
        return [problem("config-multi-animal", where, what)]
    if not is_multi:
        return _problems_of_names("bodyparts", config, where, "config-bodyparts")
    found = _problems_of_names("multianimalbodyparts", config, where, "config-bodyparts")
    found += _problems_of_names("individuals", config, where, "config-individuals")
    if config.get("uniquebodyparts") not in (None, []):
        found += _problems_of_names("uniquebodyparts", config, where, "config-bodyparts")
    return found + _clashes(config, where)


def _problems_of_names(
    key: str, config: Mapping[str, object], where: str, code: str
) -> list[Problem]:
    names = _as_list(config.get(key))
    if not names or not all(isinstance(each, str) and each for each in names):
        return [problem(code, where, f"`{key}` is not a list of names.")]
    doubles = [each for each, count in Counter(names).items() if count > 1]
    if doubles:
        return [problem(code, where, f"`{key}` names twice: {listed(doubles)}.")]
    return []


def _clashes(config: Mapping[str, object], where: str) -> list[Problem]:
    found = []
    # DeepLabCut looks for the word anywhere in the name (format_multianimal_training_data)
    reserved = [each for each in _names(config, "individuals") if SINGLE in each]
    if reserved:
        what = f"`individuals` has {listed(reserved)}; DeepLabCut keeps `{SINGLE}` for itself."
        found.append(problem("config-individuals", where, what))
    both = set(_names(config, "multianimalbodyparts")) & set(_names(config, "uniquebodyparts"))
    if both:
        what = f"Both `multianimalbodyparts` and `uniquebodyparts` have {listed(sorted(both))}."
        found.append(problem("config-bodyparts", where, what))
    return found


def _problems_of_fractions(value: object, where: str) -> list[Problem]:
    if value is None:
        return []
    fractions = _as_list(value)
    if fractions and all(_is_usable(each) for each in fractions):
        return []
    what = "`TrainingFraction` is not a list of numbers between 0 and 1 with two decimals."
    return [problem("config-training-fraction", where, what)]


def _is_usable(value: object) -> bool:
    # SplitTrials takes no third decimal, and folders are named by the whole percent
    if not is_number(value):
        return False
    number = float(str(value))
    return 0 < number < 1 and abs(number - round(number, 2)) < 1e-9 and 0 < round(number, 2) < 1


def _problems_of_values(config: Mapping[str, object], where: str) -> list[Problem]:
    found = []
    iteration, identity = config.get("iteration"), config.get("identity")
    if not isinstance(iteration, int) or isinstance(iteration, bool) or iteration < 0:
        remedy = "Set it to 0, or as DeepLabCut left it."
        what = "`iteration` is not a whole number."
        found.append(problem("config-value", where, what, remedy))
    if not isinstance(identity, bool | None):
        found.append(problem("config-value", where, "`identity` is neither true nor false."))
    return found


def _missing(key: str, where: str) -> Problem:
    what = f"The setting `{key}` is missing or empty."
    return problem("config-missing-key", where, what, f"Add `{key}`, as DeepLabCut writes it.")
