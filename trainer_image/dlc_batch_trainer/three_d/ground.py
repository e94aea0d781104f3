"""Which way is down: nobody says it, but an animal that walks about does so on a floor."""

from __future__ import annotations

import numpy as np

from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_trainer.three_d.scene import Array

#: Where the animal was lies in a plane, if it went so many times farther along it than across
#: (our choice).
_FLAT = 3.0
#: Of the places of the animal, the nearest to their middle: what is far astray tells of no floor.
_TAKEN = 0.98
#: Cosine of the angle from which on the cameras' own down tells on which side the floor is.
_TELLING = 0.25


def find_down(points: Array, group: CameraGroup) -> Array:
    """Return the direction of down, (3,), in the world of the cameras.

    Across the plane in which the animal went about, where it did; else as the images have it.

    Args:
        points: (frames, points, 3); NaN where there is none.
        group: the cameras.
    """
    downs = [camera.rotation.T @ [0.0, 1.0, 0.0] for camera in group]
    images: Array = np.mean(downs, axis=0)
    if np.linalg.norm(images) <= 0.1:  # cameras all around have none in common
        images = np.array([0.0, 1.0, 0.0])
    places = _places(points)
    if len(places) < 3:
        return images
    middle = places.mean(axis=0)
    _, extents, directions = np.linalg.svd(places - middle, full_matrices=False)
    if extents[1] < _FLAT * extents[2]:
        return images
    across: Array = directions[2]
    side = across @ images / np.linalg.norm(images)
    if abs(side) < _TELLING:  # cameras that look straight down: they are above
        side = across @ (middle - np.mean([camera.centre for camera in group], axis=0))
    return across if side > 0 else -across


def _places(points: Array) -> Array:
    """The middle of the animal in each frame that has one, (frames, 3), but for those astray."""
    seen = np.flatnonzero(np.isfinite(points).all(axis=-1).sum(axis=1))
    if not len(seen):
        return np.empty((0, 3))
    places: Array = np.nanmedian(points[seen], axis=1)
    distances = np.linalg.norm(places - np.median(places, axis=0), axis=1)
    near: Array = places[distances <= np.quantile(distances, _TAKEN)]
    return near
