"""A training that is ended in every way a host, a lab or a fault can end it, and goes on.

Real DeepLabCut in the real program, its processes ended by real signals; the bucket is a real
HTTP server's.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from ruamel.yaml import YAML
from tests.trainer.processes import running, wait_for, worker_of
from tests.trainer.test_spot import Imds

from dlc_batch_core.control import Action, Control
from dlc_batch_core.outcome import ErrorKind
from dlc_batch_core.request import Request
from dlc_batch_trainer.plan import Best, TrainedSnapshot
from dlc_batch_trainer.worker_program import course_words

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

EPOCHS = 6
FRAMES = 12  # the training frames of the tiny project
TRAIN = "dlc-models-pytorch/iteration-0/walkJan1-trainset80shuffle1/train"


@pytest.fixture(scope="module")
def slow_request(tiny_request: Request) -> Request:
    """Steps of one frame: an epoch is long enough to be ended in its middle."""
    return replace(tiny_request, epochs=EPOCHS, batch_size=1, checkpoint_minutes=0.05)


@pytest.fixture(scope="module")
def unbroken(
    make_bench: Callable[[], Bench], tiny_project: Path, slow_request: Request
) -> Finished:
    """The same training, left alone."""
    bench = make_bench()
    bench.submit(bench.zip_project(tiny_project), "", slow_request)
    return bench.train()


def curve(done: Finished) -> list[dict[str, str]]:
    with (done.results / TRAIN / "learning_stats.csv").open() as file:
        return list(csv.DictReader(file))


def assert_same_training(broken: Finished, unbroken: Finished) -> None:
    assert broken.exit_code == 0, broken.output
    one, other = curve(broken), curve(unbroken)
    assert [row["step"] for row in one] == [row["step"] for row in other]
    assert len(one) == EPOCHS
    for mine, theirs in zip(one, other, strict=True):
        for name in ("losses/train.total_loss",):
            assert float(mine[name]) == pytest.approx(float(theirs[name]), abs=1e-4)
    assert broken.outcome.metrics == pytest.approx(unbroken.outcome.metrics, abs=1e-3)


def prefix_of(bench: Bench) -> str:
    return bench.keys.shuffle(1).checkpoints


def facts_rate(bench: Bench) -> float:
    """The learning rate that the results' own settings have."""
    settings = bench.read(f"{bench.keys.results}{TRAIN}/pytorch_config.yaml").decode()
    content = YAML(typ="safe", pure=True).load(settings)
    return float(content["runner"]["optimizer"]["params"]["lr"])


def checkpoints(bench: Bench) -> list[dict[str, Any]]:
    prefix = prefix_of(bench)
    listed = bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix=prefix).get("Contents", [])
    names = sorted(each["Key"] for each in listed)
    manifests = [name for name in names if name.endswith(".json") and "attempts" not in name]
    return [json.loads(bench.read(name)) for name in manifests]


def position(bench: Bench) -> dict[str, int]:
    newest = checkpoints(bench)[-1]
    found: dict[str, int] = newest["position"]["position"]
    return found


def test_sigterm_in_the_middle_of_an_epoch(
    bench: Bench, tiny_project: Path, slow_request: Request, unbroken: Finished
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(slow_request, checkpoint_minutes=10))
    with running(bench) as process:
        wait_for("epoch 2/", bench, process)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(timeout=60) == 75
        assert time.monotonic() - began < 25
    assert bench.outcome().error_kind is ErrorKind.INFRASTRUCTURE
    assert "goes on by itself" in bench.outcome().remedy
    place = position(bench)
    assert place["epoch"] >= 2
    assert 0 < place["samples"] <= FRAMES, "not within an epoch"
    assert list((bench.folder / "work").iterdir()) == []
    done = bench.train(AWS_BATCH_JOB_ATTEMPT="2")
    assert "going on from checkpoint" in done.output
    assert "epoch 1/" not in done.output, "it began anew"
    assert_same_training(done, unbroken)
    attempts = done.run_file()["attempts"]
    assert [each["ended"] for each in attempts] == ["interrupted", None]


def test_spot_notice(
    bench: Bench, tiny_project: Path, slow_request: Request, unbroken: Finished
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(slow_request, checkpoint_minutes=10))
    handler = type("Handler", (Imds,), {"entries": {"instance-life-cycle": "spot"}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with running(bench, AWS_EC2_METADATA_SERVICE_ENDPOINT=address) as process:
            wait_for("epoch 1/", bench, process)
            handler.entries["spot/termination-time"] = "2026-01-01T00:02:00Z"
            began = time.monotonic()
            assert process.wait(timeout=60) == 75
            assert time.monotonic() - began < 25
        server.shutdown()
    assert len(checkpoints(bench)) == 1, "the notice made no checkpoint, or another one did"
    assert position(bench)["epoch"] >= 1
    assert_same_training(bench.train(AWS_BATCH_JOB_ATTEMPT="2"), unbroken)


@pytest.mark.long
def test_killed_again_and_again(
    bench: Bench, tiny_project: Path, slow_request: Request, unbroken: Finished
) -> None:
    """SIGKILL to the whole group: before a checkpoint, after one, and in its upload."""
    bench.submit(bench.zip_project(tiny_project), "", slow_request)
    with running(bench, 1) as process:
        wait_for("== train", bench, process)
    assert checkpoints(bench) == []
    with running(bench, 2) as process:
        wait_for("is safe", bench, process, 2)
    first = position(bench)
    with running(bench, 3) as process:
        wait_for("is safe", bench, process, 3)
        wait_for_upload(bench)
    assert_no_step_back(first, position(bench))
    done = bench.train(AWS_BATCH_JOB_ATTEMPT="4")
    assert_same_training(done, unbroken)
    attempts = done.run_file()["attempts"]
    assert [each["attempt"] for each in attempts] == [1, 2, 3, 4]


def wait_for_upload(bench: Bench) -> None:
    """Wait until a file of a checkpoint is there and its manifest is not."""
    prefix = prefix_of(bench)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        named = {sha for each in checkpoints(bench) for sha in each["files"].values()}
        listed = bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix=f"{prefix}files/")
        there = {each["Key"].rpartition("/")[2] for each in listed.get("Contents", [])}
        if there - named:
            return
    pytest.fail("no upload was seen under way")


def assert_no_step_back(before: dict[str, int], after: dict[str, int]) -> None:
    order = ("phase", "epoch", "samples")
    assert [after[name] for name in order] >= [before[name] for name in order]


def test_the_watcher_killed_alone_takes_the_training_with_it(
    bench: Bench, tiny_project: Path, slow_request: Request
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", slow_request)
    with running(bench) as process:
        wait_for("== train", bench, process)
        worker = worker_of(process)
        process.kill()
        process.wait()
        end = time.monotonic() + 10
        while Path(f"/proc/{worker}").exists() and time.monotonic() < end:
            time.sleep(0.1)
        assert not Path(f"/proc/{worker}").exists()


def test_the_training_process_has_no_credentials(
    bench: Bench, tiny_project: Path, slow_request: Request
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", slow_request)
    with running(bench) as process:
        wait_for("== train", bench, process)
        environment = Path(f"/proc/{worker_of(process)}/environ").read_bytes()
    assert b"PYTHONPATH=" in environment
    assert b"AWS_SECRET_ACCESS_KEY" not in environment
    assert b"made-up" not in environment


def test_out_of_memory_goes_on_with_half_the_batch(
    bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    """The kernel kills the largest process: the one in which DeepLabCut runs."""
    request = replace(tiny_request, epochs=20, checkpoint_minutes=0.05)
    bench.submit(bench.zip_project(tiny_project), "", request)
    with running(bench) as process:
        wait_for("is safe", bench, process)
        os.kill(worker_of(process), signal.SIGKILL)
        assert process.wait(timeout=240) == 0
    outcome = bench.outcome()
    assert outcome.succeeded
    assert any("half the batch size" in note for note in outcome.notes)
    facts = json.loads(bench.read(f"{bench.keys.results}run.json"))
    assert facts["batch_size_halved"] == 1
    text = (bench.folder / "log-1.txt").read_text()
    assert "going on from checkpoint" in text
    assert "epoch 20/20" in text
    newest = checkpoints(bench)[-1]
    state = torch.load(
        io.BytesIO(bench.read(f"{prefix_of(bench)}files/{newest['files']['state.pt']}")),
        weights_only=True,
    )
    rate = facts_rate(bench)
    assert [group["lr"] for group in state["optimizer"]["param_groups"]] == [rate / 2]


def test_out_of_memory_twice_is_the_end(
    bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(tiny_request, epochs=500))
    with running(bench) as process:
        wait_for("== train", bench, process)
        os.kill(first := worker_of(process), signal.SIGKILL)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(ValueError):
                if (second := worker_of(process)) != first:
                    break
            time.sleep(0.2)
        os.kill(second, signal.SIGKILL)
        assert process.wait(timeout=60) == 2
    outcome = bench.outcome()
    assert "memory" in outcome.message
    assert "batch_size" in outcome.remedy


def test_an_evaluation_that_dies_costs_the_scores_only(
    bench: Bench, tiny_project: Path, tiny_request: Request
) -> None:
    """Killed while it scores: the network is there, and is sent."""
    bench.submit(bench.zip_project(tiny_project), "", tiny_request)
    with running(bench) as process:
        wait_for("== evaluate", bench, process)
        os.kill(worker_of(process), signal.SIGKILL)
        assert process.wait(timeout=240) == 0
    outcome = bench.outcome()
    assert outcome.succeeded
    assert "test_rmse_px" not in outcome.metrics
    assert any("died while it scored the network" in note for note in outcome.notes)
    assert not any("batch size" in note for note in outcome.notes)
    assert any(name.endswith("train/snapshot-002.pt") for name in outcome.files)


def test_a_stuck_loader_is_told(bench: Bench, tiny_project: Path, slow_request: Request) -> None:
    """A process that loads frames stands still, as on a disk that no longer answers."""
    request = replace(slow_request, epochs=500, loader_workers=1, stall_minutes=0.5)
    bench.submit(bench.zip_project(tiny_project), "", request)
    with running(bench) as process:
        wait_for("epoch 1/", bench, process)
        worker = worker_of(process)
        loaders = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        assert loaders
        for loader in loaders:
            os.kill(int(loader), signal.SIGSTOP)
        try:
            assert process.wait(timeout=120) == 1
        finally:
            for loader in loaders:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(loader), signal.SIGKILL)
    outcome = bench.outcome()
    assert "made no step" in outcome.message
    assert outcome.error_kind is ErrorKind.INFRASTRUCTURE
    assert "loader_workers: 0" in outcome.remedy
    assert "Thread 0x" in (bench.folder / "log-1.txt").read_text(), "no stacks in the log"


def test_a_loss_that_is_no_number(bench: Bench, tiny_project: Path, tiny_request: Request) -> None:
    steep = {**tiny_request.overrides, "runner.optimizer.params.lr": 1e30}
    bench.submit(
        bench.zip_project(tiny_project), "", replace(tiny_request, epochs=50, overrides=steep)
    )
    done = bench.train()
    assert done.exit_code == 2, done.output
    assert "NaN" in done.outcome.message or "not a number" in done.outcome.message
    assert "learning rate" in done.outcome.message + done.outcome.remedy


def test_the_lab_stops_and_keeps_the_best(
    bench: Bench, tiny_project: Path, slow_request: Request
) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(slow_request, epochs=5000))
    with running(bench) as process:
        wait_for("epoch 1/", bench, process)
        control = Control(Action.STOP_AND_KEEP_BEST).to_json().encode()
        bench.s3.put_object(Bucket=bench.bucket, Key=bench.keys.shuffle(1).control, Body=control)
        assert process.wait(timeout=120) == 0
    outcome = bench.outcome()
    assert outcome.succeeded
    assert "test_rmse_px" in outcome.metrics
    (note,) = (each for each in outcome.notes if "The lab stopped the training" in each)
    said = re.fullmatch(
        "The lab stopped the training (after ([0-9]+) of 5000 epochs|before its first epoch was"
        " over). The last snapshot was kept: there are no validation frames to choose by.",
        note,
    )
    assert said is not None, note
    whole = f"{said[2]} epochs".replace("1 epochs", "1 epoch") if said[2] else "less than an epoch"
    assert f" for {whole} on " in outcome.message
    assert any(f"/snapshot-{int(said[2] or 0):03}.pt" in file for file in outcome.files)


@pytest.mark.parametrize(
    ("done", "best", "has_validation", "words"),
    [
        (11, Best(10, 4.0), True, "after 11 of 60 epochs. The best snapshot was kept: that after"
        " 10 epochs."),
        (3, None, True, "after 3 of 60 epochs. The last snapshot was kept: validation had not run"
        " yet."),
        (0, None, True, "before its first epoch was over. The last snapshot was kept: validation"
        " had not run yet."),
    ],
)  # fmt: skip
def test_where_it_ended_and_what_was_kept_is_told(
    done: int, best: Best | None, has_validation: bool, words: str
) -> None:
    trained = best.epoch if best else done
    snapshot = TrainedSnapshot(Path("s.pt"), trained, done, 60, "epochs", best)
    assert course_words(snapshot, has_validation=has_validation) == words


def test_the_lab_stops_at_once(bench: Bench, tiny_project: Path, slow_request: Request) -> None:
    bench.submit(bench.zip_project(tiny_project), "", replace(slow_request, epochs=5000))
    with running(bench) as process:
        wait_for("epoch 1/", bench, process)
        control = Control(Action.STOP_NOW).to_json().encode()
        bench.s3.put_object(Bucket=bench.bucket, Key=bench.keys.shuffle(1).control, Body=control)
        assert process.wait(timeout=60) == 2
    assert bench.outcome().cancelled
    assert bench.outcome().message.startswith("Cancelled by the lab")


def test_time_limit_near(bench: Bench, tiny_project: Path, slow_request: Request) -> None:
    """Of 0.03 h = 108 s a minute is for what comes after; the training itself is cut short."""
    request = replace(slow_request, epochs=5000, time_limit_hours=0.03)
    bench.submit(bench.zip_project(tiny_project), "", request)
    done = bench.train()
    assert done.exit_code == 0, done.output
    assert any("time limit is near" in note for note in done.outcome.notes)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk; run as root")
def test_a_full_disk_is_told(bench: Bench, tiny_project: Path, slow_request: Request) -> None:
    work = bench.folder / "work"
    work.mkdir(exist_ok=True)
    small = ["mount", "-t", "tmpfs", "-o", "size=200m", "none", str(work)]
    if subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let root mount a tmpfs; run where it does")
    try:
        bench.submit(bench.zip_project(tiny_project), "", slow_request)
        done = bench.train()
    finally:
        subprocess.run(["umount", "-l", str(work)], check=True)
    assert done.exit_code == 1, done.output
    assert "disk is nearly full" in done.outcome.message
    assert "larger disk" in done.outcome.remedy
