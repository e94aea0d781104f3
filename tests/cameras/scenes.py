"""Drawn scenes whose truth is known: an animal of rigid limbs walks, cameras stand around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dlc_batch_cameras.camera import Array, Camera, CameraGroup

#: A wide lens that bends lines visibly: 70 pixels at the corner of the image.
DISTORTION = (-0.25, 0.08, 0.001, -0.001, 0.01)
SIZE = (1280, 1024)
LIMB = 25.0  # mm, from one body part to the next
_FRAMES_A_SECOND = 50


@dataclass(frozen=True, eq=False)
class Scene:
    """What the cameras saw of the animal, and where it was."""

    group: CameraGroup
    truth: Array  # (frames, points, 3), mm
    clean: Array  # (cameras, frames, points, 2), pixels without an error
    pixels: Array  # the same as predicted
    confidences: Array  # (cameras, frames, points)
    wrong: NDArray[np.bool_]  # (cameras, frames, points): predicted somewhere else in the image


def draw_cameras(count: int, distortion: tuple[float, ...] = DISTORTION) -> CameraGroup:
    """Return cameras 60 degrees apart, 600 mm around the middle and above it, looking at it."""
    return CameraGroup(tuple(_camera(at, distortion) for at in range(count)))


def draw_walk(frames: int, points: int = 8, seed: int = 0) -> Array:
    """Return where the body parts (frames, points, 3) of a walking animal are, mm.

    A chain of limbs of one length each, which bend as it walks a smooth path within 150 mm.
    """
    draws = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / _FRAMES_A_SECOND
    rates, phases = draws.uniform(0.5, 3, (2, 4)), draws.uniform(0, 2 * np.pi, (2, 4))
    path = np.stack(
        [np.sin(time * r + p).mean(axis=1) for r, p in zip(rates, phases, strict=True)]
    )
    bends = draws.uniform(0.2, 0.5, points) * np.sin(
        time * draws.uniform(4, 9, points) + draws.uniform(0, 2 * np.pi, points)
    )
    heading = np.cumsum(bends, axis=1) + 2 * np.sin(0.4 * time)
    lift = 0.4 * np.sin(time * 5 + np.arange(points))
    steps = LIMB * np.stack(
        [np.cos(lift) * np.cos(heading), np.cos(lift) * np.sin(heading), np.sin(lift)], axis=-1
    )
    chain = np.cumsum(steps, axis=1)
    start = np.concatenate([150 * path, np.full((1, frames), 20.0)]).T
    walk: Array = start[:, None] + chain - chain.mean(axis=1, keepdims=True)
    return walk


def draw_scene(
    cameras: int,
    *,
    frames: int = 1000,
    points: int = 8,
    noise: float = 1.0,
    wrong: float = 0.0,
    seed: int = 0,
    distortion: tuple[float, ...] = DISTORTION,
) -> Scene:
    """Return a scene seen with Gaussian noise, pixels, and a share of predictions anywhere."""
    group = draw_cameras(cameras, distortion)
    truth = draw_walk(frames, points, seed)
    clean = group.project(truth)
    draws = np.random.default_rng([seed, 1])
    pixels = clean + noise * draws.standard_normal(clean.shape)
    elsewhere = draws.random(clean.shape[:-1]) < wrong
    pixels = np.where(elsewhere[..., None], draws.uniform(0, SIZE, clean.shape), pixels)
    return Scene(group, truth, clean, pixels, np.ones(clean.shape[:-1]), elsewhere)


def knock(scene: Scene, camera: int, frame: int, degrees: float = 3.0, seed: int = 0) -> Scene:
    """Return the scene with a camera turned from a frame on, and its calibration as it was."""
    known = scene.group.cameras[camera]
    axis = np.random.default_rng([seed, 2]).standard_normal(3)
    turn, _ = cv2.Rodrigues(np.radians(degrees) * axis / np.linalg.norm(axis))
    turned = replace(known, rotation=turn @ known.rotation, translation=turn @ known.translation)
    pixels = scene.pixels.copy()
    moved = turned.project(scene.truth[frame:]) - scene.clean[camera, frame:]
    right = ~scene.wrong[camera, frame:, :, None]
    pixels[camera, frame:] += np.where(right, moved, 0)
    return replace(scene, pixels=pixels)


def draw_bound(scene: Scene, seed: int = 0) -> float:
    """Return the median error, mm, of an estimate that meets the Cramér-Rao bound exactly.

    The derivatives are differences of OpenCV's own projection: nothing that is tested is used.
    The bound is on covariances; the median of lengths that belongs to them is drawn.
    """
    flat, far = scene.truth.reshape(-1, 3), 1e-3
    slopes = np.stack(
        [
            (scene.group.project(flat + far * axis) - scene.group.project(flat - far * axis))
            / (2 * far)
            for axis in np.eye(3)
        ],
        axis=-1,
    )
    inverse = np.linalg.inv(np.einsum("cnij,cnik->njk", slopes, slopes))
    draws = np.random.default_rng([seed, 3]).standard_normal((10, len(flat), 3, 1))
    return float(np.median(np.linalg.norm(np.linalg.cholesky(inverse) @ draws, axis=(2, 3))))


def errors(points: Array, truth: Array) -> Array:
    """Return how far points are from where they were, mm; NaN where there is none."""
    distances: Array = np.linalg.norm(points - truth, axis=-1)
    return distances


def _camera(at: int, distortion: tuple[float, ...]) -> Camera:
    angle = at * np.pi / 3
    centre = np.array([600 * np.cos(angle), 600 * np.sin(angle), 350 + 60 * (at % 2)])
    ahead = -centre / np.linalg.norm(centre)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[1000.0, 0, SIZE[0] / 2], [0, 1010.0, SIZE[1] / 2 - 8], [0, 0, 1]])
    name = f"camera-{at + 1}"
    return Camera(name, SIZE, matrix, np.array(distortion), rotation, -rotation @ centre)
