"""Bundle adjustment: all cameras and all boards at once, so that every corner fits best.

What is minimised is the distance in the image between where corners are seen and where the model
says (Triggs and others, 2000), first under a robust loss, which wrong views do not bend, then by
least squares over what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_array, csr_array  # type: ignore[import-untyped]

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array, Camera
from dlc_batch_cameras.sightings import Sighting

#: Of a camera by itself: focal lengths, principal point, distortion.
INTRINSIC = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")
#: Where it stands: rotation vector, and translation in mm. The first camera is the world.
EXTRINSIC = ("rx", "ry", "rz", "tx", "ty", "tz")
#: As many times the noise, and the robust loss flattens.
_FLAT_AT = 3.0
_DAMPING, _MOST_DAMPING = 1e-3, 1e8
_MOST_STEPS = 100
#: It has ended when a step gains less than this part: robust, and at the end.
_ROUGH, _STILL = 1e-5, 1e-11
_NOISE_PX = 0.2  # of a corner, before anything is known


@dataclass(frozen=True, eq=False)
class Bundle:
    """Which corners were seen by which camera on which board."""

    board: Board
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    shots: tuple[str, ...]
    views: tuple[Sighting, ...]

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The cameras' parameters, those of boards left out."""
        inner = [f"{name}.{each}" for name in self.names for each in INTRINSIC]
        return (*inner, *(f"{name}.{each}" for name in self.names[1:] for each in EXTRINSIC))

    def pack(self, cameras: Sequence[Camera], places: Array, boards: Array) -> Array:
        """Return the parameters (P,) of cameras that stand at places, and of boards."""
        inner = [
            np.concatenate([c.matrix[[0, 1, 0, 1], [0, 1, 2, 2]], c.distortion]) for c in cameras
        ]
        return np.concatenate([*inner, places[1:].ravel(), boards.ravel()])

    def unpack(self, parameters: Array) -> tuple[tuple[Camera, ...], Array]:
        """Return the cameras, and the boards' poses (shots, 6)."""
        inner, places, boards = self._split(parameters)
        cameras = []
        for name, size, own, place in zip(self.names, self.sizes, inner, places, strict=True):
            matrix = np.array([[own[0], 0, own[2]], [0, own[1], own[3]], [0, 0, 1.0]])
            turn, _ = cv2.Rodrigues(place[:3])
            cameras.append(Camera(name, size, matrix, own[4:].copy(), turn, place[3:].copy()))
        return tuple(cameras), boards

    def residuals(self, parameters: Array) -> Array:
        """Return where the corners are said to be less where they are seen, (2 N,), px."""
        return np.concatenate([gap for gap, _, _ in self._views(parameters)])

    def errors(self, residuals: Array) -> Array:
        """Return each view's root of the mean squared distance, (views,), px."""
        squares = np.square(residuals).reshape(-1, 2).sum(axis=1)
        counts = np.array([len(view.indices) for view in self.views])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        return np.asarray(np.sqrt(np.add.reduceat(squares, starts) / counts))

    def _split(self, parameters: Array) -> tuple[Array, Array, Array]:
        count = len(self.names)
        inner, rest = np.split(parameters, [len(INTRINSIC) * count])
        places, boards = np.split(rest, [6 * (count - 1)])
        at_origin = np.concatenate([np.zeros(6), places]).reshape(-1, 6)
        return inner.reshape(count, -1), at_origin, boards.reshape(-1, 6)

    def evaluate(self, parameters: Array) -> tuple[Array, csr_array]:
        """Return the residuals (2 N,), px, and their derivatives (2 N, P), sparse."""
        residuals, blocks, columns = zip(*self._views(parameters), strict=True)
        return np.concatenate(residuals), _sparse(blocks, columns, len(parameters))

    def _views(self, parameters: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Yield each view's residuals (2 n,), derivatives (2 n, 21) and their columns (21,)."""
        inner, places, boards = self._split(parameters)
        cameras = {name: number for number, name in enumerate(self.names)}
        shots = {name: number for number, name in enumerate(self.shots)}
        for view in self.views:
            camera, shot = cameras[view.camera], shots[view.shot]
            found = _view(self.board, view, inner[camera], places[camera], boards[shot])
            yield *found, self._columns(camera, shot)

    def _columns(self, camera: int, shot: int) -> Array:
        """Return where a view's parameters stand: its camera's own, its place, its board."""
        own, count = len(INTRINSIC), len(self.names)
        inner = np.arange(own) + own * camera
        place = np.arange(6) + own * count + 6 * (camera - 1)
        board = np.arange(6) + own * count + 6 * (count - 1) + 6 * shot
        return np.concatenate([inner, place if camera else np.full(6, -1), board])


def adjust(bundle: Bundle, start: Array, is_robust: bool) -> Array:
    """Return the parameters (P,) that fit best, by the method of Levenberg and Marquardt (1963).

    The normal equations are solved at once: of six cameras and 20 boards SciPy's `least_squares`,
    whose solver of sparse problems is iterative, does not reach the optimum in 200 steps.
    The robust loss is the pseudo-Huber one, as weights that follow the residuals.
    """
    at, damping = start, _DAMPING
    width = _FLAT_AT * _noise(bundle.residuals(start)) if is_robust else np.inf
    cost = _cost(bundle.residuals(start), width)
    for _ in range(_MOST_STEPS):
        residuals, jacobian = bundle.evaluate(at)
        weights = 1 / np.sqrt(1 + np.square(residuals / width))
        normal = (jacobian.T @ (jacobian.multiply(weights[:, None]))).toarray()
        downhill = -(jacobian.T @ (weights * residuals))
        was = cost
        while damping < _MOST_DAMPING:
            tried = at + _step(normal, downhill, damping, len(bundle.parameter_names))
            new = _cost(bundle.residuals(tried), width)
            if new <= cost:
                at, cost, damping = tried, new, damping / 10
                break
            damping *= 10
        if was - cost <= (_ROUGH if is_robust else _STILL) * was:
            break
    return at


def _cost(residuals: Array, width: float) -> float:
    """Return half the sum of the squares, or of the pseudo-Huber loss of a width."""
    if np.isinf(width):
        return float(residuals @ residuals) / 2
    return float(width**2 * (np.sqrt(1 + np.square(residuals / width)) - 1).sum())


def _step(normal: Array, downhill: Array, damping: float, cameras: int) -> Array:
    """Solve the damped normal equations: first for the cameras, then for each board."""
    scale = np.sqrt(np.maximum(np.diag(normal), np.finfo(float).tiny))
    damped = normal / np.outer(scale, scale) + damping * np.eye(len(scale))
    right = downhill / scale
    boards = right[cameras:].reshape(-1, 6)
    try:
        reduced, lever, blocks = _eliminate(damped, cameras)
        first = np.linalg.solve(reduced, right[:cameras] - np.einsum("csi,si->c", lever, boards))
        across = damped[:cameras, cameras:].reshape(cameras, -1, 6)
        rest = boards - np.einsum("csi,c->si", across, first)
        second = np.linalg.solve(blocks, rest[..., None]).ravel()
    except np.linalg.LinAlgError:
        return np.full(len(scale), np.nan)
    return np.asarray(np.concatenate([first, second]) / scale)


def _eliminate(normal: Array, cameras: int) -> tuple[Array, Array, Array]:
    """Return the normal equations of the cameras alone (Schur's complement).

    Boards meet in no residual, so that their part is blocks of six (Triggs and others, 2000,
    section 6). Also returned: what carries the boards' side over, (cameras, shots, 6), and the
    blocks, (shots, 6, 6).
    """
    across = normal[:cameras, cameras:].reshape(cameras, -1, 6)
    count = across.shape[1]
    squares = normal[cameras:, cameras:].reshape(count, 6, count, 6)
    blocks = squares[np.arange(count), :, np.arange(count)]
    lever = np.einsum("csi,sij->csj", across, np.linalg.inv(blocks))
    return normal[:cameras, :cameras] - np.einsum("csj,dsj->cd", lever, across), lever, blocks


def covariance(bundle: Bundle, parameters: Array) -> Array:
    """Return the covariance (C, C) of the cameras' parameters, those of boards marginalised.

    The noise is estimated from the residuals; the inverse of the normal equations is that of
    least squares near its optimum (Triggs and others, 2000, section 9). Infinite where the data
    leave a parameter free.
    """
    residuals, jacobian = bundle.evaluate(parameters)
    freedom = max(len(residuals) - len(parameters), 1)
    normal = (jacobian.T @ jacobian).toarray()
    scale = np.sqrt(np.maximum(np.diag(normal), np.finfo(float).tiny))
    count = len(bundle.parameter_names)
    try:
        reduced, _, _ = _eliminate(normal / np.outer(scale, scale), count)
        inverse = np.linalg.inv(reduced) / np.outer(scale[:count], scale[:count])
    except np.linalg.LinAlgError:
        return np.full((count, count), np.inf)
    return np.asarray(inverse * float(residuals @ residuals) / freedom)


def _noise(residuals: Array) -> float:
    """Return the standard deviation of residuals, by the median of their sizes."""
    return max(1.4826 * float(np.median(np.abs(residuals))), _NOISE_PX / 10)


def _view(
    board: Board, view: Sighting, own: Array, place: Array, pose: Array
) -> tuple[Array, Array]:
    """Return a view's residuals (2 n,) and derivatives (2 n, 21): own, place, board."""
    turn, move, *parts = cv2.composeRT(pose[:3], pose[3:], place[:3], place[3:])
    matrix = np.array([[own[0], 0, own[2]], [0, own[1], own[3]], [0, 0, 1.0]])
    pixels, slopes = cv2.projectPoints(board.points[view.indices], turn, move, matrix, own[4:])
    # of rotation and translation after the first motion and the second; OpenCV's order is
    # dr/dr1, dr/dt1, dr/dr2, dr/dt2, dt/dr1, ...
    by_pose = np.block([[parts[0], parts[1]], [parts[4], parts[5]]])
    by_place = np.block([[parts[2], parts[3]], [parts[6], parts[7]]])
    of_motion, of_own = slopes[:, :6], slopes[:, 6:15]
    block = np.hstack([of_own, of_motion @ by_place, of_motion @ by_pose])
    return (pixels.reshape(-1, 2) - view.pixels).ravel(), block


def _sparse(blocks: Sequence[Array], columns: Sequence[Array], width: int) -> csr_array:
    heights = [len(block) for block in blocks]
    firsts = np.concatenate([[0], np.cumsum(heights)[:-1]])
    rows = [
        np.repeat(np.arange(h) + f, b.shape[1])
        for h, f, b in zip(heights, firsts, blocks, strict=True)
    ]
    places = [np.tile(each, height) for each, height in zip(columns, heights, strict=True)]
    row, column = np.concatenate(rows), np.concatenate(places)
    values = np.concatenate([block.ravel() for block in blocks])
    there = column >= 0  # the first camera stands where it stands
    return csr_array(
        coo_array((values[there], (row[there], column[there])), (sum(heights), width))
    )
