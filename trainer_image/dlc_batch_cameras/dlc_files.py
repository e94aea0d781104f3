"""Poses in DeepLabCut's own 3D format, as its `triangulate` writes it and its programs read it.

A table of frames by columns (scorer, bodyparts, coords), or (scorer, individuals, bodyparts,
coords) in a project of several animals, with x, y and z of each body part: `*_DLC_3D.h5` under the
key df_with_missing, `*_DLC_3D.csv`, and beside them a pickle with the 2D networks' names, without
which DeepLabCut makes no video.
"""

from __future__ import annotations

import csv
import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlc_batch_cameras.camera import Array, CameraGroup
from dlc_batch_cameras.poses import Keypoint, write_whole
from dlc_batch_core.errors import StateError

#: `scorername_3d` of a new 3D project's config.yaml: what its files end with.
SCORER = "DLC_3D"
_KEY = "df_with_missing"
_AXES = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Table:
    """What a 3D file of DeepLabCut's holds."""

    points: Array  # (frames, points, 3); NaN where missing
    keypoints: tuple[Keypoint, ...]
    scorer: str


def write_dlc_h5(path: Path, table: Table) -> None:
    """Write the .h5 file; it is whole or not there. Needs pandas and PyTables."""
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own

    names, columns = _columns(table)
    frame = pd.DataFrame(
        table.points.reshape(len(table.points), -1),
        columns=pd.MultiIndex.from_tuples(columns, names=names),
        index=range(len(table.points)),
    )
    beside = path.with_name(f"{path.stem}.part.h5")
    try:
        frame.to_hdf(str(beside), key=_KEY, mode="w", format="table")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_dlc_csv(path: Path, table: Table) -> None:
    """Write the .csv file; it is whole or not there."""
    names, columns = _columns(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for level, name in enumerate(names):
        writer.writerow([name, *(column[level] for column in columns)])
    if len(table.points):
        for number, row in enumerate(table.points.reshape(len(table.points), -1).tolist()):
            writer.writerow([number, *("" if value != value else value for value in row)])
    write_whole(path, lambda file: file.write(text.getvalue().encode()))


def write_dlc_metadata(path: Path, group: CameraGroup, scorers: Mapping[str, str]) -> None:
    """Write the `*_meta.pickle` beside a 3D file.

    Args:
        path: of the pickle.
        group: the cameras; of more than two, the stereo pair is the first two, for DeepLabCut's
            format has room for no more.
        scorers: by each camera's name, that of its 2D network.
    """
    first, second = group.cameras[:2]
    turned = second.rotation @ first.rotation.T
    stereo = {
        "cameraMatrix1": first.matrix,
        "cameraMatrix2": second.matrix,
        "distCoeffs1": first.distortion[None],
        "distCoeffs2": second.distortion[None],
        "R": turned,
        "T": (second.translation - turned @ first.translation)[:, None],
    }
    metadata = {"stereo_matrix": stereo, "stereo_matrix_file": "", "scorer_name": dict(scorers)}
    write_whole(path, lambda file: _Pickler(file).dump(metadata))


class _Pickler(pickle.Pickler):
    """Writes arrays so that NumPy 1 reads them too, which the DeepLabCut of old needs."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, np.ndarray):
            return np.array, (value.tolist(),)
        return NotImplemented


def read_dlc_h5(path: Path) -> Table:
    """Return what a 3D .h5 file holds. Needs pandas and PyTables.

    Raises:
        StateError: it is no such file.
    """
    import pandas as pd
    from tables import HDF5ExtError  # type: ignore[import-untyped]  # nor has it types

    try:
        frame = pd.read_hdf(path)
        return _table(list(frame.columns.names), list(frame.columns), frame.to_numpy(float))
    except HDF5ExtError as error:  # its own message is a page long
        raise StateError(f"{path.name} is no 3D table of DeepLabCut: no HDF5 file.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path.name} is no 3D table of DeepLabCut: {error}") from error


def read_dlc_csv(path: Path) -> Table:
    """Return what a 3D .csv file holds.

    Raises:
        StateError: it is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        levels = 4 if rows[1][0] == "individuals" else 3
        columns = list(zip(*(row[1:] for row in rows[:levels]), strict=True))
        values = [[float(each or "nan") for each in row[1:]] for row in rows[levels:]]
        table = np.array(values, float).reshape(len(values), len(columns))
        return _table([row[0] for row in rows[:levels]], columns, table)
    except (OSError, ValueError, IndexError) as error:
        raise StateError(f"{path.name} is no 3D table of DeepLabCut: {error}") from error


def _columns(table: Table) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the levels' names, and the columns."""
    several = any(each.individual for each in table.keypoints)
    names = ["scorer", *(["individuals"] if several else []), "bodyparts", "coords"]
    return names, [
        (table.scorer, *((each.individual,) if several else ()), each.bodypart, axis)
        for each in table.keypoints
        for axis in _AXES
    ]


def _table(names: Sequence[Any], columns: Sequence[Sequence[str]], values: Array) -> Table:
    several = ["scorer", "individuals", "bodyparts", "coords"]
    if list(names) not in (several, several[:1] + several[2:]):
        raise ValueError(f"its columns are of {list(names)}")
    if not columns or [column[-1] for column in columns] != list(_AXES) * (len(columns) // 3):
        raise ValueError("it has not x, y and z of each body part")
    keypoints = tuple(
        Keypoint(column[-2], column[1] if list(names) == several else "")
        for column in columns[::3]
    )
    return Table(values.reshape(len(values), len(keypoints), 3), keypoints, columns[0][0])
