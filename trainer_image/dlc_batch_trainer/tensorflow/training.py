"""Trains a shuffle with DeepLabCut's TensorFlow networks, data sets and optimizers.

What `deeplabcut.train_network` does, with a loop of our own: its loop restarts the schedule and
the optimizer when it goes on, draws other frames then, hangs when a frame can't be read, and
knows no best snapshot.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]  # of the engine's own environment
from deeplabcut.pose_estimation_tensorflow.config import (  # type: ignore[import-untyped]
    load_config,
)
from deeplabcut.pose_estimation_tensorflow.datasets import (  # type: ignore[import-untyped]
    PoseDatasetFactory,
)

from dlc_batch_core.words import counted
from dlc_batch_trainer.errors import OutOfMemory
from dlc_batch_trainer.plan import (
    Monitor,
    TrainedSnapshot,
    TrainingPlan,
    read_checkpoint,
    require_steps,
)
from dlc_batch_trainer.tensorflow.batches import Batches
from dlc_batch_trainer.tensorflow.course import Course
from dlc_batch_trainer.tensorflow.network import Network
from dlc_batch_trainer.tensorflow.schedule import Schedule, is_efficientnet, scaled
from dlc_batch_trainer.tensorflow.validation import Examiner, validation_frames
from dlc_batch_trainer.tensorflow.weights import fetch_pretrained

#: oneDNN's words where a kernel on the CPU gets no memory (TensorFlow's mkl_conv_ops.cc).
_NO_MEMORY_FOR_KERNEL = "could not create a primitive"
TRAIN_SETTINGS, TEST_SETTINGS = "train/pose_cfg.yaml", "test/pose_cfg.yaml"


def train(plan: TrainingPlan, monitor: Monitor) -> TrainedSnapshot:
    """Train one shuffle to its last iteration, or until the monitor wants an end.

    Raises:
        Interrupted: a last checkpoint was made, as the monitor wanted.
        InfrastructureError: the pretrained weights can't be had, or a frame can't be loaded.
        OutOfMemory: it may go with a smaller batch.
        UserError: the loss is not a number, or the earlier run's network is another.
    """
    settings = training_settings(plan)
    logging.basicConfig(
        filename=plan.model_folder / "train" / "log.txt",
        level=logging.INFO,
        format="%(asctime)-15s %(message)s",
        force=True,
    )
    try:
        return _train(plan, monitor, settings)
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise _out_of_memory(settings["batch_size"]) from error
    except tf.errors.OpError as error:
        if _NO_MEMORY_FOR_KERNEL not in str(error):
            raise
        raise _out_of_memory(settings["batch_size"]) from error


def _train(plan: TrainingPlan, monitor: Monitor, settings: dict[str, Any]) -> TrainedSnapshot:
    schedule = Schedule(settings)
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(contextlib.closing(Network(settings, plan.seed)))
        frames = PoseDatasetFactory.create(settings)
        batches = Batches(frames, plan.seed, schedule.iterations)
        stack.enter_context(contextlib.closing(batches))
        examiner = Examiner(plan.model_folder / TEST_SETTINGS, validation_frames(plan))
        stack.enter_context(contextlib.closing(examiner))
        resumed = read_checkpoint(plan.resume) if plan.resume else None
        began_from = dict(resumed["began_from"]) if resumed else _begin(plan, settings, network)
        course = Course(plan, monitor, network, batches, examiner, schedule, settings, began_from)
        if resumed and plan.resume:
            course.restore(plan.resume, resumed)
        monitor.phase(settings["batch_size"], course.iteration, schedule.iterations)
        course.run()
        require_steps(course.iteration)
        path = course.write_snapshot(plan.model_folder / "train")
    return TrainedSnapshot(
        path=path,
        trained=course.best.epoch if course.best else course.iteration,
        done=course.iteration,
        total=schedule.iterations,
        unit="iterations",
        best=course.best,
        began_from=began_from,
        looks=tuple(course.looks),
    )


def training_settings(plan: TrainingPlan) -> dict[str, Any]:
    """Read pose_cfg.yaml, and set what DeepLabCut's own loops set as they begin."""
    settings = dict(load_config(str(plan.model_folder / TRAIN_SETTINGS)))
    settings["project_path"] = str(plan.config_path.parent)
    if is_efficientnet(settings["net_type"]):
        settings["optimizer"] = "adam"
    if "multi-animal" in settings["dataset_type"]:
        if settings["optimizer"] != "adam":
            settings["batch_size"] = 1
        if settings["partaffinityfield_predict"]:
            settings["pairwise_predict"] = True
    return scaled(settings, plan.halvings)


def _begin(plan: TrainingPlan, settings: Mapping[str, Any], network: Network) -> dict[str, str]:
    """Put the weights into the network that it begins from.

    Returns:
        their name and hash.
    """
    if plan.start is not None:
        network.load_start(plan.start, plan.weights)
    elif plan.weights == "pretrained":
        network.load_backbone(fetch_pretrained(settings["net_type"]))
    return {"pose_weights": plan.weights, "pose_sha256": network.hash()}


def _out_of_memory(batch_size: int) -> OutOfMemory:
    return OutOfMemory(
        f"The network does not fit into memory with a batch of {counted(batch_size, 'frames')}.",
        "Set a smaller `batch_size` in dlc-batch.yaml, or a smaller `global_scale` or `crop_size`"
        " (see `overrides`).",
    )
