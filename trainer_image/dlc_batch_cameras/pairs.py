"""How two cameras stand to each other, by the boards that both saw at the same time.

Each board that both saw gives one answer. The answer that explains most of the other boards is
taken (consensus: Fischler and Bolles, 1981), so that images which do not belong together, and
boards that are numbered from their other end, do not move it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dlc_batch_cameras import motions
from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array, Camera
from dlc_batch_cameras.intrinsics import Claims, Intrinsics

#: A board is explained that lies where the other camera's view says, within this part of the
#: image's diagonal: ten times what a single board's pose gets wrong, a tenth of what a wrong
#: pair does.
_NEAR = 0.02
#: So many boards are asked at most: more than that say nothing new.
_MOST_ASKED = 60


@dataclass(frozen=True, eq=False)
class Pair:
    """Two cameras, and the shots in which both saw the board."""

    first: str
    second: str
    shots: tuple[str, ...]
    agrees: Claims  # (shots,), with the consensus
    is_swapped: Claims  # (shots,), the images are those of each other
    pose: Array  # (6,), of the first camera in the second

    @property
    def votes(self) -> int:
        """How many boards stand for it."""
        return int(self.agrees.sum())


def find_pair(first: Intrinsics, second: Intrinsics, board: Board) -> Pair | None:
    """Return how two cameras stand to each other; None where they saw no board together."""
    at_first = {view.shot: pose for view, pose in zip(first.views, first.poses, strict=True)}
    at_second = {view.shot: pose for view, pose in zip(second.views, second.poses, strict=True)}
    shots = tuple(sorted(at_first.keys() & at_second.keys()))
    if not shots:
        return None
    ones, others = np.array([at_first[s] for s in shots]), np.array([at_second[s] for s in shots])
    turns = turns_of(board)
    turned = motions.compose(others, turns[:, None])  # (turns, shots, 6)
    guesses = motions.compose(turned, motions.inverse(ones))  # the same
    pose, agrees = _consensus(second.camera, guesses, ones, turned, board)
    is_swapped = np.zeros(len(shots), bool)
    for each in np.flatnonzero(~agrees):
        swapped = _swapped(first, second, shots[each], board)
        said, turned = motions.compose(pose, swapped[0]), motions.compose(swapped[1], turns)
        gaps = gaps_of(second.camera, said[None], turned, board)
        is_swapped[each] = gaps.min() < near_px(second.camera)
    return Pair(first.camera.name, second.camera.name, shots, agrees, is_swapped, pose)


def _consensus(
    camera: Camera, guesses: Array, ones: Array, turned: Array, board: Board
) -> tuple[Array, Claims]:
    """Return the pose (6,) that explains most boards, and which it explains, (shots,).

    Args:
        camera: the second.
        guesses: the poses that each board tells, turned each way, (turns, shots, 6).
        ones: where the first camera saw the boards, (shots, 6).
        turned: where the second saw them, turned each way, (turns, shots, 6).
        board: the board.
    """

    def gaps_by(pose: Array) -> Array:
        return gaps_of(camera, motions.compose(pose, ones), turned, board)

    near, every = near_px(camera), np.arange(len(ones))
    asked = np.unique(np.linspace(0, len(ones) - 1, _MOST_ASKED).astype(int))
    tried = guesses[:, asked].reshape(-1, 6)
    costs = [_cost(gaps_by(guess), near) for guess in tried]
    pose = tried[int(np.argmin(costs))]
    gaps = gaps_by(pose)
    agrees = gaps.min(axis=0) < near
    refined = _mean_near(guesses[gaps.argmin(axis=0), every][agrees], pose)
    gaps = gaps_by(refined)
    return (refined, gaps.min(axis=0) < near) if _cost(gaps, near) < min(costs) else (pose, agrees)


def _cost(gaps: Array, near: float) -> float:
    """Return what gaps (turns, shots) cost: no more beyond `near` (Torr and Zisserman, 2000)."""
    return float(np.minimum(gaps.min(axis=0), near).mean())


def _mean_near(found: Array, pose: Array) -> Array:
    """Return the mean of poses (M, 6), but for those turned much further from one of them.

    A board that is seen at the right place, but was tilted otherwise, agrees by its corners.
    """
    off = np.linalg.norm(motions.compose(found, motions.inverse(pose))[:, :3], axis=1)
    return motions.mean(found[off <= 2 * np.median(off)])


def _swapped(
    first: Intrinsics, second: Intrinsics, shot: str, board: Board
) -> tuple[Array, Array]:
    """Return the board's poses (6,) in both cameras, had each taken the other's picture."""
    found = []
    for camera, other in ((first.camera, second), (second.camera, first)):
        (view,) = [each for each in other.views if each.shot == shot]
        points = board.points[view.indices]
        _, turn, move = cv2.solvePnP(points, view.pixels, camera.matrix, camera.distortion)
        found.append(np.concatenate([np.ravel(turn), np.ravel(move)]).astype(float))
    return found[0], found[1]


def near_px(camera: Camera) -> float:
    """Return within how many pixels two poses of a board are the same."""
    return _NEAR * float(np.hypot(*camera.size))


def turns_of(board: Board) -> Array:
    """Return the motions (turns, 6) of the board that number its corners as its `turns` do."""
    found = []
    for turn in board.turns:
        x, y = (board.points[turn[each]] for each in (1, board.grid[0]))
        origin = board.points[turn[0]]
        axes = np.stack([x - origin, y - origin], axis=1) / board.square_mm
        angle = np.arctan2(axes[1, 0], axes[0, 0])
        found.append(np.array([0.0, 0.0, angle, *origin]))
    return np.array(found)


def gaps_of(camera: Camera, said: Array, seen: Array, board: Board) -> Array:
    """Return how far boards lie apart in a camera's image, (...,), px; poses are (..., 6)."""
    corners = board.points[[0, board.grid[0] - 1, -board.grid[0], -1]]
    gaps = camera.project(motions.apply(said, corners)) - camera.project(
        motions.apply(seen, corners)
    )
    gaps = np.sqrt(np.square(gaps).sum(axis=-1).mean(axis=-1))
    return np.where(np.isfinite(gaps), gaps, np.inf)
