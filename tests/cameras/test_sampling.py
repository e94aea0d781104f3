"""Calibration videos: still moments are taken all along them, and the cameras are found."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import calibrate
from dlc_batch_cameras.sampling import look_in_videos
from dlc_batch_core.errors import ProjectError

HELD, FRAMES = 10, 5  # of each place one frame is sharp


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("videos")
    found = {}
    for camera in drawn.rig(2):
        path = folder / f"{camera.name}.avi"
        file = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, drawn.SIZE)
        for number, place in enumerate(drawn.places(HELD, 3)):
            sharp = drawn.draw(camera, drawn.CHESS, place)
            for frame in range(FRAMES):
                moved = cv2.blur(sharp, (15, 1)) if frame != number % FRAMES else sharp
                file.write(cv2.cvtColor(moved, cv2.COLOR_GRAY2BGR))
        file.release()
        found[camera.name] = path
    return found


def test_the_still_frames_are_taken_and_the_cameras_found(videos: dict[str, Path]) -> None:
    told = []
    found = look_in_videos(drawn.CHESS, videos, HELD, progress=lambda *each: told.append(each))
    assert told == [(each, HELD) for each in range(1, HELD + 1)]
    frames = sorted({int(each.shot) for each in found.seen})
    assert frames == [FRAMES * each + each % FRAMES for each in range(HELD)]
    (baseline,) = calibrate(found).baselines
    true_mm = np.linalg.norm(drawn.rig(2).cameras[1].centre)
    assert baseline.mm == pytest.approx(true_mm, rel=0.01)


def test_videos_that_begin_at_different_times(videos: dict[str, Path]) -> None:
    found = look_in_videos(drawn.CHESS, videos, 9, {"camera-1": FRAMES, "camera-2": FRAMES})
    assert {int(each.shot) for each in found.seen} == {
        FRAMES * each + (each + 1) % FRAMES for each in range(HELD - 1)
    }


def test_a_video_that_cannot_be_read_is_told_of(videos: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "camera-2.avi"
    broken.write_bytes(b"no video")
    found = look_in_videos(drawn.CHESS, {**videos, "camera-2": broken}, 3)
    (told,) = found.problems
    assert (told.code, told.where) == ("calibration-unreadable", "camera-2.avi")
    with pytest.raises(ProjectError) as caught:
        calibrate(found)
    assert "calibration-cameras" in {each.code for each in caught.value.problems}


def test_videos_of_another_board_are_refused(videos: dict[str, Path]) -> None:
    with pytest.raises(ProjectError) as caught:
        look_in_videos(Board(8, 6, 25.0), videos, 3)
    assert {each.code for each in caught.value.problems} == {"calibration-other-board"}
