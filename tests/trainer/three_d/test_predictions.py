"""DeepLabCut's tables of predictions, as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlc_batch_core.errors import LabError
from dlc_batch_trainer.three_d.predictions import (
    SeveralAnimalsError,
    bones_of,
    read_predictions,
    read_views,
)


def write(path: Path, values: np.ndarray, parts: tuple[str, ...] = ("nose", "tail")) -> Path:
    """Write a table as DeepLabCut does: pandas, columns of three levels."""
    columns = pd.MultiIndex.from_product(
        [["DLC_Resnet50_walk"], parts, ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    pd.DataFrame(values.reshape(len(values), -1), columns=columns).to_csv(path)
    return path


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(0, 1, (7, 2, 3))
    values[3, 1] = np.nan
    found = read_predictions(write(tmp_path / "a.csv", values))
    assert found.scorer == "DLC_Resnet50_walk"
    assert found.body_parts == ("nose", "tail")
    np.testing.assert_allclose(found.pixels, values[..., :2])
    np.testing.assert_allclose(found.confidence, values[..., 2])


def test_views_come_in_the_order_of_the_cameras(tmp_path: Path) -> None:
    tables = {
        "cam-2": write(tmp_path / "2.csv", np.ones((5, 2, 3))),
        "cam-1": write(tmp_path / "1.csv", np.ones((3, 2, 3))),
    }
    views, notes = read_views(tables, ["cam-1", "cam-2", "cam-3"])
    assert notes == ()
    assert [(name, len(each.pixels)) for name, each in views.items()] == [
        ("cam-1", 3),
        ("cam-2", 5),
    ]


def test_views_are_matched_by_the_names_of_body_parts(tmp_path: Path) -> None:
    """Given three networks, when two or more know a body part, then it stays."""
    dice = np.random.default_rng(0)
    one, other, third = (dice.uniform(0, 1, (3, count, 3)) for count in (3, 2, 2))
    tables = {
        "a": write(tmp_path / "1.csv", one, ("nose", "tail", "paw")),
        "b": write(tmp_path / "2.csv", other, ("ear", "nose")),
        "c": write(tmp_path / "3.csv", third, ("ear", "wing")),
    }
    views, notes = read_views(tables, ["a", "b", "c"])
    assert {each.body_parts for each in views.values()} == {("nose", "ear")}
    np.testing.assert_allclose(views["a"].pixels[:, 0], one[:, 0, :2])
    np.testing.assert_allclose(views["b"].pixels, other[:, ::-1, :2])
    np.testing.assert_allclose(views["c"].confidence[:, 1], third[:, 0, 2])
    assert np.isnan(views["c"].pixels[:, 0]).all()
    assert (views["a"].confidence[:, 1] == 0).all()
    assert notes == (
        "Only the network of a knows tail, paw: left out.",
        "Only the network of c knows wing: left out.",
    )


def test_views_without_a_body_part_in_common_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "1.csv", np.ones((3, 2, 3)))
    other = write(tmp_path / "2.csv", np.ones((3, 2, 3)), ("Nose", "ear"))
    with pytest.raises(LabError, match=r"a has nose, tail; b has Nose, ear"):
        read_views({"a": one, "b": other}, ["a", "b"])


def test_several_animals_are_told_from_one(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_product(
        [["net"], ["one", "two"], ["nose"], ["x", "y", "likelihood"]],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )
    pd.DataFrame(np.ones((3, 6)), columns=columns).to_csv(tmp_path / "m.csv")
    with pytest.raises(SeveralAnimalsError):
        read_predictions(tmp_path / "m.csv")


def test_bones_are_what_the_skeleton_names() -> None:
    parts = ["nose", "ear", "tail"]
    skeleton = [["nose", "ear"], ["ear", "tail"], ["ear", "wing"], ["nose"], "nose"]
    assert bones_of(skeleton, parts) == ((0, 1), (1, 2))
    assert bones_of(None, parts) == ()
