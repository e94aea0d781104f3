"""The files of poses: ours, and DeepLabCut's as DeepLabCut itself reads and writes them."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cameras.scenes import draw_cameras, draw_scene

from dlc_batch_cameras.dlc_files import (
    Table,
    read_dlc_csv,
    read_dlc_h5,
    write_dlc_csv,
    write_dlc_h5,
    write_dlc_metadata,
)
from dlc_batch_cameras.poses import Keypoint, Poses, read_poses, write_poses
from dlc_batch_cameras.triangulation import triangulate
from dlc_batch_core.errors import StateError

ONE = (Keypoint("nose"), Keypoint("tail base"))
SEVERAL = (
    Keypoint("nose", "mouse1"),
    Keypoint("tail", "mouse1"),
    Keypoint("nose", "mouse2"),
    Keypoint("tail", "mouse2"),
    Keypoint("corner", "single"),
)


def _table(keypoints: tuple[Keypoint, ...], frames: int = 6) -> Table:
    points = np.random.default_rng(1).normal(0, 100, (frames, len(keypoints), 3))
    points[1:2, 0] = np.nan
    return Table(points, keypoints, "DLC_3D")


def _as_deeplabcut_makes_it(table: Table) -> pd.DataFrame:
    """The very steps of its `triangulate`, for one animal and for several."""
    flat = table.points.reshape(len(table.points), -1)
    axes = ["x", "y", "z"]
    if table.keypoints == ONE:
        columns = pd.MultiIndex.from_product(
            [["DLC_3D"], ["nose", "tail base"], axes], names=["scorer", "bodyparts", "coords"]
        )
    else:
        names = ["scorer", "individuals", "bodyparts", "coords"]
        columns = pd.MultiIndex.from_product(
            [["DLC_3D"], ["mouse1", "mouse2"], ["nose", "tail"], axes], names=names
        ).append(
            pd.MultiIndex.from_product([["DLC_3D"], ["single"], ["corner"], axes], names=names)
        )
    return pd.DataFrame(flat, columns=columns, index=range(len(flat)))


@pytest.mark.parametrize("keypoints", [ONE, SEVERAL], ids=["one animal", "several"])
def test_the_tables_are_those_of_deeplabcut(
    keypoints: tuple[Keypoint, ...], tmp_path: Path
) -> None:
    table = _table(keypoints)
    theirs = _as_deeplabcut_makes_it(table)
    write_dlc_h5(tmp_path / "a_DLC_3D.h5", table)
    pd.testing.assert_frame_equal(pd.read_hdf(tmp_path / "a_DLC_3D.h5"), theirs)
    pd.testing.assert_frame_equal(
        pd.read_hdf(tmp_path / "a_DLC_3D.h5", key="df_with_missing"), theirs
    )
    write_dlc_csv(tmp_path / "a_DLC_3D.csv", table)
    theirs.to_csv(tmp_path / "theirs.csv")
    ours, of_pandas = ((tmp_path / each).read_text() for each in ("a_DLC_3D.csv", "theirs.csv"))
    assert ours == of_pandas
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a_DLC_3D.csv",
        "a_DLC_3D.h5",
        "theirs.csv",
    ]


@pytest.mark.parametrize("keypoints", [ONE, SEVERAL], ids=["one animal", "several"])
def test_what_deeplabcut_wrote_is_read(keypoints: tuple[Keypoint, ...], tmp_path: Path) -> None:
    table = _table(keypoints)
    theirs = _as_deeplabcut_makes_it(table)
    theirs.to_hdf(str(tmp_path / "t.h5"), key="df_with_missing", mode="w", format="table")
    theirs.to_csv(tmp_path / "t.csv")
    for found in (read_dlc_h5(tmp_path / "t.h5"), read_dlc_csv(tmp_path / "t.csv")):
        np.testing.assert_allclose(found.points, table.points, rtol=1e-12)
        assert (found.keypoints, found.scorer) == (table.keypoints, "DLC_3D")


def test_a_table_without_frames_is_one(tmp_path: Path) -> None:
    table = _table(ONE, frames=0)
    write_dlc_csv(tmp_path / "t.csv", table)
    assert read_dlc_csv(tmp_path / "t.csv").points.shape == (0, 2, 3)


def test_what_is_no_table_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,2\n")
    (tmp_path / "t.h5").write_bytes(b"nothing")
    two_d = pd.MultiIndex.from_product(
        [["net"], ["nose"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    pd.DataFrame(np.zeros((2, 3)), columns=two_d).to_csv(tmp_path / "2d.csv")
    for name in ("t.csv", "2d.csv", "none.csv"):
        with pytest.raises(StateError, match=f"{name} is no 3D table"):
            read_dlc_csv(tmp_path / name)
    for name in ("t.h5", "none.h5"):
        with pytest.raises(StateError, match=f"{name} is no 3D table"):
            read_dlc_h5(tmp_path / name)


def test_the_metadata_says_what_deeplabcut_looks_for(tmp_path: Path) -> None:
    group = draw_cameras(3)
    scorers = {name: f"DLC_{name}" for name in group.names}
    write_dlc_metadata(tmp_path / "a_meta.pickle", group, scorers)
    data = (tmp_path / "a_meta.pickle").read_bytes()
    assert b"numpy._core" not in data  # NumPy 1 has no such module
    found = pickle.loads(data)
    assert found["scorer_name"] == scorers
    stereo = found["stereo_matrix"]
    point = np.array([10.0, 20.0, 30.0])
    first, second = (camera.to_camera(point) for camera in group.cameras[:2])
    np.testing.assert_allclose(stereo["R"] @ first + stereo["T"][:, 0], second)


def _poses() -> Poses:
    scene = draw_scene(3, frames=20, points=5, wrong=0.1)
    found = triangulate(scene.group, scene.pixels, scene.confidences)
    return Poses(found, SEVERAL, scene.group.names, np.arange(12, 32), (12, 0, 5), 50.0, "mm")


def test_poses_come_back_as_they_were(tmp_path: Path) -> None:
    poses = _poses()
    write_poses(tmp_path / "poses.npz", poses)
    found = read_poses(tmp_path / "poses.npz")
    np.testing.assert_array_equal(found.found.points, poses.found.points)
    np.testing.assert_allclose(found.found.covariances, poses.found.covariances, rtol=1e-6)
    np.testing.assert_allclose(found.found.errors, poses.found.errors, rtol=1e-6)
    np.testing.assert_array_equal(found.found.used, poses.found.used)
    np.testing.assert_array_equal(found.found.offered, poses.found.offered)
    np.testing.assert_array_equal(found.found.noise, poses.found.noise)
    np.testing.assert_array_equal(found.frames, poses.frames)
    assert (found.keypoints, found.cameras) == (poses.keypoints, poses.cameras)
    assert (found.first_frames, found.fps, found.unit) == ((12, 0, 5), 50.0, "mm")
    assert [each.name for each in tmp_path.iterdir()] == ["poses.npz"]


def test_poses_are_read_by_numpy_alone(tmp_path: Path) -> None:
    write_poses(tmp_path / "poses.npz", _poses())
    with np.load(tmp_path / "poses.npz", allow_pickle=False) as file:
        assert file["points"].shape == (20, 5, 3)
        assert file["bodyparts"].tolist() == ["nose", "tail", "nose", "tail", "corner"]
        assert float(file["fps"]) == 50.0


def test_what_holds_no_poses_is_refused(tmp_path: Path) -> None:
    write_poses(tmp_path / "good.npz", _poses())
    with np.load(tmp_path / "good.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "short.npz", **{**arrays, "frames": np.arange(3)})
    np.savez(tmp_path / "later.npz", **{**arrays, "version": np.array(2)})
    np.savez(tmp_path / "less.npz", points=arrays["points"])
    (tmp_path / "text.npz").write_text("nothing")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "good.npz").read_bytes()[:-100])
    for name in ("short", "later", "less", "text", "cut", "none"):
        with pytest.raises(StateError, match=rf"{name}\.npz holds no poses"):
            read_poses(tmp_path / f"{name}.npz")
