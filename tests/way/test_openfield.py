"""A lab's real project, zipped as labs zip, goes the whole way and is of use at home."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dlc_batch_core.keys import run_id

ROOT = Path(__file__).resolve().parents[2]
OPENFIELD = ROOT.parent / "shared" / "data" / "openfield-Pranav-2018-10-30"
REQUEST = """\
net_type: cspnext_s
weights: random
epochs: 2
batch_size: 8
overrides:
  data.train.crop_sampling.width: 128
  data.train.crop_sampling.height: 128
"""
FRAMES = 100
#: The video's first frames, then DeepLabCut as a lab calls it, in a process of its own.
ANALYSE = """\
import sys, cv2, deeplabcut
project, frames = sys.argv[1], int(sys.argv[2])
video = cv2.VideoCapture(f"{project}/videos/m3v1mp4.mp4")
size = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
cut = cv2.VideoWriter(f"{project}/videos/first.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 30, size)
for _ in range(frames):
    cut.write(video.read()[1])
cut.release()
videos = [f"{project}/videos/first.mp4"]
config = f"{project}/config.yaml"
deeplabcut.analyze_videos(config, videos, save_as_csv=True)
deeplabcut.create_labeled_video(config, videos)
deeplabcut.evaluate_network(config)
"""


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's own copy of the project, with a small request."""
    if not OPENFIELD.is_dir():
        pytest.skip(f"the openfield project of DeepLabCut's examples is not at {OPENFIELD}")
    project = tmp_path_factory.mktemp("lab") / "dlc" / "projects" / "openfield"
    shutil.copytree(OPENFIELD, project, copy_function=shutil.copyfile)
    (project / "dlc-batch.yaml").write_text(REQUEST)
    return project


@pytest.fixture(scope="module")
def trained(real_way: Any, at_home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of the run: zipped from outside by the system's zip, put with plain boto3."""
    archive = tmp_path_factory.mktemp("zip") / "dossier.zip"
    subprocess.run(["zip", "-q", "-r", archive, at_home], check=True)
    key = "uploads/mouse-lab/Open field (2018).zip"
    real_way.client("s3").upload_file(str(archive), real_way.bucket, key)
    head = real_way.client("s3").head_object(Bucket=real_way.bucket, Key=key)
    return run_id(real_way.bucket, key, head["VersionId"])


def test_it_ends_succeeded_with_scores_and_one_mail(real_way: Any, trained: str) -> None:
    ended = real_way.ended(trained, seconds=900)

    assert ended.status == "SUCCEEDED", ended.message
    parts = [ended.metrics[f"{part}_frames"] for part in ("train", "validation", "test")]
    assert sum(parts) == 116
    assert ended.metrics["train_rmse_px"] > 0
    (mail,) = real_way.mails(trained, "SUCCEEDED")
    for score in ("train_rmse_px", "test_rmse_px"):
        assert f"{ended.metrics[score]:.2f} px" in mail.body


def test_deeplabcut_works_at_home_with_what_was_fetched(
    real_way: Any, trained: str, at_home: Path
) -> None:
    real_way.ended(trained, seconds=900)
    config = (at_home / "config.yaml").read_bytes()
    environment = {**os.environ, "DLC_BATCH_HOME": str(real_way.cloud.home)}

    fetched = subprocess.run(
        [sys.executable, "-m", "dlc_batch", "fetch", trained, str(at_home), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fetched.returncode == 0, fetched.stderr
    assert json.loads(fetched.stdout)["kept"] == []
    assert (at_home / "config.yaml").read_bytes() == config

    (scores,) = at_home.glob("evaluation-results-pytorch/iteration-0/*/*-results.csv")
    evaluated = written_at(scores)
    analysed = subprocess.run(
        [sys.executable, "-c", ANALYSE, str(at_home), str(FRAMES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert analysed.returncode == 0, analysed.stderr[-3000:]
    (table,) = (at_home / "videos").glob("first*.csv")
    with table.open() as file:
        rows = list(csv.reader(file))
    assert rows[1][1::3] == ["snout", "leftear", "rightear", "tailbase"]
    assert len(rows) == 3 + FRAMES
    assert all(float(cell) == float(cell) for row in rows[3:] for cell in row)
    (labeled,) = (at_home / "videos").glob("first*_labeled.mp4")
    assert labeled.stat().st_size
    assert evaluated != written_at(scores)
    assert (at_home / "config.yaml").read_bytes() == config


def written_at(path: Path) -> int:
    return path.stat().st_mtime_ns
