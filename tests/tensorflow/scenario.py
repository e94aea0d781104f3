"""python scenario.py FOLDER: real trainings in the TensorFlow engine's own environment.

FOLDER/scenario.json lists what to do, FOLDER/answers.json tells what came of each. One process for
several trainings: it takes 15 s to import what they need.
"""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import deeplabcut.pose_estimation_tensorflow  # noqa: F401  # before tf_slim
import numpy as np
import tensorflow as tf
import tf_slim as slim
from deeplabcut.pose_estimation_tensorflow.datasets import PoseDatasetFactory
from tf_slim.nets import resnet_v1

from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.request import Request
from dlc_batch_trainer.errors import Interrupted
from dlc_batch_trainer.plan import TrainingPlan
from dlc_batch_trainer.preparation import Preparation
from dlc_batch_trainer.tensorflow.batches import Batches
from dlc_batch_trainer.tensorflow.training import train, training_settings
from dlc_batch_trainer.tensorflow.validation import distances_of


class Listener:
    """A monitor that writes down what it hears, and wants an end when it is told to."""

    def __init__(self, interrupt_at: int | None, stop_at: int | None) -> None:
        self._interrupt_at, self._stop_at = interrupt_at, stop_at
        self.steps: list[tuple[int, float]] = []
        self.images: list[int] = []
        self.intervals: list[dict[str, Any]] = []
        self.checkpoints: list[str] = []
        self._began = time.monotonic()

    @property
    def _now(self) -> int:
        return self.steps[-1][0] if self.steps else 0

    def phase(self, batch_size: int, step: int = 0, steps: int = 0) -> None:
        print(f"{batch_size} frames a step, from {step} of {steps}")

    def step(self, *told: Any) -> None:
        *_, step, steps, images, loss = told
        self.steps.append((step, loss))
        self.images.append(images)
        print(f"iteration {step}/{steps}: {loss:.5f}, {time.monotonic() - self._began:.1f} s")

    def epoch(self, *told: Any) -> None:
        *_, losses, metrics, rate = told
        values = {"losses": dict(losses), "metrics": dict(metrics), "rate": rate}
        self.intervals.append({"iteration": self._now, **values})

    def checkpoint(self, folder: Path) -> None:
        self.checkpoints.append(str(folder))

    def wants_interrupt(self) -> bool:
        return self._interrupt_at is not None and self._now >= self._interrupt_at

    def wants_stop(self) -> bool:
        return self._stop_at is not None and self._now >= self._stop_at


def run(folder: Path, step: dict[str, Any]) -> dict[str, Any]:
    """Prepare and train as the step says."""
    work = folder / step["name"]
    project = Path(shutil.copytree(step["project"], work / "project"))
    request = Request(engine="tensorflow", **step["request"])
    members = [
        path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()
    ]
    notes: list[str] = []
    ready = Preparation(project, request, 1, notes).run(members)
    plan = TrainingPlan(
        config_path=ready.config_path,
        shuffle=1,
        trainset=ready.trainset,
        model_folder=ready.model_folder,
        settings=ready.settings,
        seed=request.seed,
        weights=request.weights,
        scratch=work,
        checkpoints=work / "checkpoints",
        checkpoint_seconds=step.get("checkpoint_seconds", 600),
        validation=ready.split.validation,
        resume=Path(step["resume"]) if step.get("resume") else None,
        start=Path(step["start"]) if step.get("start") else None,
        halvings=step.get("halvings", 0),
    )
    if step.get("spare_bytes"):
        limit_memory(step["spare_bytes"])
    listener = Listener(step.get("interrupt_at"), step.get("stop_at"))
    answer: dict[str, Any] = {"notes": notes, "settings": ready.settings}
    try:
        snapshot = train(plan, listener)
        answer["snapshot"] = {**asdict(snapshot), "path": str(snapshot.path)}
        answer["values"] = values_of(snapshot.path)
    except Interrupted:
        answer["interrupted"] = True
    except DlcBatchError as error:
        answer["error"] = [type(error).__name__, error.message, error.remedy]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    log = ready.model_folder / "train" / "learning_stats.csv"
    frames = PoseDatasetFactory.create(training_settings(plan))
    return {
        **answer,
        "train": str(ready.model_folder / "train"),
        "steps": listener.steps,
        "images": listener.images,
        "intervals": listener.intervals,
        "checkpoints": listener.checkpoints,
        "curve": log.read_text().splitlines() if log.exists() else [],
        "trained_on": sorted(item.im_path for item in frames.data),
        "validation": [ready.images[row] for row in ready.split.validation],
        "test": [ready.images[row] for row in ready.split.test],
        "all": ready.images,
        "batches": describe_batches(frames, request.seed) if step.get("batches") else None,
    }


def limit_memory(spare: int) -> None:
    """Let this process have so much more memory, and then none."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + spare
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def values_of(prefix: Path) -> dict[str, float]:
    """The mean size of each variable of a snapshot."""
    reader = tf.train.load_checkpoint(str(prefix))
    return {
        name: float(np.abs(reader.get_tensor(name)).mean())
        for name in reader.get_variable_to_shape_map()
    }


def describe_batches(frames: Any, seed: int) -> dict[str, list[str]]:
    """Fingerprints of batches 3 and 4, taken in both orders."""
    answer = {}
    for order in ((3, 4), (4, 3)):
        batches = Batches(frames, seed, last=4)
        prints = {}
        for number in order:
            batch = batches._make(number)
            arrays = [value for key, value in batch.items() if key.name != "data_item"]
            prints[number] = hashlib.sha256(b"".join(map(np.ndarray.tobytes, arrays))).hexdigest()
        answer[str(order[0])] = [prints[3], prints[4]]
        batches.close()
    return answer


def make_backbone(prefix: Path) -> None:
    """A resnet_v1_50.ckpt of the field's own library, as the one that DeepLabCut fetches."""
    with tf.Graph().as_default():
        tf.compat.v1.set_random_seed(1)
        image = tf.compat.v1.placeholder(tf.float32, [1, 128, 160, 3])
        with slim.arg_scope(resnet_v1.resnet_arg_scope()):
            resnet_v1.resnet_v1_50(image, num_classes=1000, is_training=False)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            tf.compat.v1.train.Saver().save(session, str(prefix), write_state=False)


def main(folder: Path) -> None:
    answers: dict[str, Any] = {}
    for step in json.loads((folder / "scenario.json").read_text()):
        print(f"== {step['name']}", flush=True)
        if step["name"] == "make_backbone":
            make_backbone(Path(step["prefix"]))
            answers[step["name"]] = values_of(Path(step["prefix"]))
        elif step["name"] == "distances":
            points = [np.array(each, dtype=float).reshape(-1, 2) for each in step["points"]]
            answers[step["name"]] = distances_of(points[0], points[1], step["most"])
        else:
            answers[step["name"]] = run(folder, step)
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
