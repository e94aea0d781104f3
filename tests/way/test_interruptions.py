"""A training whose host is lost again and again ends as if nothing had happened."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.mail_words import words_of
from tests.way.hosts import LAB, Host

from dlc_batch.demo.project import DemoSize, make_demo_project
from dlc_batch.packing import pack, plan_packing

#: What a killed trainer had sent is with S3 after so long, and no next one has sent anything yet.
SETTLE_SECONDS = 0.5
MANIFEST = re.compile(r"/checkpoints/\d+\.json")
Row = tuple[float, ...]  # epoch or iteration, loss, and what else the engine's own file has


@dataclass(frozen=True)
class Engine:
    """A small training with one of DeepLabCut's engines, which comes to a best snapshot."""

    request: dict[str, Any]
    length: str  # the key for epochs or iterations
    parse: Callable[[str], list[Row]]  # of learning_stats.csv

    def asks(self, length: int, **more: Any) -> dict[str, Any]:
        return {**self.request, self.length: length, **more}


def _parse_pytorch(text: str) -> list[Row]:
    names = ("step", "losses/train.total_loss", "validation_rmse_px")
    rows = csv.DictReader(io.StringIO(text))
    return [tuple(float(row.get(name) or "nan") for name in names) for row in rows]


def _parse_tensorflow(text: str) -> list[Row]:
    return [tuple(map(float, row)) for row in csv.reader(io.StringIO(text))]


PYTORCH = Engine(
    {
        "net_type": "cspnext_s",
        "weights": "random",
        "seed": 3,
        "overrides": {
            "runner.eval_interval": 1,
            "runner.optimizer.params.lr": 0.001,
            "runner.scheduler.params.milestones": [3, 6],
            "data.train.crop_sampling.width": 96,
            "data.train.crop_sampling.height": 96,
        },
    },
    "epochs",
    _parse_pytorch,
)
TENSORFLOW = Engine(
    {
        "engine": "tensorflow",
        "net_type": "mobilenet_v2_0.35",
        "weights": "random",
        "seed": 5,
        "overrides": {
            "optimizer": "adam",
            "multi_step": [[1e-3, 60], [3e-4, 140], [1e-4, 1000]],
            "display_iters": 10,
        },
    },
    "iterations",
    _parse_tensorflow,
)


@dataclass
class Moments:
    """Kills the attempts of one run at given moments; each gets one checkpoint through before."""

    host: Host
    run: str = ""
    wanted: str = ""  # what the proxy is to wait for
    safe: threading.Event = field(default_factory=threading.Event)  # this attempt's first manifest
    done: threading.Event = field(default_factory=threading.Event)  # the kill
    #: Seconds between each kill and the beginning of the newest upload that was safe by then: more
    #: than the training that is repeated.
    lost: list[float] = field(default_factory=list)
    safe_numbers: list[int] = field(default_factory=list)  # the newest checkpoint at each kill
    _began: float | None = None  # the upload of a checkpoint, time.monotonic()
    _kept: float | None = None  # the same, of the newest whose manifest came

    def hook(self, method: str, path: str, is_whole: bool) -> int | None:
        """Look at what the trainer sends to S3."""
        is_ours = bool(self.run) and self.run in path
        if method != "PUT" or "/checkpoints/" not in path or not is_ours:
            return None
        is_manifest = MANIFEST.search(path) is not None
        is_file = "/files/" in path  # attempts.json is neither
        if (
            self.safe.is_set()
            and not self.done.is_set()
            and self._is_it(is_manifest, is_file, is_whole)
        ):
            self._kill()
            self.done.set()
            return 500
        if self._began is None and is_file:
            self._began = time.monotonic()
        if is_manifest and is_whole:
            self._kept, self._began = self._began, None
            self.safe.set()
        return None

    def _kill(self, group: int | None = None) -> None:
        self.host.kill(self.run, group)
        if self._kept is not None:
            self.lost.append(self.host.killed[-1] - self._kept)
        self._began = self._kept = None

    def _is_it(self, is_manifest: bool, is_file: bool, is_whole: bool) -> bool:
        if self.wanted == "between file and manifest":
            return is_manifest and not is_whole
        return self.wanted == "in the upload of a file" and is_file and not is_whole

    def kill(self, moment: str) -> None:
        """Wait for the moment, kill the attempt, and wait until the next one runs."""
        self.wanted = moment
        before = self.host.way.wait_for(lambda: self.host.group_of(self.run), "an attempt", 60)
        if moment == "in the evaluation":
            self.host.way.wait_for(self._is_evaluated, moment, 600)
        else:
            assert self.safe.wait(600), "no checkpoint came"
        if moment == "in an epoch":
            time.sleep(1)
        if moment == "in the writing of a checkpoint":
            self._wait_for_draft()
        if moment in ("in an epoch", "in the writing of a checkpoint", "in the evaluation"):
            self._kill(before)  # at once: a checkpoint is written in a moment
        else:
            assert self.done.wait(600), moment
        if moment == "in the writing of a checkpoint":
            assert self._drafts(), "it was whole already"
        self.wanted = ""
        time.sleep(SETTLE_SECONDS)
        self.safe_numbers.append(self.host.checkpoints(self.run)[-1])
        self.host.way.wait_for(
            lambda: self.host.group_of(self.run) not in (None, before), "the next attempt", 60
        )
        self.safe.clear()
        self.done.clear()

    def _is_evaluated(self) -> bool:
        progress = self.host.read(self.run, "progress.json")
        return bool(progress and progress["stage"] == "evaluate")

    def _drafts(self) -> list[Path]:
        return list(self.host.folder.glob("dlc-batch-*/checkpoints/*.part"))

    def _wait_for_draft(self) -> None:
        end = time.monotonic() + 600
        while time.monotonic() < end:
            if self._drafts():
                return
        pytest.fail("no checkpoint was written")


@pytest.fixture
def moments(host: Host) -> Moments:
    moments = Moments(host)
    host.proxy.hook = moments.hook
    return moments


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Draws a project, and zips it with a request."""

    def make(size: DemoSize, request: dict[str, Any]) -> bytes:
        folder = make_demo_project(tmp_path_factory.mktemp("lab") / "walk", size)
        (folder / "dlc-batch.yaml").write_text(json.dumps(request))  # JSON is YAML
        archive = folder.with_suffix(".zip")
        pack(plan_packing(folder), archive)
        return archive.read_bytes()

    return make


def curve_of(host: Host, run: str, engine: Engine) -> list[Row]:
    """How the training went, as DeepLabCut's file among the results has it."""
    s3, prefix = host.way.client("s3"), f"runs/{LAB}/{run}/results/"
    listed = s3.list_objects_v2(Bucket=host.way.bucket, Prefix=prefix)["Contents"]
    (key,) = (each["Key"] for each in listed if each["Key"].endswith("learning_stats.csv"))
    text = s3.get_object(Bucket=host.way.bucket, Key=key)["Body"].read().decode()
    return engine.parse(text)


def run_file_of(host: Host, run: str) -> dict[str, Any]:
    s3 = host.way.client("s3")
    key = f"runs/{LAB}/{run}/results/run.json"
    content: dict[str, Any] = json.loads(
        s3.get_object(Bucket=host.way.bucket, Key=key)["Body"].read()
    )
    return content


def validation_errors(host: Host, run: str) -> dict[int, float]:
    """In px, by epoch or iteration, as the log has them; of a repeated one the last."""
    line = re.compile(r"(?:epoch|iteration) (\d+)/\d+: .*validation_rmse_px ([0-9.]+)")
    found = [match for each in host.log(run) if (match := line.match(each))]
    return {int(match[1]): float(match[2]) for match in found}


def state_of(host: Host, run: str, folder: Path) -> dict[str, Any]:
    """Network, optimiser and schedule at the end: the newest checkpoint's."""
    import torch

    number = host.checkpoints(run)[-1]
    sha = host.read(run, f"checkpoints/{number:06}.json")["files"]["state.pt"]
    key = f"runs/{LAB}/{run}/shuffle1/checkpoints/files/{sha}"
    path = folder / f"{run}.pt"
    host.way.client("s3").download_file(host.way.bucket, key, str(path))
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def resumptions(host: Host, run: str) -> list[int]:
    """The checkpoint that each new attempt went on from."""
    found = [re.match(r"going on from checkpoint (\d+):", line) for line in host.log(run)]
    return [int(match[1]) for match in found if match]


def both(pytorch: int, tensorflow: int) -> pytest.MarkDecorator:
    """Both engines, each with a length of its training."""
    cases = [(PYTORCH, pytorch), (TENSORFLOW, tensorflow)]
    return pytest.mark.parametrize(("engine", "length"), cases, ids=["pytorch", "tensorflow"])


@pytest.fixture(autouse=True)
def _environment(request: pytest.FixtureRequest, engine: Engine) -> None:
    if engine is TENSORFLOW:
        request.getfixturevalue("tensorflow_python")


@both(pytorch=5, tensorflow=240)
def test_killed_twice(
    host: Host, moments: Moments, projects: Callable[..., bytes], engine: Engine, length: int
) -> None:
    """The small sister of the long proof below."""
    request = engine.asks(length, batch_size=1, checkpoint_minutes=0.05)
    upload = projects(DemoSize(frames=20, labelled=8), request)
    moments.run = host.way.put(upload, f"uploads/{LAB}/twice.zip")
    for moment in ("in an epoch", "between file and manifest"):
        moments.kill(moment)
    ended = host.way.ended(moments.run, seconds=300)
    assert ended.status == "SUCCEEDED", ended.message
    steps = [row[0] for row in curve_of(host, moments.run, engine)]
    assert len(set(steps)) == len(steps)
    assert steps[-1] == length
    assert resumptions(host, moments.run) == moments.safe_numbers, "\n".join(host.log(moments.run))
    assert len(moments.safe_numbers) == 2
    (mail,) = host.way.mails(moments.run, "SUCCEEDED")
    assert "It was resumed after 2 interruptions." in words_of(mail)


FIVE = (
    "in an epoch",
    "in the writing of a checkpoint",
    "in the upload of a file",
    "between file and manifest",
    "in the evaluation",
)


@pytest.mark.long
@both(pytorch=10, tensorflow=200)
def test_killed_at_five_moments(
    host: Host,
    moments: Moments,
    projects: Callable[..., bytes],
    tmp_path: Path,
    engine: Engine,
    length: int,
) -> None:
    """Total of epochs, repeated work, schedule and best snapshot: as if it had been left alone."""
    minutes = 0.2
    request = engine.asks(length, batch_size=4, checkpoint_minutes=minutes)
    upload = projects(DemoSize(frames=80, labelled=32), request)
    alone = host.way.put(upload, f"uploads/{LAB}/alone.zip")
    assert host.way.ended(alone, seconds=900).status == "SUCCEEDED"
    moments.run = host.way.put(upload, f"uploads/{LAB}/killed.zip")
    for moment in FIVE:
        moments.kill(moment)
    ended = host.way.ended(moments.run, seconds=900)

    assert ended.status == "SUCCEEDED", ended.message
    (mail,) = host.way.mails(moments.run, "SUCCEEDED")
    assert "It was resumed after 5 interruptions." in words_of(mail)
    killed, whole = (curve_of(host, run, engine) for run in (moments.run, alone))
    assert killed[-1][0] == length
    assert killed == [pytest.approx(row, abs=1e-4, rel=0) for row in whole]
    assert resumptions(host, moments.run) == moments.safe_numbers
    assert len(moments.safe_numbers) == len(FIVE)
    if engine is PYTORCH:  # TensorFlow's own file has the learning rates
        one, other = (state_of(host, run, tmp_path) for run in (moments.run, alone))
        assert one["scheduler"] == other["scheduler"]
        assert one["optimizer"]["param_groups"] == other["optimizer"]["param_groups"]
    best = run_file_of(host, moments.run)["snapshot"]["best"]
    errors = validation_errors(host, moments.run)
    assert errors == pytest.approx(validation_errors(host, alone), abs=0.011)
    assert best["rmse_px"] == pytest.approx(min(errors.values()), abs=0.006)  # two decimals
    assert best["rmse_px"] == pytest.approx(errors[best["epoch"]], abs=0.006)
    assert best == pytest.approx(run_file_of(host, alone)["snapshot"]["best"], abs=1e-4)
    assert moments.lost, "nothing was measured"
    assert max(moments.lost) <= 60 * minutes, moments.lost
