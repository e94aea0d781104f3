"""A camera that was knocked while it filmed: from then on its calibration does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.epipolar import epipolar_errors
from dlc_batch_cameras.seen import mean_of_seen, median_of_seen, percentile_of_seen
from dlc_batch_cameras.triangulation import PCUTOFF

#: A knock raises the median epipolar error to so many times, and by so many pixels, ...
_TIMES, _PIXELS = 2.0, 1.0
#: ... keeps this share of frames on its side of the step, ...
_KEPT = 0.8
#: ... and has so many frames before and after it.
_FEWEST_FRAMES = 10
#: A pair's error that rises by less is taken to be as before.
_LITTLE = 1.2
#: Of a body part: so exact is none.
_LEAST_PX = 0.01


@dataclass(frozen=True)
class Knock:
    """A calibration that does not hold from a frame on."""

    cameras: tuple[str, ...]  # one; several where nothing tells which of them it was
    frame: int  # the first that does not fit
    before: float  # pixels, median epipolar error against the other cameras
    after: float

    def __str__(self) -> str:
        errors = f"{self.before:.1f} pixels before, {self.after:.1f} after"
        if len(self.cameras) == 1:
            return (
                f"{self.cameras[0]} was moved at frame {self.frame:,}: its calibration does not"
                f" hold from there on ({errors}), and it is left out from there."
            )
        return (
            f"One of {', '.join(self.cameras)} was moved at frame {self.frame:,}, nothing tells"
            f" which ({errors}): do not believe points from there on."
        )


@dataclass(frozen=True)
class _Step:
    frame: int
    before: float
    after: float


def find_knocks(
    group: CameraGroup, pixels: Array, confidences: Array, pcutoff: float = PCUTOFF
) -> tuple[Knock, ...]:
    """Return the cameras whose calibration does not hold from some frame on.

    Each frame's median epipolar error of each pair of cameras, body parts measured by their own,
    is a series; a step up in it that stays (least squares of its logarithm: the likeliest change
    point, Hinkley, 1970) is a knock of one of the two. It is the camera without which no pair
    shows a step.

    Args:
        group: C cameras; their images are synchronous.
        pixels: (C, frames, points, 2).
        confidences: (C, frames, points).
        pcutoff: predictions of less confidence do not count.
    """
    rays = group.rays(np.where((confidences >= pcutoff)[..., None], pixels, np.nan))
    series = {
        (i, j): _series(epipolar_errors(group.cameras[i], group.cameras[j], rays[i], rays[j]))
        for i, j in combinations(range(len(group)), 2)
    }
    knocks: list[Knock] = []
    while knock := _next_knock(group, series):
        knocks.append(knock)
        if len(knock.cameras) > 1:
            break
        _drop(series, group.names.index(knock.cameras[0]), knock.frame)
    return tuple(knocks)


def leave_out(names: Sequence[str], confidences: Array, knocks: Sequence[Knock]) -> Array:
    """Return confidences (C, frames, points), zero of each knocked camera from its knock on.

    Where it could be several, nothing is left out.
    """
    left = confidences.copy()
    for knock in knocks:
        if len(knock.cameras) == 1:
            left[names.index(knock.cameras[0]), knock.frame :] = 0
    return left


def _series(errors: Array) -> Array:
    """Return the median size (frames,) of errors (frames, points), as of a usual body part.

    One that is predicted worse must not look like a knock where the others are hidden.
    """
    return median_of_seen(_as_usual(np.abs(errors).T), (0,))


def _as_usual(sizes: Array) -> Array:
    """Return sizes of errors (several, frames), each series scaled as if it were a usual one."""
    # The fifth that fits best: what a knock does later must not hide it.
    own = np.maximum(percentile_of_seen(sizes, 20, (1,)), _LEAST_PX)
    scaled: Array = sizes / own[:, None] * median_of_seen(own, (0,))
    return scaled


def _next_knock(group: CameraGroup, series: dict[tuple[int, int], Array]) -> Knock | None:
    steps = {at: _step(_of_camera(series, at)) for at in range(len(group))}
    found = {at: step for at, step in steps.items() if step}
    if not found:
        return None
    most = max(found, key=lambda at: found[at].after - found[at].before)
    step = found[most]
    # The camera without which nothing rises; if even that leaves a rise, there is a second knock.
    suspects = [at for at in found if not _rises_without(series, at, step.frame)] or [most]
    names = tuple(group.names[at] for at in sorted(suspects))
    return Knock(names, step.frame, step.before, step.after)


def _rises_without(series: dict[tuple[int, int], Array], camera: int, frame: int) -> bool:
    """Whether errors of pairs without a camera rise at a frame, be it a little."""
    rest = [each for pair, each in series.items() if camera not in pair]
    return any(
        median_of_seen(each[frame:], (0,)) > _LITTLE * median_of_seen(each[:frame], (0,))
        for each in rest
    )


def _drop(series: dict[tuple[int, int], Array], camera: int, frame: int) -> None:
    for pair, each in series.items():
        if camera in pair:
            each[frame:] = np.nan


def _of_camera(series: dict[tuple[int, int], Array], camera: int) -> Array:
    """Return the mean error of its pairs; of one that is calibrated worse, as of the others."""
    pairs = np.stack([each for pair, each in series.items() if camera in pair])
    return mean_of_seen(_as_usual(pairs), axis=0)


def _step(series: Array) -> _Step | None:
    """Return the step up of a series (frames,) of errors, if there is one."""
    seen = np.flatnonzero(np.isfinite(series))
    count = len(seen)
    if count < 2 * _FEWEST_FRAMES:
        return None
    values = series[seen]
    levels = np.log1p(values)
    before = np.arange(1, count)
    sums = np.cumsum(levels)[:-1]
    rise = (levels.sum() - sums) / (count - before) - sums / before
    gain = np.where(rise > 0, rise**2 * before * (count - before), 0)
    gain[: _FEWEST_FRAMES - 1] = gain[count - _FEWEST_FRAMES :] = 0
    at = int(np.argmax(gain)) + 1
    low, high = float(np.median(values[:at])), float(np.median(values[at:]))
    middle = np.expm1((np.log1p(low) + np.log1p(high)) / 2)
    kept = min(np.mean(values[:at] < middle), np.mean(values[at:] > middle))
    if high < _TIMES * low or high - low < _PIXELS or kept < _KEPT:
        return None
    return _Step(int(seen[at]), low, high)
