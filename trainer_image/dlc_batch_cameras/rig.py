"""Where the cameras stand, and where the boards were: the start of the bundle adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree  # type: ignore[import-untyped]

from dlc_batch_cameras import motions
from dlc_batch_cameras.board import Board
from dlc_batch_cameras.camera import Array
from dlc_batch_cameras.intrinsics import Intrinsics
from dlc_batch_cameras.pairs import Pair, find_pair, gaps_of, near_px, turns_of
from dlc_batch_cameras.sightings import Sighting
from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.words import listed

#: Boards that two cameras saw together and that agree; two could agree by chance.
FEWEST_SHARED = 3
#: Below this part of them that agree, the images do not belong together: a camera that was moved
#: halfway gives a half.
_LEAST_AGREED = 0.6


@dataclass(frozen=True, eq=False)
class Rig:
    """The cameras in the first one's coordinates, and the boards that fit them."""

    cameras: Array  # (cameras, 6), poses of the world in each camera
    shots: tuple[str, ...]
    boards: Array  # (shots, 6), poses of the boards in the world
    views: tuple[Sighting, ...]  # numbered as the board's points, whichever way it was turned
    unfit: tuple[Sighting, ...]  # of shots in which the cameras do not agree
    swapped: frozenset[str]  # shots of `unfit` that fit if two cameras' images are swapped


def build_rig(cameras: Sequence[Intrinsics], board: Board) -> Rig:
    """Put the cameras into one world.

    Raises:
        ProjectError: no boards link them all, or the boards do not agree.
    """
    pairs = [pair for a, b in combinations(cameras, 2) if (pair := find_pair(a, b, board))]
    good = [pair for pair in pairs if _is_good(pair)]
    names = [each.camera.name for each in cameras]
    places = _places(names, good)
    if not np.isfinite(places).all():
        raise ProjectError(_tell_apart(names, places, cameras, pairs, board))
    swapped = frozenset(
        shot
        for pair in good
        for shot, is_swapped in zip(pair.shots, pair.is_swapped, strict=True)
        if is_swapped
    )
    rig = _gather(cameras, places, board, swapped)
    if len(rig.unfit) > (1 - _LEAST_AGREED) * (len(rig.unfit) + len(rig.views)):
        what = f"{len(rig.unfit)} of {len(rig.unfit) + len(rig.views)} images do not agree."
        raise ProjectError([problem("calibration-pairs", listed(names), what)])
    return rig


def _is_good(pair: Pair) -> bool:
    return pair.votes >= max(FEWEST_SHARED, _LEAST_AGREED * len(pair.shots))


def _places(names: Sequence[str], pairs: Sequence[Pair]) -> Array:
    """Return the cameras' poses (cameras, 6) along the best linked pairs; NaN: not linked."""
    at = {name: place for place, name in enumerate(names)}
    links = {(at[pair.first], at[pair.second]): pair for pair in pairs}
    weights = np.zeros((len(names), len(names)))
    for link, pair in links.items():
        weights[link] = 1 / pair.votes
    tree = minimum_spanning_tree(csr_array(weights))
    order, before = breadth_first_order(tree, 0, directed=False)
    found = np.full((len(names), 6), np.nan)
    found[0] = motions.STAY
    for each in order[1:]:
        came = int(before[each])
        pose = links[came, each].pose if (came, each) in links else None
        step = motions.inverse(links[each, came].pose) if pose is None else pose
        found[each] = motions.compose(step, found[came])
    return found


def _gather(
    cameras: Sequence[Intrinsics], places: Array, board: Board, swapped: frozenset[str]
) -> Rig:
    """Find where each board was by the cameras that agree on it, and leave the others out."""
    by_shot: dict[str, list[tuple[int, Sighting, Array]]] = {}
    for number, camera in enumerate(cameras):
        for view, pose in zip(camera.views, camera.poses, strict=True):
            by_shot.setdefault(view.shot, []).append((number, view, pose))
    shots, boards, views, unfit = [], [], list[Sighting](), list[Sighting]()
    for shot, seen in sorted(by_shot.items()):
        place, kept = _agreed(seen, cameras, places, board)
        out = [view for number, view, _ in seen if number not in {n for n, _ in kept}]
        unfit += out
        if len(kept) > 1 or not out:
            shots.append(shot)
            boards.append(place)
            views += [view for _, view in kept]
        else:
            unfit += [view for _, view in kept]
    return Rig(places, tuple(shots), np.array(boards), tuple(views), tuple(unfit), swapped)


def _agreed(
    seen: Sequence[tuple[int, Sighting, Array]],
    cameras: Sequence[Intrinsics],
    places: Array,
    board: Board,
) -> tuple[Array, list[tuple[int, Sighting]]]:
    """Return where most cameras say that a board was, and their views, numbered alike."""
    numbers = [number for number, _, _ in seen]
    turned = motions.compose(np.stack([its for _, _, its in seen])[:, None], turns_of(board))
    best: tuple[int, float, Array, list[tuple[int, Sighting]]] | None = None
    for number, _, pose in seen:
        place = motions.compose(motions.inverse(places[number]), pose)
        said = motions.compose(places[numbers], place)
        kept, total = [], 0.0
        for at, (other, view, _) in enumerate(seen):
            gaps = gaps_of(cameras[other].camera, said[at, None], turned[at], board)
            if gaps.min() < near_px(cameras[other].camera):
                kept.append((other, _turned(view, board, int(gaps.argmin()))))
                total += float(gaps.min())
        if best is None or (len(kept), -total) > (best[0], best[1]):
            best = (len(kept), -total, place, kept)
    assert best is not None, "a shot without a view"  # noqa: S101
    return best[2], best[3]


def _turned(view: Sighting, board: Board, turn: int) -> Sighting:
    """Return a view with its corners numbered as if the board had been turned."""
    number_of = np.argsort(board.turns[turn])
    return replace(view, indices=number_of[view.indices])


def _tell_apart(
    names: Sequence[str],
    places: Array,
    cameras: Sequence[Intrinsics],
    pairs: Sequence[Pair],
    board: Board,
) -> list[Problem]:
    """Say why cameras are not linked: the images do not agree, or there are none."""
    linked = {name for name, place in zip(names, places, strict=True) if np.isfinite(place).all()}
    found = []
    for pair in pairs:
        is_across = (pair.first in linked) != (pair.second in linked)
        if is_across and len(pair.shots) >= FEWEST_SHARED and not _is_good(pair):
            what = (
                f"{pair.first} and {pair.second} have {len(pair.shots)} images of the board at the"
                f" same time, and only {pair.votes} of them agree on how the two cameras stand."
            )
            what += _shift_words(pair, cameras, board)
            found.append(problem("calibration-pairs", f"{pair.first}, {pair.second}", what))
    if found:
        return found
    alone = [name for name in names if name not in linked]
    most = max(
        (len(p.shots) for p in pairs if (p.first in linked) != (p.second in linked)), default=0
    )
    what = (
        f"{listed(alone)} and {listed(sorted(linked))} saw the board at the same time in {most}"
        f" images; {FEWEST_SHARED} are needed at least."
    )
    return [problem("calibration-apart", listed(alone), what)]


def _shift_words(pair: Pair, cameras: Sequence[Intrinsics], board: Board) -> str:
    """Say so where the images agree once one camera's are numbered otherwise."""
    by_name = {each.camera.name: each for each in cameras}
    first, second = by_name[pair.first], by_name[pair.second]
    order = sorted({view.shot for each in (first, second) for view in each.views})
    for shift in (-1, 1, -2, 2):
        later = dict(
            zip(order, order[shift:] if shift > 0 else [""] * -shift + order, strict=False)
        )
        views = tuple(replace(v, shot=later.get(v.shot, "")) for v in second.views)
        moved = find_pair(first, replace(second, views=views), board)
        if moved is not None and _is_good(moved):
            where = "before" if shift < 0 else "after"
            return f" They agree if each image of {pair.second} is taken as the one {where} it."
    return ""
