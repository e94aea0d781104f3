"""A recording put together: the files, the words, and how far it is from the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.trainer.three_d.made_up import poses, task, write_tables

from dlc_batch.demo.scene import BODY_PARTS, HEIGHT, WIDTH
from dlc_batch_cameras.poses import read_poses
from dlc_batch_trainer.report.space import read_space
from dlc_batch_trainer.three_d.__main__ import do, main
from dlc_batch_trainer.three_d.task import Answer, read_task


def error_of(folder: Path, first: int = 0) -> float:
    """The median distance from the truth, mm; the demo's cameras have the arena as their world."""
    found = read_poses(folder / "3d" / "walk_3d.npz")
    truth = poses(500)[found.frames + first]
    return float(np.nanmedian(np.linalg.norm(found.found.points - truth, axis=-1)))


def test_poses_are_where_the_animal_was(tmp_path: Path) -> None:
    asked = task(tmp_path, write_tables(tmp_path))
    answer = do(asked)
    assert answer.notes == ()
    assert answer.figures is not None
    assert 0.1 < answer.figures["reprojection_px"] < 0.6
    points = np.load(tmp_path / "3d" / "walk_3d.npz")["points"]
    share = np.isfinite(points[..., 0]).mean()
    assert answer.figures["points_percent"] == pytest.approx(100 * share)
    assert error_of(tmp_path) < 4
    assert answer.figures["error_mm"] == pytest.approx(error_of(tmp_path), rel=0.5)
    made = {path.name for path in (tmp_path / "3d").iterdir()}
    assert made == {
        "walk_DLC_3D.h5",
        "walk_DLC_3D.csv",
        "walk_DLC_3D_meta.pickle",
        "walk_3d.npz",
        "walk_3d.json",
        "walk_3d.html",
        "walk_3d.jpg",
        "walk_3d.mp4",
    }


def test_a_film_that_cannot_be_made_costs_itself_alone(tmp_path: Path) -> None:
    asked = task(tmp_path, write_tables(tmp_path))
    in_its_way = Path(asked.target) / "walk_3d.mp4"
    in_its_way.mkdir(parents=True)
    answer = do(asked)
    assert answer.notes == (
        "walk: The film was not made: walk_3d.mp4 could not be opened for writing.",
    )
    assert answer.figures is not None
    assert in_its_way.with_name("walk_3d.json").is_file()


def test_the_table_is_deeplabcuts(tmp_path: Path) -> None:
    do(task(tmp_path, write_tables(tmp_path)))
    table = pd.read_hdf(tmp_path / "3d" / "walk_DLC_3D.h5")
    assert list(table.columns.names) == ["scorer", "bodyparts", "coords"]
    found = read_poses(tmp_path / "3d" / "walk_3d.npz").found.points
    np.testing.assert_allclose(table["DLC_3D"]["snout"].to_numpy(), found[:, 0])


def test_lengths_in_squares_are_not_called_millimetres(tmp_path: Path) -> None:
    asked = task(tmp_path, write_tables(tmp_path, frames=20))
    cameras = Path(asked.calibration)
    cameras.write_text(cameras.read_text().replace('"unit": "mm"', '"unit": "squares"'))
    answer = do(asked)
    assert answer.figures is not None
    assert "error_mm" not in answer.figures
    assert read_poses(tmp_path / "3d" / "walk_3d.npz").unit == "squares"


def test_smoothness_brings_them_nearer(tmp_path: Path) -> None:
    tables = write_tables(tmp_path, noise=1.0)
    do(task(tmp_path, tables))
    rough = error_of(tmp_path)
    do(task(tmp_path, tables, smooth=True, limbs=[["snout", "tailbase"], ["snout", "wing"]]))
    assert error_of(tmp_path) < 0.7 * rough


def test_a_lag_that_is_told_is_taken_out(tmp_path: Path) -> None:
    tables = write_tables(tmp_path, lags=(0, 4))
    do(task(tmp_path, tables, offsets={"camera-2": 4}))
    assert error_of(tmp_path, first=4) < 4
    summary = json.loads((tmp_path / "3d" / "walk_3d.json").read_text())
    assert summary["first_frames"] == {"camera-1": 0, "camera-2": 4}
    assert any("left out" in note for note in summary["notes"])


def test_a_lag_is_found_by_what_moves(tmp_path: Path) -> None:
    answer = do(task(tmp_path, write_tables(tmp_path, lags=(0, 4)), offsets="auto"))
    assert any("began 4 frames" in note for note in answer.notes), answer.notes
    assert error_of(tmp_path, first=4) < 4


def test_a_camera_without_calibration_is_left_out(tmp_path: Path) -> None:
    tables = write_tables(tmp_path)
    answer = do(task(tmp_path, {**tables, "camera-3": tables["camera-1"]}))
    assert "walk: camera-3 has no calibration, and is left out." in answer.notes
    assert error_of(tmp_path) < 4


@pytest.mark.parametrize("names", [("left", "right"), ("camera-1", "right")])
def test_cameras_of_other_names_than_the_calibrations_are_told(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    tables = dict(zip(names, write_tables(tmp_path, frames=20).values(), strict=True))
    answer = do(task(tmp_path, tables))
    assert answer.figures is None
    (note,) = answer.notes
    assert f"Its cameras are {names[0]}, {names[1]}" in note
    assert "the calibration is of camera-1, camera-2." in note


def test_limbs_of_what_is_no_body_part_are_told(tmp_path: Path) -> None:
    limbs = [["snout", "tialbase"], ["snout", "tailbase"]]
    answer = do(task(tmp_path, write_tables(tmp_path, frames=20), limbs=limbs))
    assert answer.notes == (
        "walk: The limb snout - tialbase is left out: its ends are not both body parts.",
    )


def test_several_animals_are_told_and_not_mixed(tmp_path: Path) -> None:
    tables = write_tables(tmp_path)
    for path in tables.values():
        head, rest = path.read_text().split("\n", 1)
        path.write_text(f"{head}\nindividuals{',one' * 12}\n{rest}")
    answer = do(task(tmp_path, tables))
    assert answer.figures is None
    (note,) = answer.notes
    assert note.startswith("There are no poses in space of walk: which animal of one view")


def test_networks_of_other_body_parts_are_matched_by_name(tmp_path: Path) -> None:
    """Given a network for camera-2 that knows no tailbase and another order, of another run."""
    tables = write_tables(tmp_path)
    table = pd.read_csv(tables["camera-2"], header=[0, 1, 2], index_col=0)
    kept = table.drop(columns="tailbase", level="bodyparts")
    kept = kept[[each for part in ("rightear", "snout") for each in kept if each[1] == part]]
    kept.rename(columns=lambda name: "DLC_Other" if name.startswith("DLC") else name).to_csv(
        tables["camera-2"]
    )
    answer = do(task(tmp_path, tables, networks={"camera-2": "side-0123456789ab"}))
    assert answer.notes == (
        "walk: Only the network of camera-1 knows leftear, tailbase: left out.",
    )
    found = read_poses(tmp_path / "3d" / "walk_3d.npz")
    assert [each.bodypart for each in found.keypoints] == ["snout", "rightear"]
    truth = poses()[:, [0, 2]]
    off = np.linalg.norm(found.found.points - truth, axis=-1)
    assert float(np.nanmedian(off)) < 4
    summary = json.loads((tmp_path / "3d" / "walk_3d.json").read_text())
    assert summary["networks"]["camera-1"]["run_id"] is None
    assert summary["networks"]["camera-2"] == {
        "scorer": "DLC_Other",
        "run_id": "side-0123456789ab",
    }


def test_networks_without_a_body_part_in_common_are_told(tmp_path: Path) -> None:
    tables = write_tables(tmp_path)
    for part in BODY_PARTS:
        path = tables["camera-2"]
        path.write_text(path.read_text().replace(part, f"{part}-of-mine"))
    answer = do(task(tmp_path, tables))
    assert answer.figures is None
    (note,) = answer.notes
    assert note.startswith("There are no poses in space of walk: the networks of its views have")
    assert note.endswith("Name the body parts alike in the projects of all views.")


def test_videos_that_share_no_frame_are_told(tmp_path: Path) -> None:
    answer = do(task(tmp_path, write_tables(tmp_path), offsets={"camera-2": 5000}))
    assert answer.figures is None
    assert "share no frame" in answer.notes[0]


def test_nothing_seen_is_told_and_makes_tables_but_no_film_of_nothing(tmp_path: Path) -> None:
    tables = write_tables(tmp_path)
    for path in tables.values():
        path.write_text(path.read_text().replace(",0.9", ",0.1"))
    answer = do(task(tmp_path, tables))
    assert answer.figures is None
    (note,) = answer.notes
    assert note.startswith("There are no poses in space of walk: two cameras never saw")
    assert "above `pcutoff` (0.6 in config.yaml)" in note
    assert json.loads((tmp_path / "3d" / "walk_3d.json").read_text())["quality"]
    made = {each.suffix for each in (tmp_path / "3d").iterdir()}
    assert made == {".h5", ".csv", ".pickle", ".npz", ".json"}
    (tmp_path / "3d" / "cameras.json").write_text('{"cameras": [], "notes": [], "unit": "mm"}')
    space = read_space(tmp_path, None)
    assert space is not None
    (shown,) = space.recordings
    assert shown.picture == ""
    assert shown.findings[0].text.startswith("There are no poses in space: no body part")


def test_the_program_reads_its_task_and_leaves_its_answer(tmp_path: Path) -> None:
    asked = task(tmp_path, write_tables(tmp_path, frames=20))
    path = tmp_path / "task.json"
    path.write_text(asked.to_json())
    assert read_task(path) == asked
    main([str(path)])
    assert Answer.read(tmp_path / "answer.json").figures


def resized(tables: dict[str, Path], by: float) -> dict[str, Path]:
    """Turn predictions into those of the same videos at another size."""
    for path in tables.values():
        table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
        places = table.columns.get_level_values("coords") != "likelihood"
        table.loc[:, places] = (table.loc[:, places] + 0.5) * by - 0.5
        table.to_csv(path)
    return tables


@pytest.mark.parametrize("by", [0.5, 4.0])
def test_videos_of_another_size_than_the_calibration_are_fitted(tmp_path: Path, by: float) -> None:
    size = (int(WIDTH * by), int(HEIGHT * by))
    tables = resized(write_tables(tmp_path, noise=0.2), by)
    answer = do(task(tmp_path, tables, sizes=dict.fromkeys(tables, size)))
    assert answer.notes == tuple(
        f"walk: The video of {name} has {size[0]} x {size[1]} pixels, and its calibration"
        f" {WIDTH} x {HEIGHT}: the calibration was scaled to it."
        for name in tables
    )
    assert error_of(tmp_path) < 4


def test_a_cropped_video_is_refused(tmp_path: Path) -> None:
    tables = write_tables(tmp_path, frames=20)
    sizes = {"camera-1": (WIDTH, HEIGHT), "camera-2": (WIDTH, HEIGHT - 8)}
    answer = do(task(tmp_path, tables, sizes=sizes))
    assert answer.figures is None
    (note,) = answer.notes
    assert note.startswith("There are no poses in space of walk: the video of camera-2 has")
    assert f"{WIDTH} x {HEIGHT - 8} pixels, and its calibration {WIDTH} x {HEIGHT}" in note
    assert "Calibrate with images as the camera records" in note


def test_videos_whose_size_is_not_known_are_taken_as_they_are(tmp_path: Path) -> None:
    tables = write_tables(tmp_path, frames=20)
    answer = do(task(tmp_path, tables, sizes=dict.fromkeys(tables, (0, 0))))
    assert answer.notes == ()
    assert answer.figures is not None
