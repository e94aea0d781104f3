"""Poses of one frame, labelled or predicted, and which prediction belongs to which animal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # has no types

from dlc_batch_core.labels import SINGLE, LabelTable

Array = NDArray[np.float64]

#: Stands in for a pair of animals that has no body part in common: farther than any image is wide.
_NEVER_PX = 1e9


@dataclass(frozen=True)
class Layout:
    """Who and what is labelled in a project."""

    individuals: tuple[str, ...]  # one, the empty name, for a single animal
    body_parts: tuple[str, ...]  # of each individual
    unique: tuple[str, ...] = ()  # body parts that no animal has
    is_multi_animal: bool = False

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Layout:
        """Read config.yaml's content."""
        if not config.get("multianimalproject"):
            return cls(("",), tuple(config["bodyparts"]))
        return cls(
            tuple(config["individuals"]),
            tuple(config["multianimalbodyparts"]),
            tuple(config.get("uniquebodyparts") or ()),
            is_multi_animal=True,
        )


@dataclass(frozen=True)
class Poses:
    """What is in one frame. The last axis is x, y in pixels or x, y, confidence; NaN: nothing."""

    animals: Array  # (individuals, body parts, 2 or 3)
    unique: Array  # (unique body parts, 2 or 3)

    @classmethod
    def empty(cls, layout: Layout, width: int) -> Poses:
        shape = (len(layout.individuals), len(layout.body_parts), width)
        return cls(np.full(shape, np.nan), np.full((len(layout.unique), width), np.nan))

    def put(self, layout: Layout, individual: str, part: str, values: Iterable[float]) -> None:
        """Set one point; one that the layout does not know is left out."""
        values = list(values)
        if individual == SINGLE and part in layout.unique:
            self.unique[layout.unique.index(part)] = values
        elif individual in layout.individuals and part in layout.body_parts:
            place = layout.individuals.index(individual), layout.body_parts.index(part)
            self.animals[place] = values


def read_labels(tables: Iterable[LabelTable], layout: Layout) -> dict[str, Poses]:
    """Return the labels of each image, in pixels."""
    found = {}
    for table in tables:
        for row in table.rows:
            poses = Poses.empty(layout, 2)
            for column, point in zip(table.columns, row.points, strict=True):
                if point is not None:
                    poses.put(layout, column.individual, column.body_part, point)
            found[row.image] = poses
    return found


def match_animals(labels: Array, predicted: Array) -> dict[int, int]:
    """Match labelled animals with predicted ones, so that the sum of mean distances is least.

    Args:
        labels: (animals, body parts, 2), NaN where there is no label.
        predicted: (animals, body parts, at least 2), NaN where nothing was found.

    Returns:
        which prediction belongs to which labelled animal. An animal without a label or a
        prediction in common with any is not in it.
    """
    distances = np.linalg.norm(labels[:, None, :, :2] - predicted[None, :, :, :2], axis=-1)
    common = np.isfinite(distances)
    counts = common.sum(axis=-1)
    sums = np.where(common, distances, 0.0).sum(axis=-1)
    cost = np.where(counts > 0, sums / np.maximum(counts, 1), _NEVER_PX)
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {row: column for row, column in pairs if counts[row, column] > 0}
