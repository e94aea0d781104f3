"""What follows a training never costs it. The steps that work: evaluation/test_evaluation.py."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from dlc_batch_trainer.after import Shuffle, _Steps, analyze, is_drawn, rate_and_size
from dlc_batch_trainer.errors import Interrupted


def test_each_video_fails_on_its_own(tmp_path: Path) -> None:
    videos = [tmp_path / "a" / "x.mp4", tmp_path / "b" / "x.mp4", tmp_path / "y.mp4"]
    done = analyze(Shuffle(tmp_path / "config.yaml", 1, 0), videos, tmp_path / "results")
    assert done.files == ()
    assert done.notes == (
        "Analysis of x.mp4 failed: there is no x.mp4. The training is not affected.",
        "Analysis of x.mp4 failed: another has the same name. The training is not affected.",
        "Analysis of y.mp4 failed: there is no y.mp4. The training is not affected.",
    )


def test_log_gets_the_failure_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    steps = _Steps()

    def fail() -> None:
        raise ValueError("first.\nsecond " + "x" * 500)

    assert not steps.attempt("Filtering of x.mp4", fail)
    assert steps.notes == ["Filtering of x.mp4 failed: first. The training is not affected."]
    assert "second xxx" in capsys.readouterr().err


@pytest.mark.parametrize("end", [KeyboardInterrupt, Interrupted])
def test_an_interrupt_is_not_a_failure(end: type[BaseException]) -> None:
    def interrupt() -> None:
        raise end

    steps = _Steps()
    with pytest.raises(end):
        steps.attempt("x", interrupt)
    assert steps.notes == []


def test_a_labelled_video_without_points_is_told_by_its_table(tmp_path: Path) -> None:
    """Given predictions of three frames, as DeepLabCut lays them out: of one animal, and two."""
    for names, animals in (([], [()]), (["individuals"], [("ann",), ("bob",)])):
        columns = pd.MultiIndex.from_tuples(
            [
                ("net", *animal, part, coord)
                for animal in animals
                for part in ("paw", "nose")
                for coord in ("x", "y", "likelihood")
            ],
            names=["scorer", *names, "bodyparts", "coords"],
        )
        table = pd.DataFrame(0.3, index=range(3), columns=columns)
        table.loc[:, table.columns.get_level_values("coords") == "x"] = 100.0
        path = tmp_path / f"mouseDLC{len(animals)}.h5"
        table.to_hdf(path, key="df_with_missing", mode="w")
        assert not is_drawn(path, 0.6)
        assert not is_drawn(path, 0.3)  # DeepLabCut draws what is above it
        table.iloc[1, -1] = 0.7
        table.to_hdf(path, key="df_with_missing", mode="w")
        assert is_drawn(path, 0.6)


def test_a_video_tells_its_rate_and_size(tmp_path: Path) -> None:
    path = tmp_path / "mouse.avi"
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (96, 64))
    film.write(np.zeros((64, 96, 3), np.uint8))
    film.release()
    assert rate_and_size(path) == (25.0, (96, 64))
    assert rate_and_size(tmp_path / "none.avi") == (0.0, (0, 0))
