"""From the predictions for several videos of one recording to poses in space, step by step:
videos made synchronous, knocked cameras found, points triangulated, constraints applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.knocks import Knock, find_knocks, leave_out
from dlc_batch_cameras.limbs import keep_lengths
from dlc_batch_cameras.smoothing import smooth
from dlc_batch_cameras.synchronising import MOST_FRAMES, Offset, View, estimate_offsets, share
from dlc_batch_cameras.triangulation import PCUTOFF, Triangulation, triangulate


@dataclass(frozen=True)
class Options:
    """What a lab may set; the constraints are off unless asked for."""

    pcutoff: float = PCUTOFF
    noise: float | None = None  # pixels, where known
    offsets: tuple[int, ...] | None = None  # of each camera, as `Offset.frames`; none: estimated
    most_offset: int = MOST_FRAMES
    limbs: tuple[tuple[int, int], ...] = ()  # pairs of points whose distance hardly changes
    smooth: bool = False
    longest_gap: int = 0  # frames that smoothing fills


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Poses, and all that is to be said of how they came about."""

    found: Triangulation
    first_frames: tuple[int, ...]  # of each video: the frame that belongs to the first pose
    offsets: tuple[Offset, ...]  # estimated; empty where they were given
    knocks: tuple[Knock, ...]
    notes: tuple[str, ...]  # sentences for the report: what was left out, and what to mistrust


def reconstruct(
    group: CameraGroup, views: Sequence[View], options: Options | None = None
) -> Reconstruction:
    """Return the poses that several calibrated cameras saw.

    Args:
        group: the cameras.
        views: one of each camera, the points in one order; videos of any lengths.
        options: what the lab set.

    Raises:
        LabError: the videos share no frame.
    """
    set_ = options or Options()
    offsets = () if set_.offsets is not None else _estimate(group, views, set_)
    begun = set_.offsets or tuple(each.frames if each.is_believed else 0 for each in offsets)
    shared = share(group.names, views, begun)
    knocks = find_knocks(group, shared.pixels, shared.confidences, set_.pcutoff)
    confidences = leave_out(group.names, shared.confidences, knocks)
    found = triangulate(group, shared.pixels, confidences, pcutoff=set_.pcutoff, noise=set_.noise)
    return Reconstruction(
        found=_constrain(group, shared.pixels, found, set_),
        first_frames=shared.first_frames,
        offsets=offsets,
        knocks=knocks,
        notes=(*_about(offsets), *shared.notes, *(str(knock) for knock in knocks)),
    )


def _estimate(group: CameraGroup, views: Sequence[View], set_: Options) -> tuple[Offset, ...]:
    return estimate_offsets(group, views, most=set_.most_offset, pcutoff=set_.pcutoff)


def _constrain(
    group: CameraGroup, pixels: Array, found: Triangulation, set_: Options
) -> Triangulation:
    """Bring in what is known of the animal; the errors become those of the points as they are."""
    if not (set_.limbs or set_.smooth):
        return found
    points, covariances = found.points, found.covariances
    if set_.limbs:
        points, covariances = keep_lengths(points, covariances, set_.limbs)
    if set_.smooth:
        points = smooth(points, covariances, longest_gap=set_.longest_gap)
    off = np.linalg.norm(group.project(points) - pixels, axis=-1)
    errors = np.where(np.isfinite(off) & np.isfinite(found.errors), off, found.errors)
    return replace(found, points=points, covariances=covariances, errors=errors)


def _about(offsets: Sequence[Offset]) -> tuple[str, ...]:
    """Say of each video when it began, where that is not at once with the first, or not known."""
    notes = []
    for each in offsets[1:]:
        first = offsets[0].camera
        if not each.is_believed:
            notes.append(
                f"{each.camera}: the tracks do not tell when its video began, so it is taken to"
                f" have begun with that of {first}. Give the offsets if you know them."
            )
        elif each.frames:
            when = "before" if each.frames > 0 else "after"
            notes.append(
                f"{each.camera}: its video began {abs(each.frames)} frames {when} that of {first},"
                f" by the tracks ({each.margin:.0f} standard errors)."
            )
    return tuple(notes)
