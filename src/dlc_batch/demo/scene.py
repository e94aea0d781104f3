"""A mouse with painted markers that walks about an arena, seen by two cameras.

Nothing is random but the start: the same seed gives the same walk, frame for frame. Lengths are
millimetres, the arena lies in the plane z = 0 and z points up. Each camera is a pinhole after
OpenCV's convention: a point X of the arena is seen at pixel K (R X + t) / depth, x to the right
and y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

WIDTH, HEIGHT = 160, 128  # pixels; small frames keep training on a CPU to minutes
FRAMES_PER_SECOND = 30
ARENA = 300.0  # mm, one side of the square floor

# Where each body part sits on the animal: mm forward, to its left, and up; and its paint, BGR.
MARKERS: dict[str, tuple[tuple[float, float, float], tuple[int, int, int]]] = {
    "snout": ((46.0, 0.0, 18.0), (30, 30, 250)),
    "leftear": ((24.0, 17.0, 34.0), (40, 230, 40)),
    "rightear": ((24.0, -17.0, 34.0), (255, 120, 20)),
    "tailbase": ((-44.0, 0.0, 20.0), (235, 60, 235)),
}
BODY_PARTS = tuple(MARKERS)
MARKER_RADIUS = 8.0  # mm
FUR = (44, 48, 54)  # darker than the floor, the paint brighter: each marker stands out
FLOOR = (112, 118, 122)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: K (3 x 3, pixels), R (3 x 3) and t (3, mm) from arena to camera."""

    name: str
    K: Array
    R: Array
    t: Array

    def project(self, points: Array) -> Array:
        """Pixels (n x 2) at which the arena's points (n x 3, mm) are seen."""
        seen = (self.K @ (self.R @ points.T + self.t[:, None])).T
        return np.asarray(seen[:, :2] / seen[:, 2:], dtype=np.float64)

    def scale_at(self, point: Array) -> float:
        """Pixels per mm at the point's depth."""
        depth = (self.R @ point + self.t)[2]
        return float(self.K[0, 0] / depth)

    def to_json(self) -> dict[str, Any]:
        return {"K": self.K.tolist(), "R": self.R.tolist(), "t": self.t.tolist()}


def camera_at(name: str, position: tuple[float, float, float], focal: float) -> Camera:
    """A camera at a place in the arena (mm) that looks at the middle of its floor."""
    eye = np.array(position)
    forward = -eye / np.linalg.norm(eye)
    right = np.cross(forward, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    intrinsics = np.array([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1.0]])
    return Camera(name, intrinsics, rotation, -rotation @ eye)


def two_cameras() -> tuple[Camera, Camera]:
    """Left and right of the arena's front edge, 58 degrees between their lines of sight."""
    return (
        camera_at("camera-1", (-330.0, -300.0, 520.0), 325.0),
        camera_at("camera-2", (330.0, -300.0, 520.0), 325.0),
    )


@dataclass(frozen=True)
class Pose:
    """The animal at one instant: where it stands (mm), where it heads (rad), the head's turn."""

    place: Array
    heading: float
    head_turn: float


def walk(frames: int, seed: int) -> list[Pose]:
    """A smooth walk that stays within the arena: slow sines with phases drawn from the seed."""
    phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 5)
    time = np.arange(frames) / FRAMES_PER_SECOND
    reach = 0.2 * ARENA
    x = reach * np.sin(0.83 * time + phase[0]) + 14 * np.sin(2.9 * time + phase[1])
    y = reach * np.sin(1.19 * time + phase[2]) + 14 * np.sin(2.3 * time + phase[3])
    heading = np.unwrap(np.arctan2(np.gradient(y), np.gradient(x)))
    turn = 0.5 * np.sin(3.1 * time + phase[4])
    return [Pose(np.array([x[i], y[i]]), heading[i], turn[i]) for i in range(frames)]


def markers_of(pose: Pose) -> Array:
    """The markers in the arena (body parts x 3, mm), in the order of BODY_PARTS."""
    return np.stack([_place(pose, part) for part in BODY_PARTS])


def _place(pose: Pose, part: str) -> Array:
    forward, left, up = MARKERS[part][0]
    if forward > 0:  # snout and ears turn with the head, about the neck
        forward, left = _rotate(forward - 10, left, pose.head_turn)
        forward += 10
    return _to_arena(pose, forward, left, up)


def _to_arena(pose: Pose, forward: float, left: float, up: float) -> Array:
    x, y = _rotate(forward, left, pose.heading)
    return np.array([pose.place[0] + x, pose.place[1] + y, up])


def _rotate(x: float, y: float, angle: float) -> tuple[float, float]:
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return cos * x - sin * y, sin * x + cos * y


def draw(pose: Pose, camera: Camera, grain: np.random.Generator) -> Image:
    """The frame that the camera takes (HEIGHT x WIDTH x 3, BGR), with the sensor's grain."""
    image = np.full((HEIGHT, WIDTH, 3), (76, 82, 86), np.uint8)
    _draw_floor(image, camera)
    for forward, width in ((-32, 20.0), (-16, 24.0), (2, 24.0), (16, 19.0), (30, 14.0)):
        _draw_ball(image, camera, _to_arena(pose, forward, 0.0, 16.0), width, FUR)
    # Far markers first, so that a near one covers them as it would in life.
    places = markers_of(pose)
    order = np.argsort(-(camera.R @ places.T + camera.t[:, None])[2])
    for i in order:
        _draw_ball(image, camera, places[i], MARKER_RADIUS, MARKERS[BODY_PARTS[i]][1])
    noisy = image.astype(np.float64) + grain.normal(0, 3, image.shape)
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def _draw_floor(image: Image, camera: Camera) -> None:
    half = ARENA / 2
    corners = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
    outline = np.round(camera.project(corners)).astype(np.int32)
    cv2.fillConvexPoly(image, outline, FLOOR, cv2.LINE_AA)
    cv2.polylines(image, [outline], True, (140, 146, 150), 1, cv2.LINE_AA)


def _draw_ball(
    image: Image, camera: Camera, place: Array, radius: float, paint: tuple[int, int, int]
) -> None:
    fraction = 4  # bits below the pixel, OpenCV's `shift`: the drawing is as exact as the labels
    x, y = camera.project(place[None])[0] * 2**fraction
    size = radius * camera.scale_at(place) * 2**fraction
    cv2.circle(image, (round(x), round(y)), round(size), paint, cv2.FILLED, cv2.LINE_AA, fraction)
