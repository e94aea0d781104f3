"""Faults and oddities of cameras: their names, their calibration images, 3D projects."""

from __future__ import annotations

from tests.corpus.case import case, zip_of
from tests.corpus.drafts import ROOT, Draft, png, single, stereo, three_d

IMAGES, REQUEST = "calibration_images/", "dlc-batch.yaml"


def _image(camera: str, number: int) -> str:
    return f"{IMAGES}{camera}-cam-{number:02d}.png"


def _drop(draft: Draft, camera: str, numbers: range) -> None:
    for number in numbers:
        del draft.files[_image(camera, number)]


def _with_3d(draft: Draft, place: str, count: int = 10) -> bytes:
    """Zip a project with a 3D project beside or within it."""
    pairs = [(camera, n) for camera in (1, 2) for n in range(1, count + 1)]
    images = {f"calibration_images/camera-{c}-{n:02d}.jpg": png() for c, n in pairs}
    files = {"config.yaml": three_d().files["config.yaml"], **images}
    draft.files |= {f"{place}{path}": data for path, data in files.items()}
    return zip_of(draft)


@case(stereo)
def good_project_of_two_cameras(_: Draft) -> None:
    pass


@case(stereo)
def cameras_in_folders_with_suffixes_of_either_case(draft: Draft) -> None:
    for camera in ("left", "right"):
        for n in range(1, 11):
            data = draft.files.pop(_image(camera, n))
            suffix = "PNG" if camera == "left" else "png"
            draft.files[f"{IMAGES}{camera}-cam/{n}.{suffix}"] = data


@case(stereo, ("camera-without-images", IMAGES))
def camera_without_images(draft: Draft) -> None:
    _drop(draft, "right", range(1, 11))


@case(stereo, ("cameras-calibration", IMAGES))
def calibration_images_left_at_home(draft: Draft) -> None:
    for camera in ("left", "right"):
        _drop(draft, camera, range(1, 11))


@case(stereo, ("cameras-few-moments", IMAGES), ("camera-image-alone", IMAGES))
def pairs_without_partner(draft: Draft) -> None:
    _drop(draft, "right", range(1, 5))


@case(stereo, ("cameras-too-few-moments", IMAGES), ("camera-image-alone", IMAGES))
def two_pairs(draft: Draft) -> None:
    _drop(draft, "left", range(1, 9))


@case(stereo, ("cameras-apart", IMAGES))
def cameras_calibrated_one_after_the_other(draft: Draft) -> None:
    for n in range(1, 11):
        draft.files[_image("right", n + 10)] = draft.files.pop(_image("right", n))


@case(stereo, ("calibration-sizes", IMAGES))
def calibration_image_of_another_size(draft: Draft) -> None:
    draft.files[_image("left", 4)] = png(128, 160)


@case(stereo, ("calibration-unreadable", IMAGES))
def calibration_image_that_is_cut_off(draft: Draft) -> None:
    draft.files[_image("left", 4)] = draft.files[_image("left", 4)][:10]


@case(stereo, ("camera-image-twice", IMAGES))
def calibration_image_in_two_formats(draft: Draft) -> None:
    draft.files[f"{IMAGES}left-cam-4.bmp"] = draft.files[_image("left", 4)]


@case(stereo, ("camera-image-unknown", IMAGES))
def calibration_image_of_no_camera(draft: Draft) -> None:
    draft.files[f"{IMAGES}leftcam-04.png"] = draft.files[_image("left", 4)]


def _film_the_board(draft: Draft) -> None:
    for camera in ("left", "right"):
        _drop(draft, camera, range(1, 11))
        draft.files[f"{IMAGES}board_{camera}-cam.mp4"] = b"film"


@case(stereo)
def calibration_videos(draft: Draft) -> None:
    _film_the_board(draft)


@case(stereo, ("camera-without-images", IMAGES))
def calibration_video_of_one_camera(draft: Draft) -> None:
    _film_the_board(draft)
    del draft.files[f"{IMAGES}board_right-cam.mp4"]


@case(stereo, ("cameras-apart", IMAGES))
def calibration_videos_of_two_recordings(draft: Draft) -> None:
    _film_the_board(draft)
    draft.files[f"{IMAGES}other_right-cam.mp4"] = draft.files.pop(f"{IMAGES}board_right-cam.mp4")


@case(stereo, ("calibration-unreadable", IMAGES))
def calibration_video_that_is_empty(draft: Draft) -> None:
    _film_the_board(draft)
    draft.files[f"{IMAGES}board_right-cam.mp4"] = b""


@case(stereo, ("video-of-calibration", REQUEST))
def calibration_video_among_those_to_be_analysed(draft: Draft) -> None:
    _film_the_board(draft)
    videos = [f"videos/walk_{camera}-cam.mp4" for camera in ("left", "right")]
    wanted = [*videos, f"{IMAGES}board_left-cam.mp4"]
    draft.replace(REQUEST, "analyze_videos: true", f"analyze_videos: {wanted}")


@case(stereo, ("triangulate-nothing", REQUEST))
def videos_named_differently(draft: Draft) -> None:
    draft.files["videos/jump_left-cam.mp4"] = draft.files.pop("videos/walk_left-cam.mp4")


@case(stereo, ("video-without-partner", REQUEST))
def video_of_one_camera_more(draft: Draft) -> None:
    draft.files["videos/jump_left-cam.mp4"] = b"film"


@case(stereo, ("request-value", REQUEST))
def board_without_rows(draft: Draft) -> None:
    draft.replace(REQUEST, "rows: 6", "kind: chessboard")


@case(single, ("cameras-board", REQUEST), ("triangulate-nothing", REQUEST))
def project_with_its_3d_project_within(draft: Draft) -> bytes:
    return _with_3d(draft, "reach3d/")


@case(single, ("cameras-board", REQUEST), ("triangulate-nothing", REQUEST))
def project_with_its_3d_project_beside(draft: Draft) -> bytes:
    draft.files = {f"reach/{path}": data for path, data in draft.files.items()}
    return _with_3d(draft, "reach-3d/")


@case(
    single,
    ("cameras-board", REQUEST),
    ("triangulate-nothing", REQUEST),
    ("cameras-too-few-moments", f"{ROOT}reach-3d/{IMAGES}"),
)
def three_d_project_beside_with_one_pair(draft: Draft) -> bytes:
    draft.files = {f"reach/{path}": data for path, data in draft.files.items()}
    return _with_3d(draft, "reach-3d/", count=1)
