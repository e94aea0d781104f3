"""Which frames of a video are worth labelling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch_trainer.uncertainty import least_sure, uncertain_frames

NAN = float("nan")


def test_the_least_sure_come_first_and_apart() -> None:
    confidence = np.full((400, 2), 0.9)
    confidence[100:110] = 0.1
    confidence[105] = 0.05
    confidence[300] = 0.2
    assert least_sure(confidence, 2) == (105, 300)


def test_frames_in_which_nothing_was_found_are_left_out() -> None:
    confidence = np.array([[0.1, 0.1], [NAN, 0.5], [NAN, NAN], [0.9, 0.9]])
    assert least_sure(confidence, 9) == (1, 3)  # frame 0 is none that DeepLabCut takes


@given(st.lists(st.floats(0, 1), max_size=200), st.integers(1, 20))
def test_never_more_than_asked_for_and_each_once(values: list[float], most: int) -> None:
    found = least_sure(np.array(values).reshape(-1, 1), most)
    assert len(found) == len(set(found)) <= most
    assert all(0 < number < len(values) for number in found)


def test_the_videos_own_table_is_read(tmp_path: Path) -> None:
    for name, low in (("rat[1]DLC_net.h5", 3), ("rat[1]DLC_net_filtered.h5", 5)):
        _write(tmp_path / name, low)
    _write(tmp_path / "rat[1]0DLC_net.h5", 7)
    assert uncertain_frames(tmp_path, "rat[1]", 1) == (3,)
    assert uncertain_frames(tmp_path, "mouse", 1) == ()


def _write(path: Path, low: int) -> None:
    columns = pd.MultiIndex.from_product(
        [["net"], ["nose"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    values = np.full((9, 3), 0.9)
    values[low] = 0.1
    pd.DataFrame(values, columns=columns).to_hdf(path, key="df_with_missing")
