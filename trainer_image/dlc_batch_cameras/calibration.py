"""The calibration of two cameras or more, from what they saw of a board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.bundle import Bundle, adjust, covariance
from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.choosing import choose
from dlc_batch_cameras.intrinsics import Claims, Intrinsics, find_intrinsics, find_wrong
from dlc_batch_cameras.judging import (
    FEWEST_VIEWS,
    count_places,
    find_disagreement,
    find_implausible,
    find_large_error,
    find_too_few,
)
from dlc_batch_cameras.rig import Rig, build_rig
from dlc_batch_cameras.sightings import Sighting, Sightings
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem, are_trainable, in_stable_order
from dlc_batch_core.words import listed

#: Standard error of a baseline, as a part of it, above which a warning is given.
_MOST_UNCERTAIN = 0.01
#: A corner is a stray above so many times its camera's error, and this: it was found elsewhere.
_STRAY_RATIO, _STRAY_PX = 6.0, 1.0
_ROUNDS = 4


@dataclass(frozen=True)
class ViewError:
    """How well one picture fits, or why it was left out."""

    camera: str
    shot: str
    image: str
    corners: int
    rms_px: float  # root of the mean squared distance; NaN where it never came so far
    is_used: bool


@dataclass(frozen=True)
class Baseline:
    """The distance of two cameras' centres, with its standard error."""

    first: str
    second: str
    mm: float
    error_mm: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """Cameras in one world, and how far to believe them. The first camera is the world."""

    cameras: CameraGroup
    board: Board
    rms_px: Mapping[str, float]  # of each camera: root of the mean squared distance of a corner
    views: tuple[ViewError, ...]
    parameter_names: tuple[str, ...]  # "<camera>.fx", ... see bundle.INTRINSIC and EXTRINSIC
    covariance: Array  # (parameters, parameters), in pixels, radians and mm
    baselines: tuple[Baseline, ...]
    problems: tuple[Problem, ...]  # warnings

    @property
    def total_rms_px(self) -> float:
        """The root of the mean squared distance over all corners of all cameras."""
        used = [view for view in self.views if view.is_used]
        squares = sum(view.corners * view.rms_px**2 for view in used)
        return float(np.sqrt(squares / sum(view.corners for view in used)))

    @property
    def moments(self) -> int:
        """How many shots of the board tell how the cameras stand: those that two of them see."""
        seen = Counter(view.shot for view in self.views if view.is_used)
        return sum(count > 1 for count in seen.values())

    @property
    def standard_errors(self) -> dict[str, float]:
        """Each parameter's standard error, by its name."""
        errors = np.sqrt(np.diag(self.covariance))
        return dict(zip(self.parameter_names, errors.tolist(), strict=True))


def calibrate(sightings: Sightings) -> Calibration:
    """Calibrate the cameras that saw a board.

    Views that do not fit the others are left out, and named in the problems of the result. Of more
    than a hundred shots, a hundred that differ are taken (see `choosing`).

    Raises:
        ProjectError: nothing good can come of these views; with every reason found.
    """
    problems = [*sightings.problems, *find_too_few(sightings)]
    _stop_at_errors(problems)
    sightings = choose(sightings)
    alone, faults = _alone(sightings)
    problems += faults
    _stop_at_errors(problems)
    try:
        rig = build_rig(alone, sightings.board)
    except ProjectError as error:
        raise ProjectError([*error.problems, *problems]) from error
    return _adjusted(sightings, alone, rig, problems)


def _stop_at_errors(problems: Sequence[Problem]) -> None:
    if not are_trainable(problems):
        raise ProjectError(problems)


def _alone(sightings: Sightings) -> tuple[list[Intrinsics], list[Problem]]:
    """Calibrate each camera by itself."""
    found, problems = [], list[Problem]()
    for name in sightings.cameras:
        size, views = sightings.sizes[name], sightings.of(name)
        camera = find_intrinsics(name, size, views, sightings.board)
        kept = count_places(camera.views, size) if camera else 0
        if camera is None or kept < FEWEST_VIEWS:
            what = f"Only {kept} of {len(views)} views of the board fit each other."
            problems.append(problem("calibration-few-views", name, what))
            continue
        if camera.wrong:
            problems.append(_view_out(name, camera.wrong))
        rms = _rms_alone(camera)
        problems += find_large_error(name, size, rms) or find_implausible(camera, sightings.board)
        found.append(camera)
    return found, problems


def _rms_alone(camera: Intrinsics) -> float:
    return float(np.sqrt(np.mean(np.square(camera.errors))))


def _view_out(camera: str, wrong: Sequence[tuple[Sighting, float]]) -> Problem:
    names = listed((f"{view.image} ({error:.1f} px)" for view, error in wrong), 10)
    what = f"Left out, by their reprojection errors: {names}."
    return problem("calibration-view-out", camera, what)


def _pair_out(views: Sequence[Sighting], swapped: frozenset[str]) -> list[Problem]:
    """Tell of shots in which the cameras do not agree."""
    found = []
    for shot in sorted({view.shot for view in views}):
        images = listed(sorted(view.image for view in views if view.shot == shot))
        what = f"Left out: {images} do not show the board at the same place."
        what += " They fit once they are swapped." if shot in swapped else ""
        found.append(problem("calibration-pair-out", images, what))
    return found


def _adjusted(
    sightings: Sightings, alone: Sequence[Intrinsics], rig: Rig, problems: list[Problem]
) -> Calibration:
    names = sightings.cameras
    sizes = tuple(sightings.sizes[name] for name in names)
    bundle = Bundle(sightings.board, names, sizes, rig.shots, rig.views)
    start = bundle.pack([each.camera for each in alone], rig.cameras, rig.boards)
    bundle, parameters, wrong = _fit(bundle, start)
    out = [*[pair for each in alone for pair in each.wrong], *wrong]
    for name in names:
        if own := [each for each in wrong if each[0].camera == name]:
            problems.append(_view_out(name, own))
    unfit = sorted(rig.unfit, key=lambda view: names.index(view.camera))
    problems += _pair_out(unfit, rig.swapped)
    out += [(view, np.nan) for view in rig.unfit]
    cameras, _ = bundle.unpack(parameters)
    errors = bundle.errors(bundle.residuals(parameters))
    views = [_told(view, error, True) for view, error in zip(bundle.views, errors, strict=True)]
    views += [_told(view, error, False) for view, error in out]
    spread = covariance(bundle, parameters)
    if not np.isfinite(spread).all():
        what = "The images leave some of the cameras' parameters free."
        raise ProjectError([problem("calibration-undetermined", listed(names), what), *problems])
    baselines = _baselines(bundle, parameters, spread)
    rms = {name: _rms(views, name) for name in names}
    apart = find_disagreement(sightings.sizes, {a.camera.name: _rms_alone(a) for a in alone}, rms)
    problems += apart
    for name, size in zip(names, sizes, strict=True):
        problems += [] if apart else find_large_error(name, size, rms[name])
    problems += _uncertain(baselines)
    _stop_at_errors(problems)
    return Calibration(
        CameraGroup(cameras),
        sightings.board,
        rms,
        tuple(sorted(views, key=lambda view: (names.index(view.camera), view.shot))),
        bundle.parameter_names,
        spread,
        baselines,
        in_stable_order(problems),
    )


def _fit(bundle: Bundle, start: Array) -> tuple[Bundle, Array, list[tuple[Sighting, float]]]:
    """Adjust all, leave out what does not fit, and adjust what is left by least squares."""
    wrong, parameters = list[tuple[Sighting, float]](), start
    for _ in range(_ROUNDS):
        parameters = adjust(bundle, parameters, is_robust=True)
        errors = bundle.errors(bundle.residuals(parameters))
        out = _wrong_by_camera(bundle, errors)
        if not out.any():
            break
        wrong += [(bundle.views[each], float(errors[each])) for each in np.flatnonzero(out)]
        views = [view for view, is_out in zip(bundle.views, out, strict=True) if not is_out]
        bundle, parameters = _narrowed(bundle, parameters, views)
    bundle = replace(bundle, views=_without_strays(bundle, parameters))
    return bundle, adjust(bundle, parameters, is_robust=False), wrong


def _wrong_by_camera(bundle: Bundle, errors: Array) -> Claims:
    out = np.zeros(len(errors), bool)
    cameras = np.array([view.camera for view in bundle.views])
    for name in bundle.names:
        own = cameras == name
        out[own] = find_wrong(errors[own])
    return out


def _narrowed(
    bundle: Bundle, parameters: Array, views: Sequence[Sighting]
) -> tuple[Bundle, Array]:
    """Return a bundle of fewer views, without the boards that none of them shows."""
    seen = {view.shot for view in views}
    kept = [number for number, shot in enumerate(bundle.shots) if shot in seen]
    count = len(bundle.parameter_names)
    boards = parameters[count:].reshape(-1, 6)[kept]
    shots = tuple(bundle.shots[number] for number in kept)
    smaller = replace(bundle, shots=shots, views=tuple(views))
    return smaller, np.concatenate([parameters[:count], boards.ravel()])


def _without_strays(bundle: Bundle, parameters: Array) -> tuple[Sighting, ...]:
    """Return the views without single corners that were found elsewhere."""
    distances = np.linalg.norm(bundle.residuals(parameters).reshape(-1, 2), axis=1)
    counts = [len(view.indices) for view in bundle.views]
    cameras = np.repeat([view.camera for view in bundle.views], counts)
    most = {
        name: max(_STRAY_RATIO * float(np.median(distances[cameras == name])), _STRAY_PX)
        for name in bundle.names
    }
    views = []
    for view, own in zip(bundle.views, np.split(distances, np.cumsum(counts)[:-1]), strict=True):
        keep = own <= most[view.camera]
        views.append(replace(view, indices=view.indices[keep], pixels=view.pixels[keep]))
    return tuple(views)


def _told(view: Sighting, error: float, is_used: bool) -> ViewError:
    count = len(view.indices)
    return ViewError(view.camera, view.shot, view.image, count, float(error), is_used)


def _rms(views: Sequence[ViewError], camera: str) -> float:
    own = [view for view in views if view.is_used and view.camera == camera]
    squares = sum(view.corners * view.rms_px**2 for view in own)
    return float(np.sqrt(squares / sum(view.corners for view in own))) if own else np.nan


def _baselines(bundle: Bundle, parameters: Array, spread: Array) -> tuple[Baseline, ...]:
    """Return all cameras' distances; errors by the slope of each distance in each parameter."""
    count = len(bundle.parameter_names)
    names = bundle.names
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]

    def distances(some: Array) -> Array:
        cameras, _ = bundle.unpack(some)
        return np.array([np.linalg.norm(cameras[i].centre - cameras[j].centre) for i, j in pairs])

    at = parameters[:count]
    slopes = np.zeros((len(pairs), count))
    for each in range(count - 6 * (len(names) - 1), count):
        step = np.zeros(count)
        step[each] = 1e-6 * max(1.0, abs(at[each]))
        slopes[:, each] = (distances(at + step) - distances(at - step)) / (2 * step[each])
    variances = np.einsum("pi,ij,pj->p", slopes, spread, slopes)
    errors = np.sqrt(np.maximum(variances, 0))
    return tuple(
        Baseline(names[i], names[j], float(mm), float(error))
        for (i, j), mm, error in zip(pairs, distances(at), errors, strict=True)
    )


def _uncertain(baselines: Sequence[Baseline]) -> list[Problem]:
    found = []
    for each in baselines:
        if each.error_mm > _MOST_UNCERTAIN * each.mm:
            what = f"Their distance is {each.mm:.1f} mm, with a standard error of"
            what += f" {each.error_mm:.1f} mm."
            found.append(problem("calibration-uncertain", f"{each.first}, {each.second}", what))
    return found
