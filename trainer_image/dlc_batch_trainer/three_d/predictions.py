"""What a network saw in each view: DeepLabCut's tables of predictions, as arrays."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlc_batch_core.errors import LabError
from dlc_batch_core.words import listed
from dlc_batch_trainer.three_d.scene import Array


class SeveralAnimalsError(Exception):
    """Which animal of one view is which of another is not known."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of one view."""

    scorer: str  # DeepLabCut's name of the network
    body_parts: tuple[str, ...]
    pixels: Array  # (frames, points, 2); NaN where there is none
    confidence: Array  # (frames, points), 0 to 1

    def of_parts(self, parts: Sequence[str]) -> Predictions:
        """Return the same of these body parts, in this order; the network need not know all."""
        shape = (len(self.pixels), len(parts))
        pixels, confidence = np.full((*shape, 2), np.nan), np.zeros(shape)
        known = [number for number, part in enumerate(parts) if part in self.body_parts]
        own = [self.body_parts.index(parts[number]) for number in known]
        pixels[:, known], confidence[:, known] = self.pixels[:, own], self.confidence[:, own]
        return Predictions(self.scorer, tuple(parts), pixels, confidence)


def read_predictions(path: Path) -> Predictions:
    """Read DeepLabCut's .csv of a video.

    Args:
        path: three rows of header, four with several animals, then a row a frame.

    Raises:
        SeveralAnimalsError: it is of several animals.
        ValueError: it is no such table.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        head = {row[0]: row[1:] for row in itertools.islice(rows, 3)}
        if "individuals" in head:
            raise SeveralAnimalsError
        values = [[float(cell) if cell else np.nan for cell in row[1:]] for row in rows]
    parts = head["bodyparts"][::3]
    if head["coords"] != ["x", "y", "likelihood"] * len(parts):
        raise ValueError(f"{path.name} is no table of DeepLabCut's predictions")
    table = np.array(values, float).reshape(len(values), len(parts), 3)
    return Predictions(head["scorer"][0], tuple(parts), table[..., :2], table[..., 2])


def read_views(
    tables: Mapping[str, Path], order: Sequence[str]
) -> tuple[dict[str, Predictions], tuple[str, ...]]:
    """Read the predictions of videos that show the same.

    Networks that do not know the same body parts are matched by these parts' names.

    Args:
        tables: DeepLabCut's .csv by the name of the camera.
        order: of the cameras.

    Returns:
        by camera, of the parts that the networks of two views know, or more; and which parts are
        left out, as sentences.

    Raises:
        LabError: no two views have a body part in common.
        SeveralAnimalsError, ValueError: as `read_predictions`.
    """
    found = {name: read_predictions(tables[name]) for name in order if name in tables}
    counts = Counter(part for each in found.values() for part in each.body_parts)
    least = min(2, len(found))
    shared = [part for part, count in counts.items() if count >= least]
    if not shared:
        known = "; ".join(f"{name} has {listed(each.body_parts)}" for name, each in found.items())
        raise LabError(
            f"the networks of its views have no body part in common ({known}).",
            "Name the body parts alike in the projects of all views.",
        )
    alone = {
        name: [part for part in each.body_parts if part not in shared]
        for name, each in found.items()
    }
    notes = tuple(
        f"Only the network of {name} knows {listed(parts)}: left out."
        for name, parts in alone.items()
        if parts
    )
    return {name: each.of_parts(shared) for name, each in found.items()}, notes


def bones_of(skeleton: object, body_parts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return pairs of body parts as pairs of points; what names no body part is left out."""
    place = {name: number for number, name in enumerate(body_parts)}
    pairs = skeleton if isinstance(skeleton, list | tuple) else []
    return tuple(
        (place[each[0]], place[each[1]])
        for each in pairs
        if isinstance(each, list | tuple) and len(each) == 2 and set(each) <= place.keys()
    )
