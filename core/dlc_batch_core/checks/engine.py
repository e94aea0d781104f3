"""Whether the engine and the network can train the project."""

from __future__ import annotations

from collections.abc import Mapping

from dlc_batch_core.catalogue import problem
from dlc_batch_core.checks.images import Images
from dlc_batch_core.home_settings import HomeSettings
from dlc_batch_core.networks import BY_ENGINE, PYTORCH, TENSORFLOW, is_conditional, is_top_down
from dlc_batch_core.problems import Problem
from dlc_batch_core.project import Project
from dlc_batch_core.request import REQUEST_FILE, Request
from dlc_batch_core.words import listed, shown

#: pose_cfg.yaml's min_input_size and max_input_size, squared, after its global_scale.
_LEAST_AREA, _MOST_AREA, _SCALE = 64**2, 1500**2, 0.8
_CROP = "data.train.crop_sampling"
_DEFAULT_NET = "resnet_50"  # DeepLabCut's own, where config.yaml names none


def find_engine_problems(
    project: Project, request: Request, home: HomeSettings | None, where: str
) -> list[Problem]:
    """Find an engine that is not offered, and a network that does not exist or fit."""
    engine = request.engine or project.engine
    found = []
    if engine != "pytorch":
        found.append(problem("engine", where, f"The engine `{shown(engine)}` is not offered."))
    if engine not in BY_ENGINE:
        return found
    net_type, place = _net_type(project, request, home, where)
    if net_type not in BY_ENGINE[engine]:
        return [*found, _unknown(net_type, engine, place)]
    if engine == "pytorch" and (why := _misfit(net_type, project)):
        what = f"The network {net_type} can't be trained here: {why}."
        found.append(problem("net-type-project", place, what))
    return found


def _net_type(
    project: Project, request: Request, home: HomeSettings | None, where: str
) -> tuple[str, str]:
    """The network, in the order in which the trainer takes it, and where it is named."""
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


def _misfit(net_type: str, project: Project) -> str:
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
    if (request.engine or project.engine) == "tensorflow":
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
    what = f"{len(wrong)} images are too small or too large; this one is {width} x {height}."
    return [problem("image-size-tensorflow", wrong[0], what)]


def _is_whole_frames(request: Request, home: HomeSettings | None) -> bool:
    if _CROP in request.overrides:
        return not request.overrides[_CROP]
    return home is not None and home.is_uncropped


def _is_one_at_a_time(request: Request, home: HomeSettings | None) -> bool:
    asked = request.batch_size or request.overrides.get("train_settings.batch_size")
    return (asked or (home.batch_size if home else None)) == 1
