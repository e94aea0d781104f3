"""The zip of a project's folder: what training needs, and nothing else."""

import os
import random
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from dlc_batch.checking import check_path
from dlc_batch.packing import pack, plan_packing
from dlc_batch.previewing import load_of
from dlc_batch.request_changes import RequestChanges, changed_request
from dlc_batch_core.errors import LabError
from dlc_batch_core.intake import is_taken

WANTED = {
    "mouse/config.yaml",
    "mouse/labeled-data/video1/CollectedData_Ann.csv",
    "mouse/labeled-data/video1/img01.png",
    "mouse/labeled-data/video1/img02.png",
    "mouse/dlc-models-pytorch/iteration-0/reach-shuffle1/train/pytorch_config.yaml",
}


def packed(project: Path) -> Path:
    target = project.parent / "packed.zip"
    pack(plan_packing(project), target)
    return target


def test_videos_pickles_and_old_models_stay_here(project: Path) -> None:
    assert {file.member for file in plan_packing(project)} == WANTED


def test_the_request_goes_along(project: Path) -> None:
    (project / "dlc-batch.yaml").write_text("epochs: 3\n")
    members = {file.member for file in plan_packing(project)}
    assert members == {*WANTED, "mouse/dlc-batch.yaml"}


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("true", {"videos/video1.mp4", "films/day1.AVI"}),
        ("[films/day1.AVI, 's3://b/uploads/lab/videos/c.mp4']", {"films/day1.AVI"}),
        ("false", set()),
    ],
)
def test_videos_that_are_to_be_analysed_go_along(
    project: Path, asked: str, taken: set[str], tmp_path: Path
) -> None:
    (tmp_path / "day1.AVI").write_bytes(b"film")
    (project / "films").mkdir()
    (project / "films" / "day1.AVI").symlink_to(tmp_path / "day1.AVI")  # as DeepLabCut does
    (project / "films" / "again").symlink_to(project)  # a way back to where it began
    (project / "videos" / "video1DLC_labeled.mp4").write_bytes(b"drawn by DeepLabCut")
    (project / "dlc-batch.yaml").write_text(f"analyze_videos: {asked}\n")
    with zipfile.ZipFile(packed(project)) as archive:
        methods = {info.filename: info.compress_type for info in archive.infolist()}
    videos = {f"mouse/{name}" for name in taken}
    assert set(methods) == {*WANTED, "mouse/dlc-batch.yaml", *videos}
    assert {methods[name] for name in videos} <= {zipfile.ZIP_STORED}
    assert check_path(project.parent / "packed.zip").is_trainable


def test_the_split_made_at_home_goes_along(project: Path) -> None:
    dataset = "training-datasets/iteration-0/UnaugmentedDataSet_reachJan1"
    names = (
        "Documentation_data-reach_95shuffle1.pickle",
        "CollectedData_Ann.csv",
        "metadata.yaml",
    )
    (project / dataset).mkdir(parents=True)
    for name in (*names, "CollectedData_Ann.h5", "reach_Ann95shuffle1.mat"):
        (project / dataset / name).write_bytes(b"some")
    members = {file.member for file in plan_packing(project)}
    assert members == {*WANTED, *(f"mouse/{dataset}/{name}" for name in names)}


def test_what_is_compressed_already_is_stored_unless_there_is_more_in_it(project: Path) -> None:
    frames = project / "labeled-data" / "video1"
    dense = random.Random(1).randbytes(50_000)
    (frames / "img03.png").write_bytes(dense)
    (frames / "img04.jpg").write_bytes(dense + bytes(5_000))  # as some encoders leave
    (frames / "img05.bmp").write_bytes(bytes(50_000))
    with zipfile.ZipFile(packed(project)) as archive:
        infos = {PurePosixPath(info.filename).name: info for info in archive.infolist()}
    assert infos["img03.png"].compress_type == zipfile.ZIP_STORED
    for name in ("img04.jpg", "img05.bmp", "CollectedData_Ann.csv"):
        assert infos[name].compress_type == zipfile.ZIP_DEFLATED
        assert infos[name].compress_size < infos[name].file_size


def test_the_same_project_gives_the_same_bytes(project: Path) -> None:
    before = packed(project).read_bytes()
    for path in project.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o755)
    assert packed(project).read_bytes() == before


def test_settings_of_the_tensorflow_engine_go_along(project: Path) -> None:
    train = project / "dlc-models/iteration-0/reach-trainset95shuffle1/train"
    train.mkdir(parents=True)
    for name in ("pose_cfg.yaml", "snapshot-1000.index", "learning_stats.csv"):
        (train / name).write_text("some")
    wanted = (train / "pose_cfg.yaml").relative_to(project.parent).as_posix()
    assert {file.member for file in plan_packing(project)} == {*WANTED, wanted}


def test_all_that_the_trainer_unpacks_goes_along(project: Path) -> None:
    with zipfile.ZipFile(packed(project)) as archive:
        packed_paths = {PurePosixPath(n).relative_to("mouse") for n in archive.namelist()}
    there = [p.relative_to(project) for p in project.rglob("*") if p.is_file()]
    taken = {PurePosixPath(p) for p in there if is_taken(PurePosixPath(p))}
    assert packed_paths == {path for path in taken if ".hidden" not in path.parts}


def test_a_request_may_be_given_instead_of_the_projects_own(project: Path) -> None:
    own, target = project / "dlc-batch.yaml", project.parent / "packed.zip"
    own.write_text("epochs: 3\n")
    pack(plan_packing(project, "analyze_videos: true\n"), target)
    with zipfile.ZipFile(target) as archive:
        assert archive.read("mouse/dlc-batch.yaml") == b"analyze_videos: true\n"
        assert "mouse/videos/video1.mp4" in archive.namelist()
    assert own.read_text() == "epochs: 3\n"


@pytest.mark.parametrize("name", ["videos/video1.mp4", "labeled-data/video1/img01.png"])
@pytest.mark.parametrize("becomes", [b"cut", b"video" * 1001])
def test_a_file_that_became_another_is_told(name: str, becomes: bytes, project: Path) -> None:
    (project / "dlc-batch.yaml").write_text("analyze_videos: true\n")
    files = plan_packing(project)
    (project / name).write_bytes(becomes)
    with pytest.raises(LabError, match=f"{Path(name).name} was changed"):
        pack(files, project.parent / "packed.zip")


def test_unzip_agrees_and_unpacks_the_same_bytes(project: Path, tmp_path: Path) -> None:
    archive, target = packed(project), tmp_path / "unzipped"
    subprocess.run(["unzip", "-tq", archive], check=True)
    subprocess.run(["unzip", "-q", archive, "-d", target], check=True)
    for member in WANTED:
        assert (target / member).read_bytes() == (project.parent / member).read_bytes()


def test_what_is_packed_passes_the_check(project: Path) -> None:
    assert check_path(packed(project)).is_trainable


def test_packing_tells_its_progress(project: Path) -> None:
    files, told = plan_packing(project), list[int]()
    pack(files, project.parent / "packed.zip", told.append)
    assert sum(told) == sum(file.size for file in files) > 0


def test_the_plan_is_in_a_stable_order(project: Path) -> None:
    members = [file.member for file in plan_packing(project)]
    assert members == sorted(members)
    (project / "labeled-data/video0").mkdir()
    (project / "labeled-data/video0/img.png").write_bytes(b"")
    assert [m for m in (f.member for f in plan_packing(project)) if "video0" not in m] == members


def test_files_older_than_zips_are_packed(project: Path) -> None:
    os.utime(project / "config.yaml", (0, 0))  # 1970; a zip's clock begins in 1980
    assert check_path(packed(project)).is_trainable


def test_a_folder_that_is_no_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"config\.yaml"):
        plan_packing(tmp_path)


def test_the_folder_may_be_named_by_a_dot(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert {file.member for file in plan_packing(Path())} == WANTED


def test_the_list_of_shuffles_made_at_home_goes_along(project: Path) -> None:
    metadata = project / "training-datasets/iteration-0/set/metadata.yaml"
    metadata.write_text("shuffles: {}\n")
    members = {file.member for file in plan_packing(project)}
    assert members == {*WANTED, "mouse/training-datasets/iteration-0/set/metadata.yaml"}


def test_what_a_link_leads_to_goes_along(project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (project / "labeled-data" / "video1").rename(elsewhere)
    (project / "labeled-data" / "video1").symlink_to(elsewhere)
    assert {file.member for file in plan_packing(project)} == WANTED


def test_a_link_that_leads_back_adds_nothing(project: Path) -> None:
    (project / "labeled-data" / "again").symlink_to(project / "labeled-data")
    (project / "labeled-data" / "video1" / "up").symlink_to(project)
    assert {file.member for file in plan_packing(project)} == WANTED


def test_labels_that_only_an_h5_holds_are_refused(project: Path) -> None:
    (project / "labeled-data/video2").mkdir()
    (project / "labeled-data/video2/CollectedData_Ann.h5").write_bytes(b"hdf")
    found = check_path(project)
    assert not found.is_trainable
    assert [p for p in found.problems if p.where.startswith("labeled-data/video2")]


# --- cameras


def write(folder: Path, *names: str, config: str | None = None) -> None:
    """Write images, as far as names go, and the config.yaml of a 3D project."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"image")
    if config is not None:
        folder.mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(config)


CAMERAS = "cameras: {names: [left, right], board: {columns: 9, rows: 6}}\n"
CONFIG_3D = "num_cameras: 2\ncamera_names: [left, right]\n"
PAIR = ("calibration_images/left1.jpg", "calibration_images/right1.JPG")
LEFT_OUT = ("calibration_images/left1.pickle", "camera_matrix/stereo_params.pickle")


def members_of(project: Path, request: str | None = None) -> set[str]:
    return {file.member for file in plan_packing(project, request)}


def test_calibration_images_go_along_where_cameras_are_asked_for(project: Path) -> None:
    write(project, *PAIR, *LEFT_OUT)
    assert members_of(project) == WANTED
    images = {f"mouse/{name}" for name in PAIR}
    assert members_of(project, CAMERAS) == {*WANTED, "mouse/dlc-batch.yaml", *images}
    (project / "dlc-batch.yaml").write_text(CAMERAS)
    assert members_of(project) == {*WANTED, "mouse/dlc-batch.yaml", *images}


FILMS = ("calibration_images/board-left.mp4", "calibration_images/board-right.avi")


@pytest.mark.parametrize("analyze", ["", "analyze_videos: true\n"])
def test_calibration_videos_go_along_where_there_is_no_image(project: Path, analyze: str) -> None:
    write(project, *FILMS, *LEFT_OUT)
    request = CAMERAS + analyze
    films = {f"mouse/{name}" for name in FILMS}
    videos = {"mouse/videos/video1.mp4"} if analyze else set()
    assert members_of(project, request) == {*WANTED, "mouse/dlc-batch.yaml", *videos, *films}
    assert load_of(project, request).kinds["videos"][0] == len(films) + len(videos)
    write(project, *PAIR)
    images = {f"mouse/{name}" for name in PAIR}
    assert members_of(project, request) == {*WANTED, "mouse/dlc-batch.yaml", *videos, *images}


def test_so_do_those_of_a_3d_project(project: Path) -> None:
    write(project / "mouse-3d", *FILMS, *LEFT_OUT, config=CONFIG_3D)
    more = {f"mouse/mouse-3d/{name}" for name in ("config.yaml", *FILMS)}
    assert members_of(project) == {*WANTED, *more}


def test_so_does_a_calibration_made_elsewhere(project: Path) -> None:
    write(project, *PAIR, "rig/calib.toml", "rig/calib.json")
    request = "cameras: {names: [left, right], calibration: rig/calib.toml}"
    more = {"mouse/dlc-batch.yaml", "mouse/rig/calib.toml"}
    assert members_of(project, request) == {*WANTED, *more}


def test_a_3d_project_within_the_project_goes_along(project: Path) -> None:
    write(project / "mouse-3d", *PAIR, *LEFT_OUT, config=CONFIG_3D)
    more = {f"mouse/mouse-3d/{name}" for name in ("config.yaml", *PAIR)}
    assert members_of(project) == {*WANTED, *more}


@pytest.mark.parametrize("request_text", [None, "analyze_videos: true\nepochs: 3\n"])
def test_a_folder_that_holds_both_projects_may_be_sent(
    request_text: str | None, project: Path
) -> None:
    both = project.parent / "both"
    both.mkdir()
    project = project.rename(both / "mouse")
    write(both / "mouse-3d", *PAIR, *LEFT_OUT, config=CONFIG_3D)
    wanted = {f"both/{name}" for name in WANTED}
    wanted |= {f"both/mouse-3d/{name}" for name in ("config.yaml", *PAIR)}
    if request_text:
        wanted |= {"both/mouse/dlc-batch.yaml", "both/mouse/videos/video1.mp4"}
    files = plan_packing(both, request_text)
    assert {file.member for file in files} == wanted
    target = both.parent / "both.zip"
    pack(files, target)
    here, there = check_path(both, request=request_text), check_path(target)
    codes = [sorted(each.code for each in found.problems) for found in (here, there)]
    assert codes[0] == codes[1]
    assert here.request == there.request
    assert (here.root, there.root) == ("mouse/", "both/mouse/")
    assert (here.images_3d, there.images_3d) == (
        "mouse-3d/calibration_images/",
        "both/mouse-3d/calibration_images/",
    )
    assert here.request is not None
    assert here.request.cameras is not None
    assert here.request.epochs == (3 if request_text else None)


def test_options_go_over_the_request_of_the_project_within(project: Path) -> None:
    both = project.parent / "both"
    both.mkdir()
    project = project.rename(both / "mouse")
    write(both / "mouse-3d", *PAIR, config=CONFIG_3D)
    (project / "dlc-batch.yaml").write_text("epochs: 3\nseed: 5\n")
    text = changed_request(both, RequestChanges({"epochs": 7}))
    assert text is not None
    found = check_path(both, request=text)
    assert found.request is not None
    assert (found.request.epochs, found.request.seed) == (7, 5)
    (packed_request,) = (f for f in plan_packing(both, text) if f.member.endswith("batch.yaml"))
    assert packed_request.member == "both/mouse/dlc-batch.yaml"
    assert packed_request.content == text.encode()


def test_two_projects_in_a_folder_are_still_refused(project: Path) -> None:
    write(project.parent / "rat", config="Task: t\n")
    with pytest.raises(LabError, match="2 projects"):
        plan_packing(project.parent)


NAMELESS = "cameras: {board: {columns: 9, rows: 6}}\n"


def test_a_3d_project_beside_the_folder_that_is_given_is_told(project: Path) -> None:
    (project / "dlc-batch.yaml").write_text(NAMELESS)
    (told,) = [p for p in check_path(project).problems if p.code == "cameras-names"]
    assert "no 3D project with cameras lies beside" in told.what
    write(project.parent / "mouse-3d", *PAIR, config=CONFIG_3D)
    (told,) = [p for p in check_path(project).problems if p.code == "cameras-names"]
    assert "the 3D project mouse-3d beside the project is not looked at" in told.what
    assert f"dlc-batch check {project.parent}." in told.remedy
