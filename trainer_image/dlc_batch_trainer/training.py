"""Trains the network with DeepLabCut's own functions.

What `deeplabcut.train_network` does, step by step, so that a logger of ours (DeepLabCut's own
extension point) hears of each epoch; train_network takes no other logger than its two.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import deeplabcut.pose_estimation_pytorch.utils as dlc_torch  # type: ignore[import-untyped]
import torch
from deeplabcut.pose_estimation_pytorch.apis.training import train  # type: ignore[import-untyped]
from deeplabcut.pose_estimation_pytorch.data import DLCLoader  # type: ignore[import-untyped]
from deeplabcut.pose_estimation_pytorch.data.snapshots import (  # type: ignore[import-untyped]
    list_snapshots,
)
from deeplabcut.pose_estimation_pytorch.runners.logger import (  # type: ignore[import-untyped]
    LOGGER,
    BaseLogger,
    destroy_file_logging,
)
from deeplabcut.pose_estimation_pytorch.task import Task  # type: ignore[import-untyped]

from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.weights import fetch_pretrained, redirect_backbones, save_random

EpochDone = Callable[[int, int, float], None]  # epoch, epochs, loss


@dataclass(frozen=True)
class Snapshot:
    """The snapshot that a training ends with."""

    path: Path
    epochs: int


@LOGGER.register_module
class EpochLogger(BaseLogger):  # type: ignore[misc]  # DeepLabCut has no types
    """Hands each epoch's training loss on."""

    def __init__(self, tell: EpochDone, epochs: int, **_: object) -> None:
        self._tell = tell
        self._epochs = epochs

    def log_config(self, config: object = None) -> None:
        """Nothing to do: the configuration is in the results."""

    def log(self, metrics: dict[str, Any], step: int | None = None) -> None:
        loss = metrics.get("losses/train.total_loss")
        if loss is not None and step is not None:  # validation logs without it
            self._tell(step, self._epochs, float(loss))

    def save(self) -> None:
        """Nothing is kept."""


def use_all_cores() -> None:
    """Let torch use the cores that this process may run on; it takes the host's by default."""
    asked = os.environ.get("OMP_NUM_THREADS")
    torch.set_num_threads(int(asked) if asked else len(os.sched_getaffinity(0)))


def train_shuffle(
    config_path: Path, shuffle: int, trainset: int, weights: str, scratch: Path, tell: EpochDone
) -> Snapshot:
    """Train one shuffle to its last epoch.

    Args:
        config_path: our copy's config.yaml.
        shuffle: its number.
        trainset: which of config.yaml's train fractions it has.
        weights: "pretrained" or "random".
        scratch: a folder for what is not a result.
        tell: called after each epoch of the pose network.

    Raises:
        InfrastructureError: the pretrained weights can't be had.
        UserError: the network does not fit into memory.
    """
    loader = DLCLoader(config=config_path, shuffle=shuffle, trainset_index=trainset)
    run_config = redirect_backbones(loader.model_cfg.to_dict(normalize=True))
    seed = run_config["train_settings"]["seed"]
    pose_start = detector_start = None
    if weights == "random":
        pose_start, detector_start = save_random(run_config, scratch, seed)
    else:
        fetch_pretrained(run_config)
    logging.basicConfig(
        filename=loader.model_folder / "train.txt",
        level=logging.INFO,
        format="%(asctime)-15s %(message)s",
        force=True,
    )
    dlc_torch.fix_seeds(seed)
    device = dlc_torch.resolve_device(loader.model_cfg)
    try:
        _train_detector(loader, run_config, device, detector_start)
        _train_pose(loader, run_config, device, pose_start, tell)
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"The network does not fit into the GPU's memory with a batch of"
            f" {run_config['train_settings']['batch_size']} frames.",
            "Set a smaller `batch_size` in dlc-batch.yaml, or a smaller crop.",
        ) from error
    finally:
        destroy_file_logging()
    if run_config.get("detector"):
        _keep_last_snapshot(loader.model_folder, Task.DETECT)
    snapshot = _keep_last_snapshot(loader.model_folder, Task(run_config["method"]))
    if snapshot is None:
        raise RuntimeError("DeepLabCut trained, and saved no snapshot")
    return snapshot


def _train_detector(
    loader: Any, run_config: dict[str, Any], device: str, start: Path | None
) -> None:
    detector = run_config.get("detector")
    if detector and detector["train_settings"]["epochs"] > 0:
        train(loader, detector, Task.DETECT, device=device, snapshot_path=start)


def _train_pose(
    loader: Any, run_config: dict[str, Any], device: str, start: Path | None, tell: EpochDone
) -> None:
    epochs = run_config["train_settings"]["epochs"]
    train(
        loader,
        run_config,
        Task(run_config["method"]),
        device=device,
        logger_config={"type": "EpochLogger", "tell": tell, "epochs": epochs},
        snapshot_path=start,
    )


def _keep_last_snapshot(folder: Path, task: Any) -> Snapshot | None:
    """Keep the snapshot of the last epoch only, under its plain name.

    DeepLabCut's "best" is chosen on the frames that the score is reported on, and analyze_videos
    prefers it. The score must be of the snapshot that the lab then uses.
    """
    snapshots = list_snapshots(folder, task.snapshot_prefix, best_in_last=False)
    if not snapshots:
        return None
    last = snapshots[-1]
    for other in snapshots[:-1]:
        other.path.unlink()
    plain = folder / f"{task.snapshot_prefix}-{last.epochs:03}.pt"
    last.path.rename(plain)
    return Snapshot(plain, last.epochs)
