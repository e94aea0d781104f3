"""Both engines' files, with the columns that their source writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlc_batch_trainer.evaluation.deeplabcut_files import (
    find_predictions,
    find_scores,
    read_predictions,
    read_scores,
)
from dlc_batch_trainer.evaluation.poses import Layout

ONE = Layout(("",), ("nose", "tail"))
TWO = Layout(("zoe", "abe"), ("front", "back"), ("corner",), is_multi_animal=True)
IMAGES = ["labeled-data/v/0.png", "labeled-data/v/1.png"]
_TENSORFLOW = (
    ",Training iterations:,%Training dataset,Shuffle number, Train error(px), Test error(px),"
    "p-cutoff used,Train error with p-cutoff,Test error with p-cutoff\n"
)


def test_tensorflow_scores_of_the_last_evaluation(tmp_path: Path) -> None:
    folder = tmp_path / "evaluation-results/iteration-0/x-trainset95shuffle1"
    folder.mkdir(parents=True)
    table = folder / "DLC_resnet50_x-results.csv"
    rows = "0,10,95,1,9.0,9.0,0.6,9.0,9.0\n1,20,95,1,1.5,2.5,0.6,1.25,\n"
    table.write_text(_TENSORFLOW + rows)
    (folder / "DLC_resnet50_x-keypoint-results.csv").write_text("")
    (folder.parent / "CombinedEvaluation-results.csv").write_text("")
    assert find_scores(tmp_path, "tensorflow") == table
    assert read_scores(table, False) == {
        "train_rmse_px": 1.5,
        "test_rmse_px": 2.5,
        "train_rmse_pcutoff_px": 1.25,
    }
    assert find_predictions(table, "snapshot-20", "tensorflow", ONE).name == (
        "DLC_resnet50_x-snapshot-20.h5"
    )
    assert find_predictions(table, "snapshot-20", "tensorflow", TWO).name == (
        "predicted_poses_20.h5"
    )


@pytest.mark.parametrize("is_multi_animal", [True, False])
def test_map_is_of_several_animals(tmp_path: Path, is_multi_animal: bool) -> None:
    table = tmp_path / "a-results.csv"
    table.write_text(
        "pcutoff,train rmse,test rmse,train rmse_pcutoff,test rmse_pcutoff,test mAP,test mAR\n"
        "0.6,1,2,nan,,80.5,90.5\n"
    )
    scores = {"train_rmse_px": 1.0, "test_rmse_px": 2.0}
    if is_multi_animal:
        scores |= {"test_map": 80.5, "test_mar": 90.5}
    assert read_scores(table, is_multi_animal) == scores


def _index() -> pd.MultiIndex:
    return pd.MultiIndex.from_tuples([tuple(image.split("/")) for image in IMAGES])


def test_predictions_are_read_by_name(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_product(
        [["net"], ["tail", "nose"], ["x", "y", "likelihood"]],
        names=["scorer", "bodyparts", "coords"],
    )
    values = np.arange(12, dtype=float).reshape(2, 6)
    values[1, 3:] = [-1, -1, -1]  # as PyTorch pads
    path = tmp_path / "p.h5"
    pd.DataFrame(values, index=_index(), columns=columns).to_hdf(path, key="df_with_missing")
    found = read_predictions(path, ONE, IMAGES, "pytorch")
    assert found[IMAGES[0]].animals[0].tolist() == [[3, 4, 5], [0, 1, 2]]
    assert np.isnan(found[IMAGES[1]].animals[0, 0]).all()


def test_nearest_detections_are_read_by_place(tmp_path: Path) -> None:
    """Whatever the columns are called: see evaluate_multianimal_full, `all_bpts`."""
    names = [("s", "x", f"p{n}", c) for n in range(5) for c in ("x", "y", "conf")]
    columns = pd.MultiIndex.from_tuples(names, names=["scorer", "individuals", "bodyparts", "c"])
    path = tmp_path / "p.h5"
    values = np.arange(30, dtype=float).reshape(2, 15)
    pd.DataFrame(values, columns=columns).to_hdf(path, key="df_with_missing")
    found = read_predictions(path, TWO, IMAGES, "tensorflow")[IMAGES[0]]
    assert found.animals[1, 0].tolist() == [0, 1, 2]  # abe comes before zoe
    assert found.animals[0, 1].tolist() == [9, 10, 11]
    assert found.unique.tolist() == [[12, 13, 14]]
