"""Pictures of boards, drawn as known cameras would see them: what calibrations are judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dlc_batch_cameras import motions
from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array, Camera, CameraGroup
from dlc_batch_cameras.detection import Gray
from dlc_batch_cameras.sightings import Sighting, Sightings

CHESS = Board(9, 6, 25.0)
SIZE = (480, 360)
DISTORTION = (-0.18, 0.06, 0.0008, -0.0006, 0.0)
_FINE = 2  # samples along each side of a pixel
_MIDDLE = np.array([0.0, 0.0, 700.0])  # of the scene, in the first camera
_WHITE, _BLACK, _WALL = 225.0, 35.0, 120.0
_PER_SQUARE = 64  # texels of a ChArUco board


def rig(count: int, angle: float = 18.0, size: tuple[int, int] = SIZE) -> CameraGroup:
    """Return cameras on an arc around the scene, so many degrees apart; the first is the world."""
    cameras = []
    for number in range(count):
        turn = Rotation.from_euler("y", -angle * number, degrees=True)
        move = _MIDDLE - turn.apply(_MIDDLE)
        focal = 1.05 * size[0] + 6 * number
        middle = (size[0] - 1) / 2 + 4 - number, (size[1] - 1) / 2 - 3 + number
        matrix = np.array([[focal, 0, middle[0]], [0, focal + 1, middle[1]], [0, 0, 1.0]])
        own = np.array(DISTORTION)
        cameras.append(Camera(f"camera-{number + 1}", size, matrix, own, turn.as_matrix(), move))
    return CameraGroup(tuple(cameras))


def places(
    count: int, seed: int, board: Board = CHESS, tilt: float = 30.0, reach: float = 110.0
) -> Array:
    """Return where a board is held, (count, 6): around the scene's middle, tilted every way."""
    random = np.random.default_rng(seed)
    centre = board.points.mean(axis=0)
    found = []
    for _ in range(count):
        axis = random.normal(size=3) * (1, 1, 0.3)
        angle = random.uniform(-1, 1) * np.radians(tilt)
        turn = Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle)
        middle = _MIDDLE + random.uniform(-reach, reach, 3) * (1, 0.7, 1.5)
        found.append(np.concatenate([turn.as_rotvec(), middle - turn.apply(centre)]))
    return np.array(found)


def pose_of(camera: Camera) -> Array:
    """Return the motion (6,) of the world into a camera."""
    return np.concatenate([Rotation.from_matrix(camera.rotation).as_rotvec(), camera.translation])


def corners_of(camera: Camera, board: Board, place: Array) -> Array:
    """Return the pixels of a board's corners, (N, 2)."""
    return camera.project(motions.apply(place, board.points))


@dataclass(frozen=True)
class Look:
    """How the pictures come out."""

    noise: float = 2.0  # gray levels
    blur: float = 0.7  # px
    seed: int = 0


def draw(camera: Camera, board: Board, place: Array, look: Look = Look()) -> Gray:
    """Return the picture of a board at a place, (6,), in the world."""
    pose = motions.compose(pose_of(camera), place)
    turn = Rotation.from_rotvec(pose[:3]).as_matrix()
    plane = np.stack([turn[:, 0], turn[:, 1], pose[3:]], axis=1)  # board (x, y, 1) to the camera
    on_board = _rays(camera.name, camera.size, camera.matrix.tobytes()) @ np.linalg.inv(plane).T
    x, y = on_board[..., 0] / on_board[..., 2], on_board[..., 1] / on_board[..., 2]
    fine = _shade(board, x, y)
    height, width = camera.size[1], camera.size[0]
    picture = fine.reshape(height, _FINE, width, _FINE).mean(axis=(1, 3))
    if look.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), look.blur)
    noise = np.random.default_rng(look.seed).normal(0, look.noise, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _rays(name: str, size: tuple[int, int], matrix: bytes) -> Array:
    """Return the rays (height * fine, width * fine, 3) of a camera of the rig."""
    inner = np.frombuffer(matrix).reshape(3, 3)
    camera = Camera(name, size, inner, np.array(DISTORTION), np.eye(3), np.zeros(3))
    step = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    xs = (np.arange(size[0])[:, None] + step).ravel()
    ys = (np.arange(size[1])[:, None] + step).ravel()
    rays = camera.rays(np.stack(np.meshgrid(xs, ys), axis=-1))
    return np.concatenate([rays, np.ones((*rays.shape[:2], 1))], axis=-1)


def _shade(board: Board, x: Array, y: Array) -> NDArray[np.float64]:
    """Return how bright the board's plane is at points of it, mm."""
    side = board.square_mm
    columns, rows = board.grid
    column, row = np.floor(x / side), np.floor(y / side)
    is_inside = (column >= -1) & (column < columns) & (row >= -1) & (row < rows)
    is_border = (column >= -2) & (column <= columns) & (row >= -2) & (row <= rows)
    shade = np.where((column + row) % 2 == 0, _BLACK, _WHITE)
    if board.is_charuco:
        texture = _charuco(board)
        at = (np.asarray((each / side + 1) * _PER_SQUARE - 0.5, np.float32) for each in (x, y))
        shade = _BLACK + (_WHITE - _BLACK) * cv2.remap(texture, *at, cv2.INTER_LINEAR) / 255
    return np.where(is_inside, shade, np.where(is_border, _WHITE, _WALL))


@lru_cache(maxsize=4)
def _charuco(board: Board) -> NDArray[np.float32]:
    size = (board.columns * _PER_SQUARE, board.rows * _PER_SQUARE)
    return board.with_legacy(False).generateImage(size).astype(np.float32)


def write(
    folder: Path,
    cameras: Iterable[Camera],
    board: Board,
    held: Array,
    look: Look = Look(),
) -> dict[str, dict[str, Path]]:
    """Write what cameras see, and return it as the calibration takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, Path]] = {}
    for number, camera in enumerate(cameras):
        for shot, place in enumerate(held, 1):
            path = folder / f"{camera.name}-{shot:02d}.png"
            own = Look(look.noise, look.blur, look.seed + 1000 * number + shot)
            cv2.imwrite(str(path), draw(camera, board, place, own))
            found.setdefault(camera.name, {})[f"{shot:02d}"] = path
    return found


def film(
    folder: Path,
    cameras: Iterable[Camera],
    held: Array,
    frames: int = 5,
    late: int = 0,
    name: str = "{}.avi",
) -> dict[str, Path]:
    """Write what cameras film of the chessboard, and return the videos by camera.

    Args:
        folder: for the videos.
        cameras: that film it.
        held: where the board is, (places, 6).
        frames: of each place; one of them is sharp, and the board moves in the others.
        late: so many frames of nothing come first in all videos but the first camera's.
        name: of a video, with {} for the camera's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for number, camera in enumerate(cameras):
        path = found[camera.name] = folder / name.format(camera.name)
        file = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, camera.size)
        for _ in range(late if number else 0):
            file.write(np.zeros((camera.size[1], camera.size[0], 3), np.uint8))
        for at, place in enumerate(held):
            sharp = draw(camera, CHESS, place)
            for frame in range(frames):
                seen = cv2.blur(sharp, (15, 1)) if frame != at % frames else sharp
                file.write(cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR))
        file.release()
    return found


def waved(frames: int, seed: int, each: int = 12) -> Array:
    """Return where a board is that is moved steadily, (frames, 6): so many frames from place to
    place."""
    ends = places(1 + frames // each, seed)
    at = np.linspace(0, len(ends) - 1, frames)
    return np.stack([np.interp(at, np.arange(len(ends)), way) for way in ends.T], axis=1)


def sightings(
    cameras: CameraGroup, board: Board, held: Array, random: np.random.Generator, noise: float
) -> Sightings:
    """Return what cameras would see, with so much noise (px) on each corner, without pictures."""
    every = np.arange(len(board.points))
    seen = []
    for camera in cameras:
        for shot, place in enumerate(held, 1):
            pixels = corners_of(camera, board, place)
            moved = pixels + random.normal(0, noise, pixels.shape)
            name = f"{shot:02d}"
            seen.append(Sighting(camera.name, name, f"{camera.name}-{name}.png", every, moved))
    sizes = {camera.name: camera.size for camera in cameras}
    return Sightings(board, cameras.names, sizes, tuple(seen))
