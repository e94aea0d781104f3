"""Trains a shuffle with DeepLabCut's networks, losses, data sets and runners.

What `deeplabcut.train_network` does, with a loop of our own around DeepLabCut's single step: its
loop can neither be ended in the middle of an epoch nor go on from there, forgets the best snapshot
when it is resumed, and chooses it on the frames that the score is reported on.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import deeplabcut.pose_estimation_pytorch.utils as dlc_torch  # type: ignore[import-untyped]
import torch
from deeplabcut.pose_estimation_pytorch.data import (  # type: ignore[import-untyped]
    DLCLoader,
    build_transforms,
)
from deeplabcut.pose_estimation_pytorch.data.collate import (  # type: ignore[import-untyped]
    COLLATE_FUNCTIONS,
)
from deeplabcut.pose_estimation_pytorch.models import (  # type: ignore[import-untyped]
    DETECTORS,
    PoseModel,
)
from deeplabcut.pose_estimation_pytorch.runners import (  # type: ignore[import-untyped]
    build_training_runner,
)
from deeplabcut.pose_estimation_pytorch.runners.logger import (  # type: ignore[import-untyped]
    destroy_file_logging,
)
from deeplabcut.pose_estimation_pytorch.task import Task  # type: ignore[import-untyped]
from torch.utils.data import DataLoader

from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.plan import (
    Monitor,
    TrainedSnapshot,
    TrainingPlan,
    read_checkpoint,
    require_steps,
)
from dlc_batch_trainer.pytorch.image_cache import cached_images
from dlc_batch_trainer.pytorch.memory import memory_errors
from dlc_batch_trainer.pytorch.phase import DETECTOR_FILE, NAMES, Phase
from dlc_batch_trainer.pytorch.rates import scale_rates
from dlc_batch_trainer.pytorch.seeding import (
    Lottery,
    SeededCollate,
    SeededDataset,
    SeededOrder,
)
from dlc_batch_trainer.pytorch.speed import Speed, use_all_cores
from dlc_batch_trainer.weights import fetch_pretrained, redirect_backbones

_DETECTOR, _POSE = 0, 1


def train(plan: TrainingPlan, monitor: Monitor) -> TrainedSnapshot:
    """Train one shuffle to its last epoch, or until the monitor wants an end.

    Raises:
        Interrupted: a last checkpoint was made, as the monitor wanted.
        InfrastructureError: the pretrained weights can't be had, or frames can't be loaded.
        OutOfMemory: it may go with a smaller batch.
        UserError: the loss is not a number, or the earlier run's network is another.
    """
    use_all_cores()
    loader = DLCLoader(plan.config_path, plan.trainset, plan.shuffle)
    settings = redirect_backbones(loader.model_cfg.to_dict(normalize=True))
    logging.basicConfig(
        filename=loader.model_folder / "train.txt",
        level=logging.INFO,
        format="%(asctime)-15s %(message)s",
        force=True,
    )
    dlc_torch.fix_seeds(plan.seed)
    try:
        with cached_images(bool(plan.options.get("image_cache", True))) as cache:
            return _Training(plan, monitor, loader, settings, cache).run()
    finally:
        destroy_file_logging()


class _Training:
    """The phases of a training, one after the other."""

    def __init__(
        self,
        plan: TrainingPlan,
        monitor: Monitor,
        loader: Any,
        settings: dict[str, Any],
        cache: Any,
    ) -> None:
        self._plan = plan
        self._monitor = monitor
        self._loader = loader
        self._settings = settings
        self._cache = cache
        self._folder: Path = loader.model_folder
        self._device = dlc_torch.resolve_device(loader.model_cfg)
        self._resumed = read_checkpoint(plan.resume) if plan.resume else None
        self._began_from: dict[str, str] = dict((self._resumed or {}).get("began_from", {}))

    def run(self) -> TrainedSnapshot:
        if self._begins(_POSE) and self._plan.weights == "pretrained":
            fetch_pretrained(self._settings)
        if self._plan.resume:
            for log in self._plan.resume.glob("learning_stats*.csv"):
                shutil.copyfile(log, self._folder / log.name)
        detector = self._train_detector()
        phase = self._train_phase(_POSE, self._settings, Task(self._settings["method"]), detector)
        require_steps(phase.steps)
        path, epoch = phase.write_snapshot(
            self._folder, phase.runner.snapshot_manager.snapshot_prefix
        )
        return TrainedSnapshot(
            path=path,
            trained=epoch,
            done=phase.done,
            total=phase.epochs,
            unit="epochs",
            best=phase.best,
            began_from=self._began_from,
        )

    def _begins(self, number: int) -> bool:
        """Whether a phase is not under way already in the checkpoint that we go on from."""
        return self._resumed is None or bool(self._resumed["position"].phase < number)

    def _train_detector(self) -> Path | None:
        settings = self._settings.get("detector")
        if not settings or settings["train_settings"]["epochs"] <= 0:
            return None
        kept = self._plan.scratch / DETECTOR_FILE
        if self._resumed and self._resumed["position"].phase == _POSE:
            shutil.copyfile(self._plan.resume / DETECTOR_FILE, kept)  # type: ignore[operator]  # resumed
        else:
            phase = self._train_phase(_DETECTOR, settings, Task.DETECT, None)
            phase.write_snapshot(self._plan.scratch, "detector")[0].replace(kept)
        epochs = torch.load(kept, map_location="cpu", weights_only=True)["metadata"]["epoch"]
        shutil.copyfile(kept, self._folder / f"{Task.DETECT.snapshot_prefix}-{epochs:03}.pt")
        return kept

    def _train_phase(
        self, number: int, settings: dict[str, Any], task: Any, detector: Path | None
    ) -> Phase:
        batch_size = batch_size_of(settings, self._plan.halvings)
        self._monitor.phase(batch_size)
        with memory_errors(NAMES[number], batch_size):
            phase = self._phase(number, settings, task, detector, batch_size)
            phase.train()
        return phase

    def _phase(
        self,
        number: int,
        settings: dict[str, Any],
        task: Any,
        detector: Path | None,
        batch_size: int,
    ) -> Phase:
        plan = self._plan
        model = self._build(number, settings, task)
        runner = build_training_runner(
            runner_config=settings["runner"],
            model_folder=self._folder,
            task=task,
            model=model.to(self._device),
            device=self._device,
        )
        speed = Speed.choose(
            plan.options, self._device, settings["train_settings"]["dataloader_workers"]
        )
        speed.set_up(model)
        lottery = Lottery(plan.seed, number)
        frames = self._loader.create_dataset(
            transform=build_transforms(settings["data"]["train"]), mode="train", task=task
        )
        if self._cache is not None:
            self._cache.fill((i["file_name"] for i in frames.images), frames.parameters.color_mode)
        order = SeededOrder(len(frames), lottery)
        phase = Phase(
            plan=plan,
            monitor=self._monitor,
            number=number,
            runner=runner,
            frames=_loader(frames, order, settings, speed, batch_size),
            order=order,
            lottery=lottery,
            speed=speed,
            epochs=settings["train_settings"]["epochs"],
            settings=settings,
            validation=self._validation(settings, task) if number == _POSE else None,
            detector=detector,
            batch_size=batch_size,
            began_from=self._began_from,
        )
        before = settings["train_settings"]["batch_size"]
        if self._resumed and self._resumed["position"].phase == number:
            phase.restore(plan.resume, self._resumed)  # type: ignore[arg-type]  # resumed
            before = batch_size_of(settings, int(self._resumed["halvings"]))
        scale_rates(runner.optimizer, runner.scheduler, batch_size / before)
        return phase

    def _validation(self, settings: dict[str, Any], task: Any) -> DataLoader[Any] | None:
        """The validation frames, put where another of DeepLabCut's loaders has the test frames."""
        if not self._plan.validation:
            return None
        plan = self._plan
        loader = DLCLoader(plan.config_path, plan.trainset, plan.shuffle)
        loader._dfs["test"] = loader.df.iloc[list(plan.validation)]
        frames = loader.create_dataset(
            transform=build_transforms(settings["data"]["inference"]), mode="test", task=task
        )
        return DataLoader(frames, batch_size=1, shuffle=False)

    def _build(self, number: int, settings: dict[str, Any], task: Any) -> Any:
        """Build the network with the weights it begins from; the same for the same seed."""
        plan = self._plan
        torch.manual_seed(plan.seed)
        begins = self._begins(number)
        pretrained = plan.weights == "pretrained" and begins
        if task == Task.DETECT:
            model = DETECTORS.build(
                dict(settings["model"]), weight_init=None, pretrained=pretrained
            )
        else:
            model = PoseModel.build(
                settings["model"], weight_init=None, pretrained_backbone=pretrained
            )
        start = plan.start_detector if number == _DETECTOR else plan.start
        if start is not None and begins:
            _load_start(model, start, plan.weights)
        name = NAMES[number]
        if begins:
            self._began_from[f"{name}_weights"] = plan.weights
            self._began_from[f"{name}_network"] = _name_of(settings["model"])
            self._began_from[f"{name}_sha256"] = hash_of(model.state_dict())
        return model


def _name_of(model: Mapping[str, Any]) -> str:
    """The name under which the pretrained weights are published, where there is one."""
    backbone = model.get("backbone") or {}
    return str(backbone.get("model_name") or model.get("variant") or model.get("type"))


def _loader(
    frames: Any, order: SeededOrder, settings: Mapping[str, Any], speed: Speed, batch_size: int
) -> DataLoader[Any]:
    wanted = settings["data"]["train"].get("collate")
    collate = COLLATE_FUNCTIONS.build(wanted) if wanted else None
    lottery = order._lottery
    return DataLoader(
        SeededDataset(frames, lottery),
        batch_size=batch_size,
        sampler=order,
        collate_fn=SeededCollate(collate, lottery),
        num_workers=speed.workers,
        pin_memory=speed.pin_memory,
        persistent_workers=speed.workers > 0,
    )


def batch_size_of(settings: Mapping[str, Any], halvings: int) -> int:
    """Return the batch size of a phase, halved so often."""
    return max(int(settings["train_settings"]["batch_size"]) >> halvings, 1)


def _load_start(model: Any, path: Path, run_id: str) -> None:
    state = torch.load(path, map_location="cpu", weights_only=True)
    try:
        model.load_state_dict(state["model"])
    except (RuntimeError, KeyError) as error:
        raise UserError(
            f"The network of run {run_id} is not the one of this project: other body parts, other"
            " animals, or another net type.",
            "Begin from a run with the same body parts and `net_type`, or write"
            " `weights: pretrained` into dlc-batch.yaml.",
        ) from error


def hash_of(state: Mapping[str, torch.Tensor]) -> str:
    """Return a hash over the names and numbers of a network's weights, in order of the names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
