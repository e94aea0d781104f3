"""Which videos are brought to be analysed, and which to calibrate by."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.conftest import Bench

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.limits import Limits
from dlc_batch_core.request import Request
from dlc_batch_core.views import recordings
from dlc_batch_trainer.ingest import Ingest
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.videos import Videos

CAMERAS = Cameras(("left", "right"), "calibration_images")
BOARD = {f"calibration_images/board-{name}.mp4" for name in CAMERAS.names}
MICE = {f"videos/mouse-{name}.mp4" for name in CAMERAS.names}


def test_calibration_videos_are_unpacked_at_first_and_never_analysed(
    bench: Bench, tmp_path: Path
) -> None:
    project = tmp_path / "lab"
    for path in ("config.yaml", *BOARD, *MICE):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(path)
    bench.submit(bench.zip_project(project), "", Request(analyze_videos=True, cameras=CAMERAS))
    store = RunStore(bench.s3, bench.bucket, bench.keys, 1)
    run = store.read_request()

    ingest = Ingest.begin(store.find_upload(run), run.intake, Limits())
    copy = tmp_path / "copy"
    copy.mkdir()
    ingest.write(copy, lambda _done, _of: None)
    taken = {p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file()}
    assert taken == {"config.yaml", *BOARD}

    listed = Videos(run, store, Limits(), lambda: False).listed()
    assert {video.path for video in listed} == MICE
    (views,) = recordings(CAMERAS, listed).shared.values()
    assert set(views.values()) == MICE
