"""The whole program with the TensorFlow engine: left alone, and killed again and again."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.trainer.conftest import Bench, Finished, endpoint
from tests.trainer.one_view import project_of_view
from tests.trainer.processes import running, wait_for
from tests.trainer.test_survival import checkpoints, position, wait_for_upload

from dlc_batch.demo.project import IN_SPACE
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.request import Request

__all__ = ["endpoint"]  # a fixture

ITERATIONS = 200
TRAIN = "dlc-models/iteration-0/walkJan1-trainset80shuffle1/train"
REQUEST = Request(
    engine="tensorflow",
    net_type="mobilenet_v2_0.35",
    weights="random",
    iterations=ITERATIONS,
    batch_size=2,
    seed=5,
    checkpoint_minutes=0.05,
    overrides={
        "optimizer": "adam",
        "multi_step": [[1e-3, 60], [3e-4, 140], [1e-4, 1000]],
        "display_iters": 10,
    },
)


@dataclass(frozen=True)
class TensorFlowBench(Bench):
    """A lab's bucket, and the program in the TensorFlow engine's environment."""

    python: Path = Path()

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"}

    def command(self, shuffle: int = 1) -> list[str]:
        return [str(self.python), *super().command(shuffle)[1:]]


MakeBench = Callable[[], TensorFlowBench]


@pytest.fixture(scope="module")
def make_bench(
    endpoint: str,
    tensorflow_python: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MakeBench]:
    def make() -> TensorFlowBench:
        bench = TensorFlowBench(
            endpoint, tmp_path_factory.mktemp("bench"), python=tensorflow_python
        )
        return benches.enter_context(bench.opened())

    with contextlib.ExitStack() as benches:
        yield make


@pytest.fixture(scope="module")
def unbroken(make_bench: MakeBench, single: Path) -> Finished:
    bench = make_bench()
    cameras = Cameras.from_dict(IN_SPACE["cameras"])  # type: ignore[arg-type]  # a section of a request
    request = replace(REQUEST, analyze_videos=True, cameras=cameras, export_model=True)
    bench.submit(bench.zip_project(single), "", request)
    return bench.train()


def curve(done: Finished) -> list[tuple[float, ...]]:
    with (done.results / TRAIN / "learning_stats.csv").open() as file:
        return [tuple(map(float, row)) for row in csv.reader(file)]


def test_a_whole_run(unbroken: Finished) -> None:
    assert unbroken.exit_code == 0, unbroken.output
    outcome, facts = unbroken.outcome, unbroken.run_file()
    assert outcome.succeeded
    assert {"test_rmse_px", "validation_rmse_px"} <= set(outcome.metrics)
    assert facts["engine"] == "tensorflow"
    assert facts["snapshot"]["unit"] == "iterations"  # type: ignore[index]  # JSON
    assert facts["snapshot"]["total"] == ITERATIONS  # type: ignore[index]  # JSON
    best = facts["snapshot"]["best"]["epoch"]  # type: ignore[index]  # JSON
    left = {path.name for path in (unbroken.results / TRAIN).iterdir()}
    assert {f"snapshot-{best}.{end}" for end in ("index", "meta", "data-00000-of-00001")} < left
    assert f"for {ITERATIONS} iterations" in outcome.message
    looks = facts["snapshot"]["looks"]  # type: ignore[index]  # JSON
    assert min(looks, key=lambda look: look[1])[0] == best
    assert {"report.html", "figures/learning.png", "test_points.csv"} < set(outcome.files)


def test_videos_are_analysed_and_the_network_exported(unbroken: Finished) -> None:
    assert not any("failed" in note for note in unbroken.outcome.notes), unbroken.outcome.notes
    names = unbroken.outcome.files
    for start, end in (
        ("videos/walk-camera-1DLC", "_filtered.csv"),
        ("videos/walk-camera-2DLC", "_filtered.csv"),
        ("exported-models/", ".pb"),
    ):
        assert any(name.startswith(start) and name.endswith(end) for name in names), names


@pytest.mark.long
def test_what_both_cameras_saw_is_put_together_in_space(unbroken: Finished) -> None:
    follow_up = unbroken.outcome.follow_up
    assert (follow_up["recordings_asked"], follow_up["recordings"]) == (1, 1), unbroken.output
    made = {"3d/cameras.json", "3d/calibration.toml", "3d/walk_DLC_3D.h5", "3d/walk_3d.html"}
    assert made <= set(unbroken.outcome.files)
    with np.load(unbroken.results / "3d" / "walk_3d.npz") as poses:
        points, errors = poses["points"], poses["errors"]
    assert points.shape == (40, 4, 3)
    is_there = np.isfinite(points).all(axis=-1)
    assert is_there.mean() > 0.5
    # the views agree about as well as so short a training lets them
    assert np.nanmedian(errors[:, is_there]) < 20


def test_it_learns(unbroken: Finished) -> None:
    losses = [row[1] for row in curve(unbroken)]
    assert losses[-1] < losses[0] / 2


@pytest.mark.long
def test_a_view_is_seen_by_the_network_of_an_earlier_run(
    make_bench: MakeBench, single: Path, unbroken: Finished, tmp_path: Path
) -> None:
    bench, earlier = make_bench(), RunKeys("somelab", "front-0123456789ab")
    for folder in ("dlc-models", "training-datasets"):
        for path in filter(Path.is_file, (unbroken.results / folder).rglob("*")):
            key = earlier.results + path.relative_to(unbroken.results).as_posix()
            bench.s3.upload_file(str(path), bench.bucket, key)
    section = IN_SPACE["cameras"]
    assert isinstance(section, dict)
    cameras = Cameras.from_dict({**section, "networks": {"camera-1": earlier.run_id}})
    request = replace(REQUEST, iterations=20, analyze_videos=True, cameras=cameras)
    project = project_of_view(single, tmp_path / "side", 2, ["tailbase"])
    bench.submit(bench.zip_project(project), "", request)
    done = bench.train()
    assert done.exit_code == 0, done.output
    assert not any("failed" in note for note in done.outcome.notes), done.outcome.notes
    summary = json.loads((done.results / "3d" / "walk_3d.json").read_text())
    networks = summary["networks"]
    best = unbroken.run_file()["snapshot"]["best"]["epoch"]  # type: ignore[index]  # JSON
    assert networks["camera-1"] == {
        "scorer": f"DLC_mobnet_35_walkJan1shuffle1_{best}",
        "run_id": earlier.run_id,
    }
    assert networks["camera-2"]["scorer"].startswith("DLC_mobnet_35_sideJan1shuffle1_")


@pytest.mark.long
def test_killed_again_and_again(make_bench: MakeBench, single: Path, unbroken: Finished) -> None:
    """SIGKILL to the whole group: before a checkpoint, in one, after one, in its upload, late."""
    bench = make_bench()
    bench.submit(bench.zip_project(single), "", REQUEST)
    with running(bench, 1) as process:
        wait_for("== train", bench, process)
    assert checkpoints(bench) == []
    with running(bench, 2) as process:
        wait_for("is safe", bench, process, 2)
        wait_for_draft(bench, process)
    places = [position(bench)["samples"]]
    with running(bench, 3) as process:
        wait_for("is safe", bench, process, 3)
    places.append(position(bench)["samples"])
    with running(bench, 4) as process:
        wait_for("is safe", bench, process, 4)
        wait_for_upload(bench)
    places.append(position(bench)["samples"])
    with running(bench, 5) as process:
        wait_for("is safe", bench, process, 5)
        time.sleep(3)
    places.append(position(bench)["samples"])
    assert places == sorted(places)
    assert 0 < places[0] < places[-1] < ITERATIONS
    done = bench.train(AWS_BATCH_JOB_ATTEMPT="6")
    assert done.exit_code == 0, done.output
    assert f"iteration 1/{ITERATIONS}" not in done.output, "it began anew"
    assert curve(done) == [pytest.approx(row, abs=1e-4, rel=0) for row in curve(unbroken)]
    assert done.outcome.metrics == pytest.approx(unbroken.outcome.metrics, abs=1e-3)
    mine, theirs = (each.run_file()["snapshot"] for each in (done, unbroken))
    assert mine.pop("best") == pytest.approx(theirs.pop("best"))  # type: ignore[attr-defined]  # JSON
    looks = zip(mine.pop("looks"), theirs.pop("looks"), strict=True)  # type: ignore[attr-defined]  # JSON
    assert all(one == pytest.approx(other, abs=1e-3) for one, other in looks)
    assert mine == theirs


def wait_for_draft(bench: Bench, process: subprocess.Popen[str]) -> None:
    """Wait until a checkpoint is being written."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if any((bench.folder / "work").glob("**/checkpoints/*.part/*")):
            return
    pytest.fail("no checkpoint was seen being written")


@pytest.mark.long
def test_sigterm_in_the_middle(make_bench: MakeBench, single: Path) -> None:
    bench = make_bench()
    request = replace(REQUEST, checkpoint_minutes=10, validation=False)
    bench.submit(bench.zip_project(single), "", request)
    with running(bench) as process:
        wait_for("iteration ", bench, process)
        os.kill(process.pid, signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(timeout=60) == 75
        assert time.monotonic() - began < 25
    assert len(checkpoints(bench)) == 1, "the signal made no checkpoint, or another one did"
    assert 0 < position(bench)["samples"] < ITERATIONS
