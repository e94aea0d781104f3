"""Whether views are enough to calibrate a camera, and whether what came of them can be true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from scipy.spatial.transform import Rotation  # type: ignore[import-untyped]

from dlc_batch_cameras import motions
from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.intrinsics import Intrinsics
from dlc_batch_cameras.sightings import Sighting, Sightings, Size
from dlc_batch_core.catalogue import problem
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed

#: Zhang (2000) finds the error to fall steeply until five views, then slowly.
FEWEST_VIEWS = 5
#: Two views are one if their corners lie on average within this part of the image's diagonal.
_SAME_PLACE = 0.01
#: Of the image, within the outline of all corners: our choice.
_LEAST_COVERED, _WELL_COVERED = 0.1, 0.35
#: Standard error of the focal length, as a part of it. Good images give 0.001.
_MOST_FOCAL_ERROR = 0.02
#: Degrees: between boards all parallel to the image, the best fit may be any focal length.
_LEAST_TILT = 5.0
#: In image widths: a fisheye's lens of 140 degrees has 0.18, a telephoto lens of 2 degrees 29.
_FOCAL_RANGE = (0.15, 40.0)
_MOST_ASPECT = 1.5  # of the two focal lengths: pixels are square, or nearly so
#: Root of the mean squared error, as a part of the diagonal: 1.6 px at 640 x 480. 0.0003 is good.
_MOST_ERROR = 0.002
#: Of the error together and alone: it is 1.1 at most where the cameras saw the board at one time.
#: A lag of one frame, in which the board moves by 0.3 % of the diagonal, gives 4, and a baseline
#: that is wrong by 1.5 %.
_MOST_WORSE = 2.0
_WORTH_TELLING = 0.0005  # an error as a part of the diagonal: 0.4 px at 640 x 480


def find_too_few(sightings: Sightings) -> list[Problem]:
    """Find cameras without views enough, or with the board in one corner."""
    if len(sightings.cameras) < 2:
        what = f"There is {len(sightings.cameras)} camera; two are needed at least."
        return [problem("calibration-cameras", "cameras", what)]
    found = []
    for camera in sightings.cameras:
        if camera not in sightings.sizes:
            what = "There is no calibration image, or video, of this camera that can be read."
            found.append(problem("calibration-cameras", camera, what))
            continue
        views, size = sightings.of(camera), sightings.sizes[camera]
        found += _few_views(camera, views, size) or _coverage(camera, views, size)
    return found


def find_implausible(found: Intrinsics, board: Board) -> list[Problem]:
    """Find what can't be true of a camera, or can't be told."""
    camera, name = found.camera, found.camera.name
    tilt = _tilt(found.poses)
    if found.focal_error > _MOST_FOCAL_ERROR or tilt < _LEAST_TILT:
        what = (
            f"The focal length has a standard error of {found.focal_error:.0%}; the board's tilts"
            f" differ by at most {tilt:.0f} degrees."
        )
        return [problem("calibration-undetermined", name, what)]
    focal, centre = np.diag(camera.matrix)[:2], camera.matrix[:2, 2]
    least, most = _FOCAL_RANGE
    faults = []
    if not (least < focal.min() / max(camera.size) and focal.max() / max(camera.size) < most):
        faults.append(f"a focal length of {focal[0]:.0f} px")
    if focal.max() / focal.min() > _MOST_ASPECT:
        faults.append(f"focal lengths of {focal[0]:.0f} and {focal[1]:.0f} px")
    if not ((centre > 0) & (centre < camera.size)).all():
        faults.append(f"a principal point at ({centre[0]:.0f}, {centre[1]:.0f}) px")
    if _folds(found, board):
        faults.append("a distortion that folds the image where the board was")
    what = f"The calibration says {', and '.join(faults)}."
    return [problem("calibration-implausible", name, what)] if faults else []


def find_large_error(camera: str, size: Size, rms: float) -> list[Problem]:
    """Find a reprojection error (px) that no good calibration has."""
    most = _MOST_ERROR * float(np.hypot(*size))
    if rms <= most:
        return []
    what = f"The reprojection error is {rms:.2f} px; below {most:.2f} px is asked."
    return [problem("calibration-error", camera, what)]


def find_disagreement(
    sizes: Mapping[str, Size], alone: Mapping[str, float], together: Mapping[str, float]
) -> list[Problem]:
    """Find cameras that fit well by themselves, and not together: what they saw at one time is
    not what they say, by little.

    Args:
        sizes: of each camera's images.
        alone: the reprojection error of each camera by itself, pixels.
        together: in the world that they share.
    """
    worse = [name for name in together if together[name] > _MOST_WORSE * alone[name]]
    parts = {name: together[name] / float(np.hypot(*sizes[name])) for name in worse}
    told = [name for name in worse if parts[name] > _WORTH_TELLING]
    if not told:
        return []
    errors = listed((f"{name} {alone[name]:.2f} and {together[name]:.2f} px" for name in told), 16)
    what = f"The reprojection error of each camera alone, and of all together: {errors}."
    is_bad = any(parts[name] > _MOST_ERROR for name in told)
    code = "calibration-pairs" if is_bad else "calibration-together"
    return [problem(code, listed(told, 16), what)]


def count_places(views: Sequence[Sighting], size: Size) -> int:
    """Return in how many different places the board was seen."""
    near = _SAME_PLACE * float(np.hypot(*size))
    kept: list[Array] = []
    for view in views:
        form = np.concatenate([view.pixels.min(axis=0), view.pixels.max(axis=0), _slant(view)])
        if all(np.abs(form - other).max() > near for other in kept):
            kept.append(form)
    return len(kept)


def _slant(view: Sighting) -> Array:
    """Return where the first and the last corner are: what a turned board changes."""
    return np.concatenate([view.pixels[0], view.pixels[-1]])


def _few_views(camera: str, views: Sequence[Sighting], size: Size) -> list[Problem]:
    places = count_places(views, size)
    if places >= FEWEST_VIEWS:
        return []
    what = (
        f"The board was found in {len(views)} images, in {places} different places;"
        f" {FEWEST_VIEWS} are needed at least, and 15 to 40 are good."
    )
    return [problem("calibration-few-views", camera, what)]


def _coverage(camera: str, views: Sequence[Sighting], size: Size) -> list[Problem]:
    corners = np.concatenate([view.pixels for view in views]).astype(np.float32)
    part = cv2.contourArea(cv2.convexHull(corners)) / (size[0] * size[1])
    what = f"In all images together the board covers {part:.0%} of the image."
    if part < _LEAST_COVERED:
        return [problem("calibration-coverage", camera, what)]
    return [problem("calibration-coverage-low", camera, what)] if part < _WELL_COVERED else []


def _tilt(motions: Array) -> float:
    """Return the largest angle between the boards' normals, degrees."""
    normals = Rotation.from_rotvec(motions[:, :3]).as_matrix()[:, :, 2]
    return float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1))).max())


def _folds(found: Intrinsics, board: Board) -> bool:
    """Whether the radial distortion stops to grow within the part of the image that was seen."""
    seen = np.concatenate(
        [
            motions.apply(pose, board.points[view.indices])
            for view, pose in zip(found.views, found.poses, strict=True)
        ]
    )
    radius = np.linalg.norm(seen[:, :2] / seen[:, 2:], axis=-1).max()
    r2 = np.square(np.linspace(0, radius, 200))
    k1, k2, _, _, k3 = found.camera.distortion
    return bool((1 + 3 * k1 * r2 + 5 * k2 * r2**2 + 7 * k3 * r2**3 <= 0).any())
