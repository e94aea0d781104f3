"""What can go wrong with a training ends in one mail that says what happened and what to do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.mail_words import words_of
from tests.way.trainings import ENDLESS, REQUEST, Training, training

from dlc_batch_core.control import Action

if TYPE_CHECKING:
    from tests.way.hosts import Host

MEGABYTE = 1_000_000


def test_missing_weights(host: Host, tmp_path: Path) -> None:
    """A computer that has none of them, and no way to the internet."""
    host.arrange(HF_HOME=str(tmp_path / "cache"))
    with training(host, tmp_path, {"weights": "pretrained", "epochs": 1}) as run:
        _, mail = run.end("FAILED")
    assert "The pretrained weights of cspnext_s can't be had: they are not on this" in words_of(
        mail
    )
    assert "What to do: See that this computer reaches the internet" in words_of(mail)
    assert "`--weights random`" in words_of(mail)
    assert "It failed before the training began: there is no checkpoint." in words_of(mail)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a disk of a size on a folder; only root can."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk; run as root")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes * MEGABYTE}", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let root mount a tmpfs; run where it does")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_too_small_for_the_project(host: Host, tmp_path: Path) -> None:
    with small_disk(host.folder, 1), training(host, tmp_path, {"epochs": 1}) as run:
        (host.folder / "taken").write_bytes(bytes(MEGABYTE - 100_000))
        _, mail = run.end("FAILED")
    assert "The disk has 0.0 GB free; this project needs" in words_of(mail)
    assert (
        "What to do: Ask your admin for a larger disk (VolumeSize in template.yaml)"
        in words_of(mail)
    )


@pytest.mark.long
def test_a_disk_that_fills_up(host: Host, tmp_path: Path) -> None:
    with small_disk(host.folder, 1500), training(host, tmp_path, {"epochs": ENDLESS}) as run:
        run.wait_for("epoch 1/")
        with (host.folder / "taken").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 600 * MEGABYTE)
        _, mail = run.end("FAILED")
    assert "The disk is nearly full:" in words_of(mail)
    assert "the training was ended before a checkpoint could be cut off" in words_of(mail)
    assert "What to do: Ask your admin for a larger disk" in words_of(mail)


@pytest.mark.long
def test_a_loss_that_is_no_number(host: Host, tmp_path: Path) -> None:
    overrides = {**REQUEST["overrides"], "runner.optimizer.params.lr": 1e30}
    with training(host, tmp_path, {"epochs": 50, "overrides": overrides}) as run:
        _, mail = run.end("FAILED")
    assert "The loss is not a number any more (NaN or infinite) in epoch 1 of 50" in words_of(mail)
    assert "What to do: Ask for a lower learning rate" in words_of(mail)


def kill_training(run: Training, but: int | None = None) -> int:
    """SIGKILL to the process in which DeepLabCut runs, as the kernel does when memory is short.

    Args:
        but: a process that was killed before; the next one is waited for.
    """

    def look() -> int | None:
        found = run.host.training_process(run.run)
        return found if found != but else None

    process: int = run.host.way.wait_for(look, "a training process")
    os.kill(process, signal.SIGKILL)
    return process


@pytest.mark.long
def test_out_of_memory_once(host: Host, tmp_path: Path) -> None:
    with training(host, tmp_path, {"epochs": 4}) as run:
        run.wait_for("epoch 1/")
        kill_training(run)
        _, mail = run.end("SUCCEEDED")
    assert "most likely for lack of the computer's memory" in words_of(mail)
    assert "it went on with half the batch size" in words_of(mail)


@pytest.mark.long
def test_out_of_memory_twice(host: Host, tmp_path: Path) -> None:
    with training(host, tmp_path, {"epochs": ENDLESS}) as run:
        run.wait_for("epoch 1/")
        kill_training(run, but=kill_training(run))
        ended, mail = run.end("FAILED")
    assert ended.attempt == 1, "what does not fit is not tried again on another host"
    assert "most likely for lack of the computer's memory" in words_of(mail)
    assert "What to do: Ask for a smaller `batch_size`" in words_of(mail)


@pytest.mark.long
def test_a_stuck_loader(host: Host, tmp_path: Path) -> None:
    """A process that loads frames stands still, as on a disk that no longer answers."""
    minutes = 2.0  # a busy computer takes more than half a minute to load PyTorch
    request = {"epochs": ENDLESS, "loader_workers": 1, "stall_minutes": minutes}
    with training(host, tmp_path, request) as run:
        run.wait_for("epoch 1/")
        worker = host.training_process(run.run)
        loaders = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        assert loaders
        for loader in loaders:
            os.kill(int(loader), signal.SIGSTOP)
        ended, mail = run.end("FAILED")
    assert ended.attempt == 1
    assert "The training made no step for" in words_of(mail)
    assert "it was stuck, most likely in loading images" in words_of(mail)
    assert "What to do: Upload the project again" in words_of(mail)
    assert "`loader_workers: 0`" in words_of(mail)


@pytest.mark.long
def test_the_lab_stops_now(host: Host, tmp_path: Path) -> None:
    with training(host, tmp_path, {"epochs": ENDLESS}) as run:
        run.wait_for("epoch 1/")
        run.ask(Action.STOP_NOW)
        ended, mail = run.end("CANCELLED")
    assert "was cancelled, as your lab asked." in words_of(mail)
    assert "There are no results." in words_of(mail)
    assert ended.files == ()


@pytest.mark.long
def test_the_lab_stops_and_keeps_the_best(host: Host, tmp_path: Path) -> None:
    with training(host, tmp_path, {"epochs": ENDLESS}) as run:
        run.wait_for("epoch 1/")
        run.ask(Action.STOP_AND_KEEP_BEST)
        ended, mail = run.end("SUCCEEDED")
    assert "The lab stopped the training " in words_of(mail)
    assert " snapshot was kept" in words_of(mail)
    assert "test_rmse_px" in ended.metrics
    assert any("/train/snapshot-" in name for name in ended.files)
