"""Calibration videos: still moments are taken all along them, and the cameras are found."""

from pathlib import Path

import numpy as np
import pytest
from tests.cameras import drawn

from dlc_batch_cameras.board import Board
from dlc_batch_cameras.calibration import calibrate
from dlc_batch_cameras.sampling import look_in_videos
from dlc_batch_cameras.sightings import Sightings
from dlc_batch_core.errors import ProjectError

HELD, FRAMES = 10, 5  # of each place one frame is sharp
ONE, TWO = "camera-1", "camera-2"
Videos = dict[str, dict[str, Path]]


def of_one(videos: dict[str, Path]) -> Videos:
    """The videos of one recording, as they are looked at."""
    return {camera: {"board": path} for camera, path in videos.items()}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Videos:
    held = drawn.places(HELD, 3)
    return of_one(drawn.film(tmp_path_factory.mktemp("videos"), drawn.rig(2), held, FRAMES))


def baseline_of(found: Sightings) -> float:
    (baseline,) = calibrate(found).baselines
    return baseline.mm


TRUE_MM = float(np.linalg.norm(drawn.rig(2).cameras[1].centre))


def test_the_still_frames_are_taken_and_the_cameras_found(videos: Videos) -> None:
    told = []
    found = look_in_videos(
        drawn.CHESS, videos, count=HELD, progress=lambda *each: told.append(each)
    )
    assert told == [(each, HELD) for each in range(1, HELD + 1)]
    sharp = [FRAMES * each + each % FRAMES for each in range(HELD)]
    assert sorted({each.shot for each in found.seen}) == [f"board {each:08d}" for each in sharp]
    assert {each.image for each in found.of(TWO)} == {f"{TWO}.avi frame {each}" for each in sharp}
    assert found.problems == ()
    assert baseline_of(found) == pytest.approx(TRUE_MM, rel=0.01)


def test_offsets_hold_for_them_too(tmp_path: Path) -> None:
    late = of_one(drawn.film(tmp_path, drawn.rig(2), drawn.places(HELD, 3), FRAMES, late=7))
    for offsets in ({TWO: 7}, {ONE: -7}):
        found = look_in_videos(drawn.CHESS, late, offsets, HELD)
        assert {each.image for each in found.of(TWO)} == {
            f"{TWO}.avi frame {7 + FRAMES * each + each % FRAMES}" for each in range(HELD)
        }
        assert found.problems == ()
        assert baseline_of(found) == pytest.approx(TRUE_MM, rel=0.01)


def test_videos_that_do_not_run_together_are_told_by_that_reason(tmp_path: Path) -> None:
    films = drawn.film(tmp_path, drawn.rig(2), drawn.waved(60, 3, each=4), frames=1, late=6)
    with pytest.raises(ProjectError) as caught:
        calibrate(look_in_videos(drawn.CHESS, of_one(films), count=20))
    (told,) = [each for each in caught.value.problems if each.code == "calibration-pairs"]
    assert "same time" in told.what
    assert told.remedy.startswith("Start the cameras together, or tell the videos' `offsets`")


def test_several_recordings_count_together(videos: Videos, tmp_path: Path) -> None:
    held, cameras = drawn.places(6, 5), drawn.rig(2)
    more = drawn.film(tmp_path, cameras, held, FRAMES, name="more-{}.avi")
    alone = drawn.film(tmp_path, cameras.cameras[:1], held[:2], FRAMES, name="alone-{}.avi")
    both = {c: {**by_name, "more": more[c]} for c, by_name in videos.items()}
    both[ONE]["alone"] = alone[ONE]
    told = []
    found = look_in_videos(drawn.CHESS, both, count=6, progress=lambda *each: told.append(each))
    assert told == [(each, 18) for each in range(1, 19)]
    assert {each.shot.split()[0] for each in found.of(ONE)} == {"board", "more", "alone"}
    assert {each.shot.split()[0] for each in found.of(TWO)} == {"board", "more"}


@pytest.mark.parametrize("data", [b"", b"no video"], ids=len)
def test_a_video_that_cannot_be_read_is_told_of(
    videos: Videos, tmp_path: Path, data: bytes
) -> None:
    broken = tmp_path / f"{TWO}.avi"
    broken.write_bytes(data)
    found = look_in_videos(drawn.CHESS, {**videos, TWO: {"board": broken}}, count=3)
    (told,) = found.problems
    assert (told.code, told.where) == ("calibration-unreadable", broken.name)
    assert told.what == f"1 video can't be read: {broken.name}."
    with pytest.raises(ProjectError) as caught:
        calibrate(found)
    assert "calibration-cameras" in {each.code for each in caught.value.problems}


def test_one_that_is_cut_off_is_used_as_far_as_it_goes(videos: Videos, tmp_path: Path) -> None:
    whole = videos[TWO]["board"]
    cut = tmp_path / whole.name
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = look_in_videos(drawn.CHESS, {**videos, TWO: {"board": cut}}, count=HELD)
    assert 2 < len(found.of(TWO)) < HELD
    (told,) = found.problems
    assert (told.code, told.where) == ("calibration-unreadable", whole.name)
    assert f"of {HELD * FRAMES} only" in told.what


def test_videos_of_unequal_length_are_told_of(videos: Videos, tmp_path: Path) -> None:
    short = drawn.film(tmp_path, drawn.rig(2), drawn.places(HELD, 3)[:5], FRAMES)
    found = look_in_videos(drawn.CHESS, {**videos, TWO: {"board": short[TWO]}}, count=5)
    (told,) = found.problems
    assert told.code == "calibration-videos-differ"
    assert told.what == (
        "camera-1.avi has 50 frames, 25 a second, camera-2.avi has 25 frames, 25 a second:"
        " 25 of each are looked at."
    )
    assert len(found.of(ONE)) == len(found.of(TWO)) == 5


def test_an_offset_beyond_the_end_is_told_of(videos: Videos) -> None:
    found = look_in_videos(drawn.CHESS, videos, {TWO: 50}, 3)
    (told,) = [each for each in found.problems if each.where == f"{TWO}.avi"]
    assert (told.code, told.what[:28]) == (
        "calibration-unreadable",
        "camera-2.avi has 50 frames, ",
    )
    assert "`offsets`" in told.what


def test_black_frames_at_the_start_are_no_pictures_of_another_camera(tmp_path: Path) -> None:
    held = drawn.places(HELD, 3)
    films = {}
    for camera in drawn.rig(3).cameras[1:]:  # none of them is the first
        films |= drawn.film(tmp_path, (drawn.rig(3).cameras[0], camera), held, FRAMES, FRAMES)
    del films[ONE]
    found = look_in_videos(drawn.CHESS, of_one(films), count=HELD + 1)
    assert {each.code for each in found.problems} == {"calibration-not-found"}


def test_videos_of_another_board_are_refused(videos: Videos) -> None:
    with pytest.raises(ProjectError) as caught:
        look_in_videos(Board(8, 6, 25.0), videos, count=3)
    assert {each.code for each in caught.value.problems} == {"calibration-other-board"}
