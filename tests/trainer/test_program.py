"""The whole training program, as Batch runs it: real DeepLabCut, a real bucket over HTTP."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dlc_batch_core.outcome import ErrorKind
from dlc_batch_core.progress import Progress
from dlc_batch_core.request import Request

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

MODEL = Path("dlc-models-pytorch/iteration-0/walkJan1-trainset80shuffle1")
DATASET = Path("training-datasets/iteration-0/UnaugmentedDataSet_walkJan1")


def test_trains_scores_and_exports(trained: tuple[Bench, Finished]) -> None:
    bench, done = trained
    assert done.exit_code == 0, done.output
    outcome = done.outcome
    assert outcome.succeeded
    assert (outcome.job_id, outcome.attempt) == ("job-1", 2)
    assert outcome.metrics["test_frames"] == 4
    assert 0 < outcome.metrics["test_rmse_px"] < 160
    assert 0 < outcome.metrics["train_rmse_px"] < 160
    before = {"fetch", "unpack", "restore", "prepare"}
    assert set(outcome.timings) == {*before, "train", "evaluate", "export"}
    assert "epoch 2/2: loss " in done.output
    assert " MB/s" in done.output
    progress = Progress.from_json(bench.read(bench.keys.shuffle(1).progress))
    assert (progress.stage, progress.attempt) == ("export", 2)


def test_score_is_deeplabcuts_own(trained: tuple[Bench, Finished]) -> None:
    _, done = trained
    (table,) = done.results.rglob("*snapshot_2-results.csv")
    with table.open() as file:
        (row,) = csv.DictReader(file)
    assert done.outcome.metrics["test_rmse_px"] == float(row["test rmse"])
    assert row["Training epochs"] == "2"


def test_results_are_plain_deeplabcut_files(trained: tuple[Bench, Finished]) -> None:
    _, done = trained
    names = {
        p.relative_to(done.results).as_posix() for p in done.results.rglob("*") if p.is_file()
    }
    assert names == set(done.outcome.files)
    train = {p.name for p in (done.results / MODEL / "train").iterdir()}
    assert train == {"pytorch_config.yaml", "snapshot-002.pt", "learning_stats.csv", "train.txt"}
    assert (done.results / MODEL / "test" / "pose_cfg.yaml").is_file()
    assert (done.results / DATASET / "metadata.yaml").is_file()
    assert not list(done.results.rglob("config.yaml")), "the lab's own must stay as it is"


def test_zip_holds_the_results(trained: tuple[Bench, Finished]) -> None:
    _, done = trained
    subprocess.run(["unzip", "-tq", done.results / "tiny-model.zip"], check=True)
    with zipfile.ZipFile(done.results / "tiny-model.zip") as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
    beside = {"run.json", "evaluation.json", "methods.txt", "tiny-model.zip", "test_points.csv"}
    beside |= {name for name in done.outcome.files if name.startswith(("report", "figures/"))}
    beside.add("verdict.json")
    assert {"report.html", "figures/learning.png", "figures/worst-01.jpg"} < beside
    assert beside < set(done.outcome.files)
    assert set(zipped) == set(done.outcome.files) - beside
    assert all((done.results / name).read_bytes() == zipped[name] for name in zipped)


def test_the_verdict_of_the_report_is_told(trained: tuple[Bench, Finished]) -> None:
    _, done = trained
    left = json.loads((done.results / "verdict.json").read_text())
    assert done.outcome.verdict == {name: left[name] for name in ("grade", "headline")}
    assert left["grade"] in ("good", "fair", "poor", "unknown")


def test_results_name_no_path_of_the_trainer(trained: tuple[Bench, Finished]) -> None:
    bench, done = trained
    place = str(bench.folder).encode()
    files = [p for p in done.results.rglob("*") if p.is_file() and p.suffix != ".zip"]
    assert [p.name for p in files if place in p.read_bytes()] == []


def test_trains_on_no_test_frame(trained: tuple[Bench, Finished], tiny_project: Path) -> None:
    _, done = trained
    split = done.run_file()["split"]
    train, test = set(split["train"]), set(split["test"])
    images = (tiny_project / "labeled-data").rglob("*.png")
    everything = {path.relative_to(tiny_project).as_posix() for path in images}
    assert train | test == everything
    assert not train & test
    assert len(train) == 12  # int(0.8 * 16)
    # What DeepLabCut itself says it trained on; the pickle is our own program's.
    (document,) = (done.results / DATASET).glob("Documentation_data-*.pickle")
    frames, train_rows, test_rows, fraction = pickle.loads(document.read_bytes())
    assert {"/".join(frame["image"]) for frame in frames} == train
    assert (len(train_rows), len(test_rows), fraction) == (12, 4, 0.8)


def test_never_loads_code_of_the_upload(trained: tuple[Bench, Finished], canary: Path) -> None:
    bench, done = trained
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(bench.folder / "tiny.zip") as archive:
        (code,) = {archive.read(n) for n in archive.namelist() if n.endswith((".pickle", ".h5"))}
    assert not canary.exists()
    pickle.loads(code)
    assert canary.exists(), "the trap is no trap"


def test_works_in_its_work_folder_only(trained: tuple[Bench, Finished]) -> None:
    bench, _ = trained
    assert list((bench.folder / "work").iterdir()) == []
    assert [p.name for p in (bench.folder / "home").iterdir() if p.name != ".cache"] == []


def test_records_enough_to_repeat(trained: tuple[Bench, Finished], tiny_request: Request) -> None:
    _, done = trained
    facts = done.run_file()
    assert facts["request"] == tiny_request.to_dict()
    assert facts["net_type"] == "cspnext_s"
    assert facts["train_settings"]["seed"] == 7
    assert facts["train_settings"]["epochs"] == 2
    assert facts["versions"]["deeplabcut"] == "3.0.2"
    assert facts["upload"]["version_id"]
    assert facts["upload"]["etag"]
    assert facts["upload"]["taken"]["files"] >= 1 + 2 + 16  # settings, tables, frames
    assert len(facts["upload"]["taken"]["listing_sha256"]) == 64
    assert str(MODEL / "train" / "snapshot-002.pt") in facts["sha256"]


def test_analyzes_videos_at_home(
    trained: tuple[Bench, Finished], tiny_project: Path, tmp_path: Path
) -> None:
    _, done = trained
    home = shutil.copytree(tiny_project, tmp_path / "walk")
    config = (home / "config.yaml").read_text().replace(str(tiny_project), str(home))
    (home / "config.yaml").write_text(config)
    with zipfile.ZipFile(done.results / "tiny-model.zip") as archive:
        archive.extractall(home)
    video = home / "videos" / "walk-camera-2.mp4"
    code = "import sys, deeplabcut; deeplabcut.analyze_videos(*sys.argv[1:2], sys.argv[2:])"
    subprocess.run([sys.executable, "-c", code, home / "config.yaml", video], check=True)
    assert len(list(video.parent.glob("walk-camera-2DLC_*snapshot_2*.h5"))) == 1
    assert (home / "config.yaml").read_text() == config


def test_same_seed_same_network(
    bench: Bench, trained: tuple[Bench, Finished], tiny_project: Path, tiny_request: Request
) -> None:
    _, first = trained
    bench.submit(bench.zip_project(tiny_project), "", tiny_request)
    second = bench.train()
    curve = MODEL / "train" / "learning_stats.csv"
    assert (second.results / curve).read_text() == (first.results / curve).read_text()
    assert second.run_file()["split"] == first.run_file()["split"]
    assert second.outcome.metrics == first.outcome.metrics


def test_speed_changes_no_result(
    trained: tuple[Bench, Finished], bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    """Loader processes, and no cache: the same frames, augmented in the same way."""
    _, first = trained
    request = replace(tiny_request, loader_workers=2, image_cache=False)
    bench.submit(bench.zip_project(tiny_project), "", request)
    other = bench.train()
    assert other.exit_code == 0, other.output
    curve = MODEL / "train" / "learning_stats.csv"
    assert (other.results / curve).read_text() == (first.results / curve).read_text()


def test_pretrained_weights_that_cannot_be_had(
    bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(tiny_request, weights="pretrained"))
    done = bench.train()
    assert "Retry" not in done.output  # the hub's client would, for minutes
    assert done.exit_code == 1
    assert done.outcome.error_kind is ErrorKind.INFRASTRUCTURE
    assert "cspnext_s" in done.outcome.message
    assert "http://127.0.0.1:9" in done.outcome.message
    assert "weights: random" in done.outcome.remedy


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("../../etc/cron.d/evil", b"* * * * * root true"),
        ("labeled-data/walk-camera-1/IMG0000.PNG", b"collides but for case"),
    ],
)
def test_refuses_unsafe_upload(
    bench: Bench, tiny_project: Path, tiny_request: Request, member: str, content: bytes
) -> None:
    bench.submit(bench.zip_project(tiny_project, extra={member: content}), "", tiny_request)
    done = bench.train()
    assert done.exit_code == 2, done.output
    assert done.outcome.error_kind is ErrorKind.USER
    assert member in done.outcome.message
    assert done.outcome.remedy


def test_missing_request_is_no_silence(bench: Bench) -> None:
    done = bench.train()
    assert done.exit_code == 1
    assert done.outcome.error_kind is ErrorKind.INFRASTRUCTURE
    assert "NoSuchKey" in done.outcome.message
