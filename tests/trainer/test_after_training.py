"""A trained network, videos in the zip and in the bucket, and what is left in the results."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.trainer.conftest import ROOT, Bench
from tests.trainer.processes import running, wait_for

from dlc_batch_core.cameras import Cameras
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.limits import Limits
from dlc_batch_core.progress import Progress
from dlc_batch_core.request import Request
from dlc_batch_trainer.after_process import AfterProcess, Ended
from dlc_batch_trainer.after_steps import Step
from dlc_batch_trainer.after_training import AfterTraining
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.trained import Trained
from dlc_batch_trainer.videos import Videos

TRAINING = Path(__file__).parent / "evaluation" / "tiny_training.py"
FRAMES = 12  # of the video in the bucket


@pytest.fixture(scope="module")
def trained(tiny_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our copy of the tiny project, as a training leaves it."""
    folder = tmp_path_factory.mktemp("trained")
    project = shutil.copytree(tiny_project, folder / "walk")
    done = subprocess.run(
        [sys.executable, TRAINING, project, folder],
        env={**os.environ, **_environment()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def _environment() -> dict[str, str]:
    paths = [ROOT / "src", ROOT / "core", ROOT / "trainer_image"]
    return {"PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}


@pytest.fixture(autouse=True)
def _processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def processes() -> Iterator[Callable[..., AfterProcess]]:
    made: list[AfterProcess] = []

    def make(seconds: float = 300, why: Callable[[], str | None] = lambda: None) -> AfterProcess:
        made.append(AfterProcess(seconds, why))
        return made[-1]

    yield make
    for each in made:
        each.close()


@dataclass
class Following:
    """What follows a training, on a lab's bucket."""

    bench: Bench
    project: Path
    request: Request
    told: list[tuple[int, int, str]] = field(default_factory=list)

    def steps(self, process: AfterProcess) -> AfterTraining:
        store = RunStore(self.bench.s3, self.bench.bucket, self.bench.keys, 1)
        run = replace(store.read_request(), request=self.request)
        return AfterTraining(
            request=self.request,
            store=store,
            videos=Videos(run, store, Limits(), lambda: process.reason_to_end() is not None),
            project=self.project,
            number=1,
            work=self.bench.folder / "after",
            process=process,
            tell=lambda *said: self.told.append(said),
        )

    def results(self) -> dict[str, bytes]:
        prefix = self.bench.keys.results
        pages = self.bench.s3.list_objects_v2(Bucket=self.bench.bucket, Prefix=prefix)
        keys = [each["Key"] for each in pages.get("Contents", [])]
        return {key.removeprefix(prefix): self.bench.read(key) for key in keys}


@pytest.fixture
def following(bench: Bench, tiny_project: Path, trained: Path, tmp_path: Path) -> Following:
    film = tmp_path / "film.mp4"
    write_film(film)
    for key in ("uploads/somelab/videos/day1/rat.mp4", "uploads/other/videos/secret.mp4"):
        bench.s3.put_object(Bucket=bench.bucket, Key=key, Body=film.read_bytes())
    upload = bench.zip_project(tiny_project, "lab/", {"videos/broken.avi": b"no video"})
    request = Request(
        analyze_videos=(
            "videos/broken.avi",
            "videos/walk-camera-1.mp4",
            "videos/absent.mp4",
            f"s3://{bench.bucket}/uploads/somelab/videos/day1/rat.mp4",
            "uploads/somelab/videos/walk-camera-1.mp4",
            "uploads/somelab/videos/absent.mp4",
            "uploads/other/videos/secret.mp4",
        ),
        labeled_videos=True,
        export_model=True,
    )
    bench.submit(upload, "lab/", request)
    return Following(bench, trained, request)


def write_film(path: Path) -> None:
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (160, 128))
    dice = np.random.default_rng(1)
    for _ in range(FRAMES):
        film.write(dice.integers(0, 255, (128, 160, 3), dtype=np.uint8))
    film.release()


def count_frames(data: bytes, folder: Path) -> int:
    path = folder / "counted.mp4"
    path.write_bytes(data)
    film = cv2.VideoCapture(str(path))
    count = 0
    while film.read()[0]:
        count += 1
    return count


def test_what_can_be_done_is_done_and_the_rest_is_said(
    following: Following, processes: Callable[..., AfterProcess], tmp_path: Path
) -> None:
    after = following.steps(processes())
    after.run()
    results = following.results()
    assert sorted(results) == sorted(after.files)
    assert not (tmp_path / "after").exists()
    (points,) = [n for n in results if n.startswith("videos/day1/ratDLC") and n.endswith("_2.csv")]
    rows = list(csv.reader(results[points].decode().splitlines()))
    assert len(rows) == FRAMES + 3
    for start, count in (("videos/day1/rat", FRAMES), ("videos/walk-camera-1", 16)):
        assert [n for n in results if n.startswith(start) and n.endswith("_filtered.csv")]
        (film,) = [n for n in results if n.startswith(start) and n.endswith("_labeled.mp4")]
        assert count_frames(results[film], tmp_path) == count
    assert [n for n in results if n.startswith("exported-models-pytorch/")]
    assert not any("secret" in name or "broken" in name for name in results)
    said = [note.partition(" failed: ")[::2] for note in after.notes if " failed: " in note]
    assert [what for what, _ in said] == [
        "Analysis of broken.avi",
        "Analysis of absent.mp4",
        "Analysis of walk-camera-1.mp4",
        "Analysis of absent.mp4",
        "Analysis of secret.mp4",
    ]
    assert after.follow_up == FollowUp(7, 2, True, 2, True, True)
    whys = [why for _, why in said]
    assert "not in the zip" in whys[1]
    assert "another has the same name" in whys[2]
    assert "your lab's folder" in whys[4]
    assert (2, 7, "walk-camera-1.mp4") in following.told
    assert set(after.uncertain["videos/day1/rat.mp4"]) == set(
        range(1, FRAMES)
    )  # all but the first
    assert not after.uncertain["videos/broken.avi"]

    following.told.clear()
    again = following.steps(processes())  # the next attempt
    again.request = replace(following.request, export_model=False)
    again.run()
    done = {"walk-camera-1.mp4", "day1/rat.mp4"}
    assert not done & {name for _, _, name in following.told}
    assert sorted(again.files) == sorted(n for n in results if n.startswith("videos/"))
    assert again.notes == after.notes
    assert again.uncertain == after.uncertain
    assert again.follow_up == replace(after.follow_up, export_asked=False, exported=False)


def test_a_reason_to_end_leaves_the_rest_out(
    following: Following, processes: Callable[..., AfterProcess]
) -> None:
    following.request = replace(following.request, analyze_videos=True, export_model=False)
    after = following.steps(processes(why=lambda: "the time limit was near"))
    after.run()
    assert after.files == []
    assert after.is_cut_short
    (note,) = after.notes
    assert "the time limit was near" in note
    assert "walk-camera-1.mp4, walk-camera-2.mp4" in note


def test_another_network_that_is_gone_costs_its_views_only(
    following: Following, processes: Callable[..., AfterProcess]
) -> None:
    """Given a run whose first camera the network of an earlier one was to see."""
    names = ("camera-1", "camera-2")
    cameras = Cameras(names, networks={"camera-1": "front-0123456789ab"})
    videos = tuple(f"videos/walk-{name}.mp4" for name in names)
    following.request = Request(analyze_videos=videos, cameras=cameras)
    after = following.steps(processes())
    after.run()
    assert after.notes == [
        "Bringing the network of the run front-0123456789ab, for the views of camera-1, failed:"
        " the run front-0123456789ab left no network. The training is not affected."
    ]
    assert [video.path for video in after.analysed] == ["videos/walk-camera-2.mp4"]
    came = after.follow_up
    assert (came.videos_asked, came.videos, came.recordings_asked) == (2, 1, 1)
    assert "There are no poses in space; the notes below say why." in list(came.sentences())


def test_nothing_is_done_where_nothing_is_asked(
    following: Following, processes: Callable[..., AfterProcess]
) -> None:
    following.request = Request()
    after = following.steps(processes())
    after.run()
    assert (after.files, after.notes, following.results()) == ([], [], {})


def test_a_project_without_a_snapshot_is_said(
    following: Following, processes: Callable[..., AfterProcess], tiny_project: Path
) -> None:
    following.project = tiny_project
    after = following.steps(processes())
    after.run()
    assert after.notes == [
        "What was to follow the training failed: there is no snapshot of shuffle 1."
        " The training is not affected."
    ]


def test_a_run_interrupted_between_two_videos_goes_on_with_the_second(
    bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    request = replace(tiny_request, analyze_videos=True, export_model=True)
    bench.submit(bench.zip_project(tiny_project), "", request)
    with running(bench) as process:
        wait_for("video 2 of 2: walk-camera-2.mp4", bench, process)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(timeout=60) == 75
        assert time.monotonic() - began < 25
    early = bench.outcome()  # were it the last attempt, the lab would have its network
    assert early.succeeded
    assert any("did not come to its end" in note for note in early.notes)
    assert any(name.endswith("train/snapshot-002.pt") for name in early.files)
    done = bench.train(AWS_BATCH_JOB_ATTEMPT="2")
    assert done.exit_code == 0, done.output
    assert "epoch 1/" not in done.output, "it began anew"
    assert "video 1 of 2" not in done.output, "it was analysed twice"
    assert not [note for note in done.outcome.notes if "failed" in note or "not analysed" in note]
    assert not any("did not come to its end" in note for note in done.outcome.notes)
    assert done.outcome.timings["after"] > 0
    progress = Progress.from_json(bench.read(bench.keys.shuffle(1).progress))
    assert (progress.stage, progress.video, progress.videos) == ("after", 2, 2)
    names = set(done.outcome.files)
    for start in ("videos/walk-camera-1", "videos/walk-camera-2", "exported-models-pytorch/"):
        assert any(name.startswith(start) for name in names), start
    there = {
        path.relative_to(done.results).as_posix()
        for path in done.results.rglob("*")
        if path.is_file()
    }
    assert there == names


@pytest.fixture
def step(trained: Path, tiny_project: Path, tmp_path: Path) -> Step:
    found = Trained.find(trained, 1)
    video = next(tiny_project.glob("videos/*"))
    (tmp_path / "made").mkdir()
    where = str(found.shuffle.config_path), 1, found.shuffle.trainset, found.engine
    return Step(*where, str(tmp_path / "made"), str(video), is_filtered=False)


def test_a_process_that_dies_is_replaced(
    step: Step, processes: Callable[..., AfterProcess], tmp_path: Path
) -> None:
    process = processes()

    def kill() -> None:
        while process._process is None:
            time.sleep(0.01)
        process._process.kill()

    threading.Thread(target=kill).start()
    with pytest.raises(OSError, match=r"died|Broken pipe"):
        process.run(step)
    assert process.run(step).notes == ()
    assert list((tmp_path / "made").glob("*.h5"))


def test_a_process_without_a_word_is_taken_for_stuck(
    step: Step, processes: Callable[..., AfterProcess]
) -> None:
    process = processes(0.0)
    with pytest.raises(OSError, match="no progress"):
        process.run(step)
    assert process._process is None


def test_a_process_is_ended_at_once(step: Step, processes: Callable[..., AfterProcess]) -> None:
    process = processes(why=lambda: "the lab stopped the run")
    with pytest.raises(Ended, match="the lab"):
        process.run(step)
    assert process._process is None


def test_a_process_ends_with_its_watcher(step: Step) -> None:
    reading, writing = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "dlc_batch_trainer.after_steps", str(writing)],
        stdin=subprocess.PIPE,
        pass_fds=[writing],
    )
    assert child.stdin is not None
    child.stdin.write(step.to_json().encode() + b"\n")
    child.stdin.close()  # as the kernel does for a watcher that was killed
    assert child.wait(timeout=120) == 70
    os.close(reading)
    os.close(writing)
