"""Poses in space in the watching process: real processes do the work, tables come from S3."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.trainer.three_d.made_up import CAMERAS, write_tables

from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.videos import Video
from dlc_batch_trainer.after_training import Analysed
from dlc_batch_trainer.errors import InfrastructureError, UserError
from dlc_batch_trainer.in_space import SPACE_MODULE, InSpace
from dlc_batch_trainer.side_process import SideProcess
from dlc_batch_trainer.store import RunStore

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench

ROOT = Path(__file__).parents[2]
VIDEOS = {name: Video(f"videos/walk-{name}.mp4") for name in ("camera-1", "camera-2")}
BEFORE = FollowUp(videos_asked=2, videos=2)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("lab") / "walk"
    return make_demo_project(folder, DemoSize(frames=4, labelled=2))


@pytest.fixture
def space_of(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., InSpace]:
    """Makes what is tested, with processes as the program starts them."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'core'}:{ROOT / 'trainer_image'}")
    process = SideProcess(SPACE_MODULE, tmp_path, lambda: False, 3600, 300)

    def make(
        cameras: Cameras = CAMERAS, run: Callable[[str], str | None] = process.run
    ) -> InSpace:
        return InSpace(cameras, project, tmp_path / "made", tmp_path / "work", run)

    return make


@pytest.fixture
def store(bench: Bench) -> RunStore:
    return RunStore(bench.s3, bench.bucket, bench.keys, 1)


def analysed(store: RunStore, folder: Path, confidence: float = 0.9) -> dict[Video, Analysed]:
    """Leave the predictions of both videos in S3, as their analysis does."""
    found = {}
    write_tables(folder / "tables" / "videos", frames=40, confidence=confidence)
    store.write_results(folder / "tables")
    for name, video in VIDEOS.items():
        files = (f"videos/{name}.csv", f"videos/{name}.h5", f"videos/{name}_filtered.csv")
        found[video] = Analysed(files, (), frames_per_second=30.0)
    return found


def test_a_run_of_two_cameras(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of()
    space.calibrate()
    assert space.notes == []
    came = space.put_together(analysed(store, tmp_path), store, BEFORE)
    assert (came.recordings_asked, came.recordings, came.videos) == (1, 1, 2)
    assert came.calibration_px is not None
    assert came.reprojection_px is not None
    assert 0 < came.calibration_px < 0.1 < came.reprojection_px < 1
    assert came.error_mm is not None
    made = {path.name for path in (tmp_path / "made" / "3d").iterdir()}
    assert {"cameras.json", "calibration.json", "walk_DLC_3D.h5", "walk_3d.html"} <= made


def test_a_calibration_that_is_required_and_can_not_be_had_ends_the_run(
    space_of: Callable[..., InSpace],
) -> None:
    wrong = replace(CAMERAS, board=Board(9, 6, 25.0), require_calibration=True)
    with pytest.raises(UserError, match="can't be calibrated") as told:
        space_of(wrong).calibrate()
    assert told.value.remedy


def test_one_that_is_not_required_costs_the_poses_only(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of(replace(CAMERAS, board=Board(9, 6, 25.0)))
    space.calibrate()
    (note,) = space.notes
    assert note.startswith("The cameras can't be calibrated, so there are no poses in space.")
    came = space.put_together(analysed(store, tmp_path), store, BEFORE)
    assert came == replace(BEFORE, recordings_asked=1)


def test_a_process_that_fails_is_noted_or_where_required_ends_the_run(
    space_of: Callable[..., InSpace],
) -> None:
    space = space_of(run=lambda _task: "it was not made within 60 minutes")
    space.calibrate()
    assert "it was not made within 60 minutes" in space.notes[0]
    required = replace(CAMERAS, require_calibration=True)
    with pytest.raises(InfrastructureError, match="not made within"):
        space_of(required, lambda _task: "it was not made within 60 minutes").calibrate()


def test_a_table_that_is_gone_costs_its_recording_only(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of()
    space.calibrate()
    found = analysed(store, tmp_path)
    store.client.delete_object(Bucket=store.bucket, Key=f"{store.keys.results}videos/camera-2.csv")
    other = {Video(f"videos/run-{name}.mp4"): found[video] for name, video in VIDEOS.items()}
    came = space.put_together({**found, **other}, store, BEFORE)
    assert (came.recordings_asked, came.recordings) == (2, 0)
    assert len([note for note in space.notes if note.startswith("Putting the views of")]) == 2


def test_views_of_different_rates_are_not_put_together(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of()
    space.calibrate()
    found = analysed(store, tmp_path)
    second = VIDEOS["camera-2"]
    found[second] = replace(found[second], frames_per_second=25.0)
    assert space.put_together(found, store, BEFORE).recordings == 0
    assert space.notes == [
        "There are no poses in space of walk: its videos have different numbers of frames a second"
        " (camera-1 30, camera-2 25)."
    ]


def test_a_cutoff_of_nothing_takes_every_prediction(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of()
    space.project = shutil.copytree(space.project, tmp_path / "walk")
    config = space.project / "config.yaml"
    config.write_text(re.sub(r"(?m)^pcutoff:.*$", "pcutoff: 0", config.read_text()))
    space.calibrate()
    came = space.put_together(analysed(store, tmp_path, confidence=0.3), store, BEFORE)
    assert came.recordings == 1
    assert space.notes == []


def test_a_video_of_another_form_than_the_calibration_is_told(
    space_of: Callable[..., InSpace], store: RunStore, tmp_path: Path
) -> None:
    space = space_of()
    space.calibrate()
    found = analysed(store, tmp_path)
    cropped = {video: replace(done, frame_size=(100, 100)) for video, done in found.items()}
    again = {v: Analysed.from_dict(json.loads(json.dumps(asdict(d)))) for v, d in cropped.items()}
    assert again == cropped  # as the next attempt reads it
    came = space.put_together(again, store, BEFORE)
    assert came.recordings == 0
    note = space.notes[-1]
    assert "the video of camera-1 has 100 x 100 pixels" in note
