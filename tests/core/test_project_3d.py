"""3D projects as the field makes them: what DeepLabCut writes, Windows paths, either case."""

import pytest

from dlc_batch_core.project_3d import find_scenes, read_project_3d, split_name
from dlc_batch_core.yaml_reader import read_yaml_mapping

CONFIG = r"""
Task: reaching
scorer: Linus
date: Jun5
project_path: C:\Users\lab\reaching-Linus-2019-06-05-3d
colormap: jet
pcutoff: 0.4
num_cameras: 2
camera_names: [camera-1, camera-2]
scorername_3d: DLC_3D
skeleton:
- [hand, nose]
- [nose, tail]
skeleton_color: black
config_file_camera-1: C:\Users\lab\side view-Linus-2019-06-05\config.yaml
config_file_camera-2: /home/lab/top-Linus-2019-06-05/config.yaml
shuffle_camera-1: 2
trainingsetindex_camera-1: 0
shuffle_camera-2: 1
trainingsetindex_camera-2: 1
"""
IMAGES = [
    "calibration_images/camera-1-01.jpg",
    "calibration_images/camera-1-02.JPG",
    "calibration_images/camera-1-3.png",
    "calibration_images/Camera-2-1.jpg",
    "calibration_images/camera-2-02.jpeg",
    "calibration_images/camera-2-04.jpg",
    "calibration_images/notes.txt",
    "calibration_images/desk.jpg",
    "removed_calibration_images/camera-1-09.jpg",
    "corners/camera-1-01_corner.jpg",
]


def test_what_deeplabcut_writes_is_read() -> None:
    found = read_project_3d(read_yaml_mapping(CONFIG, "config.yaml"), IMAGES)
    one, two = found.cameras
    assert (one.name, one.project, one.shuffle, one.train_fraction_index) == (
        "camera-1",
        "side view-Linus-2019-06-05",
        2,
        0,
    )
    assert (two.project, two.shuffle, two.train_fraction_index) == ("top-Linus-2019-06-05", 1, 1)
    assert (found.task, found.scorer, found.pcutoff) == ("reaching", "DLC_3D", 0.4)
    assert found.skeleton == (("hand", "nose"), ("nose", "tail"))
    assert list(one.images.values()) == IMAGES[:3]
    assert found.shots == ("000001", "000002")
    assert two.images["000001"] == "calibration_images/Camera-2-1.jpg"
    assert found.strangers == ("calibration_images/desk.jpg",)


def test_keys_that_calibrate_cameras_renamed_are_read() -> None:
    config = {
        "camera_names": ["left", "right"],
        "num_cameras": 2,
        "config_file_left": "D:/dlc/2D/config.yaml",
        "shuffle_left": 3,
        "config_file_camera-2": "/home/mackenzie/DEEPLABCUT/DeepLabCut/2DprojectCam2/c.yaml",
        "trainingsetindex_camera-2": 1,
    }
    found = read_project_3d(
        config, ["calibration_images/left01.jpg", "calibration_images/right01.jpg"]
    )
    assert [(each.project, each.shuffle) for each in found.cameras] == [("2D", 3), (None, 1)]
    assert found.cameras[1].train_fraction_index == 1
    assert found.shots == ("000001",)


@pytest.mark.parametrize("value", [None, 3, "camera-1", [], [{"a": 1}], [None, True]], ids=str)
def test_a_config_without_cameras_has_none(value: object) -> None:
    found = read_project_3d({"num_cameras": 2, "camera_names": value, "skeleton": value}, IMAGES)
    assert (found.cameras, found.shots) == ((), ())


@pytest.mark.parametrize(
    ("stem", "camera", "rest"),
    [
        ("camera-10-02", "camera-10", "000002"),
        ("camera-1-02", "camera-1", "000002"),
        ("m3_camera-1_trial2", "camera-1", "m000003_trial000002"),
        ("m3-CAMERA-1", "camera-1", "m000003"),
        ("camera-12-02", None, ""),
        ("minicamera-1-02", None, ""),
    ],
)
def test_a_name_is_split_at_the_camera(stem: str, camera: str | None, rest: str) -> None:
    found = split_name(stem, ["camera-1", "camera-10"])
    assert found == (None if camera is None else (camera, rest))


def test_videos_of_one_scene_differ_by_the_camera() -> None:
    paths = [
        "videos/mouse1-camera-1-trial.mp4",
        "videos/mouse1-camera-2-trial.avi",
        "videos/mouse2_camera-1.MP4",
        "videos/mouse1-camera-1-trial_labeled.mp4",
        "videos/other.mp4",
        "old/mouse2_camera-2.mp4",
    ]
    scenes = {each.name: each for each in find_scenes(("camera-1", "camera-2"), paths[:5])}
    assert scenes["mouse1_trial"].videos == {"camera-1": paths[0], "camera-2": paths[1]}
    assert scenes["mouse1_trial"].missing == ()
    assert scenes["mouse2"].missing == ("camera-2",)
    assert len(find_scenes(("camera-1", "camera-2"), paths)) == 3
