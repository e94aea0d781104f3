"""Whether the engine and the network can train the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dlc_batch_core.catalogue import problem
from dlc_batch_core.checks.images import Images
from dlc_batch_core.home_settings import HomeSettings
from dlc_batch_core.networks import (
    BY_ENGINE,
    PYTORCH,
    TENSORFLOW,
    is_conditional,
    is_for_several_animals,
    is_top_down,
)
from dlc_batch_core.problems import Problem
from dlc_batch_core.project import Project
from dlc_batch_core.request import REQUEST_FILE, Request, override_refused
from dlc_batch_core.settings import is_override
from dlc_batch_core.words import counted, listed, shown

#: pose_cfg.yaml's min_input_size and max_input_size, squared, after its global_scale.
_LEAST_AREA, _MOST_AREA, _SCALE = 64**2, 1500**2, 0.8
_CROP = "data.train.crop_sampling"
_LENGTHS = {"pytorch": "epochs", "tensorflow": "iterations"}  # keys of the request
_DEFAULT_NET = "resnet_50"  # DeepLabCut's own, where config.yaml names none


def find_engine_problems(
    project: Project, request: Request, home: HomeSettings | None, where: str
) -> list[Problem]:
    """Find an engine that does not exist, and a network that does not exist or fit."""
    engine = engine_of(project, request)
    if engine not in BY_ENGINE:
        return [problem("engine", where, f"DeepLabCut has no engine `{shown(engine)}`.")]
    found = list(_of_other_engine(request, engine))
    net_type, place = network_of(project, request, home, where)
    if net_type not in BY_ENGINE[engine]:
        return [*found, _unknown(net_type, engine, place)]
    if why := _misfit(net_type, project, engine):
        what = f"The network {net_type} can't be trained here: {why}."
        found.append(problem("net-type-project", place, what))
    return found


def _of_other_engine(request: Request, engine: str) -> Iterator[Problem]:
    """Find what is asked for and the engine does not know."""
    for other, length in _LENGTHS.items():
        if other != engine and getattr(request, length) is not None:
            what = f"`{length}` is not a setting of the {engine} engine."
            remedy = f"Write `{_LENGTHS[engine]}` instead, or remove it."
            yield problem("request-engine", REQUEST_FILE, what, remedy)
    for path, value in request.overrides.items():
        if not is_override(path, value, engine):
            yield override_refused(path, value, (engine,), REQUEST_FILE)


def engine_of(project: Project, request: Request) -> str:
    """Return the engine that trains: the one asked for, else config.yaml's."""
    return request.engine or project.engine


def network_of(
    project: Project, request: Request, home: HomeSettings | None, where: str
) -> tuple[str, str]:
    """Return the network, in the order in which the trainer takes it, and where it is named."""
    if request.net_type:
        return request.net_type, REQUEST_FILE
    if home is not None and home.net_type:
        return home.net_type, home.where
    return project.net_type or _DEFAULT_NET, where


def _unknown(net_type: str, engine: str, place: str) -> Problem:
    others = {"pytorch": TENSORFLOW, "tensorflow": PYTORCH}
    what = f"DeepLabCut's {engine} engine has no network `{shown(net_type)}`"
    what += "; another engine has." if net_type in others[engine] else "."
    return problem("net-type", place, what)


def _misfit(net_type: str, project: Project, engine: str) -> str:
    if engine == "tensorflow":
        is_lone = is_for_several_animals(net_type) and not project.is_multi_animal
        return "it is for several animals" if is_lone else ""
    if is_conditional(net_type):
        return "it needs the predictions of another shuffle"
    if is_top_down(net_type) and project.unique_parts:
        return f"it knows no unique body parts ({listed(project.unique_parts)})"
    if is_top_down(net_type) and project.has_identity:
        return "it knows no `identity: true`"
    return ""


def find_size_problems(
    project: Project, request: Request, home: HomeSettings | None, images: Images
) -> list[Problem]:
    """Find images whose sizes the engine does not take."""
    if engine_of(project, request) == "tensorflow":
        return _beyond_tensorflow(images.sizes)
    sizes = sorted(set(images.sizes.values()))
    if len(sizes) < 2 or not _is_whole_frames(request, home) or _is_one_at_a_time(request, home):
        return []
    shown_sizes = listed(f"{width} x {height}" for width, height in sizes)
    what = f"The images have {len(sizes)} sizes ({shown_sizes}), and cropping is switched off."
    return [problem("image-sizes-mixed", "labeled-data/", what)]


def _beyond_tensorflow(sizes: Mapping[str, tuple[int, int]]) -> list[Problem]:
    areas = {path: width * height * _SCALE**2 for path, (width, height) in sizes.items()}
    wrong = [path for path, area in areas.items() if not _LEAST_AREA <= area <= _MOST_AREA]
    if not wrong:
        return []
    width, height = sizes[wrong[0]]
    what = (
        f"{counted(len(wrong), 'images')} too small or too large; this one is {width} x {height}."
    )
    return [problem("image-size-tensorflow", wrong[0], what)]


def _is_whole_frames(request: Request, home: HomeSettings | None) -> bool:
    if _CROP in request.overrides:
        return not request.overrides[_CROP]
    return home is not None and home.is_uncropped


def _is_one_at_a_time(request: Request, home: HomeSettings | None) -> bool:
    asked = request.batch_size or request.overrides.get("train_settings.batch_size")
    return (asked or (home.batch_size if home else None)) == 1
