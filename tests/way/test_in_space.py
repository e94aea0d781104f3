"""Poses in space, the whole way: two views in, 3D out, and what a lab does with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest
from tests.mail_words import words_of
from tests.way.commands import answer_at_home
from tests.way.conftest import ROOT, Way
from tests.way.two_views import (
    CAMERAS,
    LAB,
    cameras_of,
    make_3d_project,
    make_two_views,
    number_backwards,
    put,
    seen_by_first,
    true_points,
    write_anipose_calibration,
)

from dlc_batch.demo.project import REQUEST, DemoSize
from dlc_batch.demo.scene import BODY_PARTS, MARKERS
from dlc_batch_core.keys import RunKeys

OVERRIDES: Any = REQUEST["overrides"]
PAGE = (ROOT / "docs" / "three-d.md").read_text(encoding="utf-8")
#: What the page has labs do in Python: read the poses, and have DeepLabCut draw them.
READ, DRAW = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
#: What comes of it without the page's line.
BROKEN = """\
import deeplabcut
try:
    deeplabcut.create_labeled_video_3d("../a-3d/config.yaml", ["videos/walk_DLC_3D.h5"])
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""
#: So that a network learns enough to be sure, in a minute.
LEARNING: Any = {
    "size": DemoSize(frames=60, labelled=24),
    "epochs": 20,
    "overrides": {**OVERRIDES, "runner.scheduler.params.milestones": [15, 18]},
}
#: For what needs no network that learns.
SMALL: Any = {
    "size": DemoSize(frames=16, labelled=8),
    "epochs": 1,
    "overrides": {**OVERRIDES, "runner.optimizer.params.lr": 1e-5},
}
# The small sisters are tests/trainer/test_in_space.py and tests/trainer/three_d.
pytestmark = pytest.mark.long
OF_CAMERAS = ("cameras.json", "calibration.toml", "methods.txt")
OF_A_RECORDING = (
    "walk_3d.html",
    "walk_3d.jpg",
    "walk_3d.json",
    "walk_3d.mp4",
    "walk_3d.npz",
    "walk_DLC_3D.csv",
    "walk_DLC_3D.h5",
    "walk_DLC_3D_meta.pickle",
)
LENGTH_MM = float(np.linalg.norm(np.subtract(MARKERS["snout"][0], MARKERS["tailbase"][0])))


@dataclass(frozen=True)
class Sent:
    """A project, and its run."""

    project: Path
    run: str


def submit(way: Way, folder: Path) -> str:
    return str(answer_at_home(way.cloud.home, "submit", str(folder), "--lab", LAB)["run_id"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def refused(real_way: Way, lab: Path) -> Sent:
    """A 3D project of DeepLabCut's lies beside. Its cameras' images do not belong together, and
    the request requires that they do."""
    cameras = {"board": CAMERAS["board"], "require_calibration": True}
    project = make_two_views(lab / "experiment" / "walk", cameras=cameras, **LEARNING)
    number_backwards(make_3d_project(project) / "calibration_images")
    return Sent(project, put(real_way, project.parent))


@pytest.fixture(scope="module")
def mended(real_way: Way, refused: Sent) -> Sent:
    """The same with the images numbered as they were taken, sent by the client."""
    real_way.ended(refused.run, seconds=300)
    number_backwards(three_d_project(refused) / "calibration_images")
    return Sent(refused.project, submit(real_way, refused.project.parent))


@pytest.fixture(scope="module")
def flat(real_way: Way, lab: Path, mended: Sent) -> Sent:
    """Images that do not belong together, in a project that requires nothing of them."""
    del mended  # goes first
    project = make_two_views(lab / "flat", cameras=CAMERAS, **SMALL)
    number_backwards(project / "calibration_images")
    return Sent(project, put(real_way, project))


@pytest.fixture(scope="module")
def fetched(real_way: Way, mended: Sent, flat: Sent) -> Path:
    """The project of the lab, with the results in it."""
    del flat  # waits for its turn meanwhile
    real_way.ended(mended.run, seconds=900)
    answer_at_home(real_way.cloud.home, "fetch", mended.run, str(mended.project))
    return mended.project


@pytest.fixture(scope="module")
def elsewhere(real_way: Way, lab: Path, mended: Sent, fetched: Path) -> Sent:
    """Cameras that Anipose has calibrated, for the network that was trained before."""
    del fetched  # its training is over
    cameras = {"names": CAMERAS["names"], "calibration": "calibration.toml"}
    project = make_two_views(lab / "more", cameras=cameras, weights=mended.run, **SMALL)
    write_anipose_calibration(project)
    return Sent(project, submit(real_way, project))


def test_images_that_do_not_belong_together_end_a_run_that_requires_a_calibration(
    real_way: Way, refused: Sent
) -> None:
    ended = real_way.ended(refused.run, seconds=300)

    assert ended.status == "FAILED"
    assert "The cameras can't be calibrated." in ended.message
    assert "how the two cameras stand" in ended.message
    (mail,) = real_way.mails(refused.run, "FAILED")
    assert "camera-1 and camera-2 have 26 images of the board at the same time" in words_of(mail)
    assert "What to do: Start the cameras together" in words_of(mail)
    assert "It failed before the training began: there is no checkpoint." in words_of(mail)
    keys = RunKeys(LAB, refused.run).shuffle(1)
    outcome = read_json(real_way, keys.outcome)
    assert (outcome["status"], outcome["error_kind"]) == ("FAILED", "user")
    progress = read_json(real_way, keys.progress)
    assert (progress["stage"], progress["epoch"]) == ("calibrate", 0)
    (job,) = real_way.jobs(refused.run)
    (told,) = real_way.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    assert [each["container"]["exitCode"] for each in told["attempts"]] == [2]


def test_the_project_is_mended_and_sent_anew(real_way: Way, refused: Sent, mended: Sent) -> None:
    key = f"uploads/{LAB}/experiment.zip"
    answer = real_way.client("s3").list_object_versions(Bucket=real_way.bucket, Prefix=key)
    assert len(answer["Versions"]) == 2  # that which was refused is still there
    assert mended.run != refused.run
    assert real_way.ended(mended.run, seconds=900).status == "SUCCEEDED"
    assert real_way.final_mails(refused.run) == ["FAILED"]


def test_mail_and_report_tell_of_the_poses(real_way: Way, mended: Sent, fetched: Path) -> None:
    (mail,) = real_way.mails(mended.run, "SUCCEEDED")
    figures = re.search(
        r"Poses in space of the recording lie in 3d/ there: the cameras are calibrated to"
        r" (\S+) px, the views agree to (\S+) px, half of the points have a standard error below"
        r" (\S+) mm\.",
        words_of(mail),
    )
    assert figures is not None, mail.body
    assert float(figures[1]) < 0.3
    report = (fetched / "report.html").read_text(encoding="utf-8")
    section = report.split('<section id="space">')[1].split("</section>")[0]
    for name in (*BODY_PARTS, "camera-1", "camera-2", "3d/walk_3d.html", "3d/walk_3d.mp4"):
        assert name in section, name


def test_all_files_come_into_the_project(fetched: Path) -> None:
    made = {path.name: path.stat().st_size for path in (fetched / "3d").iterdir()}
    assert made.keys() == {*OF_CAMERAS, "calibration.json", *OF_A_RECORDING}
    assert all(made.values())
    assert (fetched / "truth_3d.csv").is_file()  # what was the lab's own


def test_the_calibration_is_that_of_the_drawn_cameras(fetched: Path) -> None:
    assert_calibrated(fetched)


def test_the_table_and_the_arrays_are_one_and_near_the_truth(fetched: Path) -> None:
    assert_poses_are_true(fetched, seen_by_first(fetched, true_points(fetched)))


def test_the_poses_are_read_as_the_documentation_says(fetched: Path) -> None:
    show = "print(len(snout), list(snout), points.shape, np.nanmedian(errors))"
    done = run_python(f"{READ}\n{show}", fetched)
    assert done.returncode == 0, done.stderr
    count, parts = LEARNING["size"].frames, len(BODY_PARTS)
    assert done.stdout.startswith(f"{count} ['x', 'y', 'z'] ({count}, {parts}, 3) ")
    known = json.loads((fetched / "3d" / "walk_3d.json").read_text())["quality"]
    assert float(done.stdout.split()[-1]) == pytest.approx(known["standard_error"], rel=1e-4)


@pytest.mark.usefixtures("elsewhere")  # whose turn it is meanwhile
def test_deeplabcut_draws_them_as_the_documentation_says(
    fetched: Path, mended: Sent, tmp_path: Path
) -> None:
    """DeepLabCut 3.0.2 can't read the config.yaml of its own 3D project; the page gets round."""
    config = three_d_project(mended) / "config.yaml"
    code = re.sub(r'"\.\./.*-3d/config\.yaml"', repr(str(config)), f"{BROKEN}\n{DRAW}")
    (tmp_path / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())

    done = run_python(code, fetched, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert done.returncode == 0, done.stderr[-3000:]
    assert "ValidationError: 12 validation errors for ProjectConfig" in done.stdout
    film = cv2.VideoCapture(str(fetched / "videos" / "walk_DLC_3D.mp4"))
    count, width = (
        int(film.get(each)) for each in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH)
    )
    assert count == 20
    in_space = [film.read()[1][:, 2 * width // 3 :].astype(int) for _ in range(count)]
    # it moves, but for frames that have hardly a point
    assert np.median([np.abs(one - other).max() for one, other in pairwise(in_space)]) > 80


def test_the_same_images_cost_a_run_that_requires_nothing_its_poses_only(
    real_way: Way, flat: Sent
) -> None:
    ended = real_way.ended(flat.run, seconds=900)

    assert ended.status == "SUCCEEDED", ended.message
    answer_at_home(real_way.cloud.home, "fetch", flat.run, str(flat.project))
    (mail,) = real_way.mails(flat.run, "SUCCEEDED")
    report = (flat.project / "report.html").read_text(encoding="utf-8")
    why = "The cameras can't be calibrated, so there are no poses in space."
    agree = "of them agree on how the two cameras stand"
    for text in (words_of(mail), " ".join(report.replace("&#39;", "'").split())):
        assert text.count(why) == 1
        assert agree in text
    assert "There are no poses in space; the notes below say why." in words_of(mail)
    assert not [name for name in ended.files if name.startswith("3d/")]
    assert [name for name in ended.files if name.endswith(".pt")]


def test_cameras_calibrated_elsewhere_are_taken_as_they_are(
    real_way: Way, elsewhere: Sent
) -> None:
    ended = real_way.ended(elsewhere.run, seconds=900)

    assert ended.status == "SUCCEEDED", ended.message
    answer_at_home(real_way.cloud.home, "fetch", elsewhere.run, str(elsewhere.project))
    made = {path.name for path in (elsewhere.project / "3d").iterdir()}
    assert made == {*OF_CAMERAS, *OF_A_RECORDING}
    assert_poses_are_true(elsewhere.project, true_points(elsewhere.project))  # its own world
    (mail,) = real_way.mails(elsewhere.run, "SUCCEEDED")
    said = "Poses in space of the recording lie in 3d/ there: the views agree to"
    assert said in words_of(mail)


def assert_poses_are_true(project: Path, truth: Any) -> None:
    """Compare the table with the arrays, and both with where the animal was drawn."""
    table = pd.read_hdf(project / "3d" / "walk_DLC_3D.h5")
    arrays = np.load(project / "3d" / "walk_3d.npz")
    points = arrays["points"]
    assert points.shape == truth.shape
    assert list(arrays["bodyparts"]) == list(BODY_PARTS)
    for number, part in enumerate(BODY_PARTS):
        columns = table["DLC_3D"][part][["x", "y", "z"]].to_numpy()
        np.testing.assert_array_equal(columns, points[:, number])
    confident = np.all([seen_surely(project, camera) for camera in arrays["cameras"]], axis=0)
    there = np.isfinite(points).all(axis=2)
    assert confident.mean() > 0.4
    assert not there[~confident].any()
    assert there[confident].mean() > 0.9  # of the others the views disagree
    distances = np.linalg.norm(points - truth, axis=2)[there]
    assert np.median(distances) < 0.2 * LENGTH_MM  # the demo, with three times the training: 5 %


def three_d_project(sent: Sent) -> Path:
    (found,) = sent.project.parent.glob("walk-Ann-*-3d")
    return found


def read_json(way: Way, key: str) -> Any:
    return json.loads(way.client("s3").get_object(Bucket=way.bucket, Key=key)["Body"].read())


def run_python(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def seen_surely(project: Path, camera: str) -> Any:
    """Which body parts the network was sure of in a view, by DeepLabCut's own table."""
    (path,) = (project / "videos").glob(f"walk-{camera}DLC*[0-9].csv")
    table = pd.read_csv(path, header=[0, 1, 2], index_col=0)
    return table.xs("likelihood", axis=1, level="coords").to_numpy() >= 0.6  # config.yaml's


def assert_calibrated(project: Path) -> None:
    """Compare the cameras with those that the scene was drawn with."""
    made = json.loads((project / "3d" / "calibration.json").read_text())["cameras"]
    one, other = (cameras_of(project)[each["name"]] for each in made)
    turn = np.array(other["R"]) @ np.array(one["R"]).T
    move = np.array(other["t"]) - turn @ np.array(one["t"])
    assert np.linalg.norm(np.array(made[1]["rotation"]) - turn) < 0.02
    found = np.array(made[1]["translation_mm"])
    assert np.linalg.norm(found - move) < 0.02 * np.linalg.norm(move)
    for each, drawn in zip(made, (one, other), strict=True):
        assert np.diag(each["matrix"])[:2] == pytest.approx(np.diag(drawn["K"])[:2], rel=0.03)
