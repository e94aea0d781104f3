"""The error of a snapshot on the validation frames, by which the best one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # of the engine's own environment
from deeplabcut.pose_estimation_tensorflow.config import (  # type: ignore[import-untyped]
    load_config,
)
from deeplabcut.pose_estimation_tensorflow.core import (  # type: ignore[import-untyped]
    predict,
    predict_multianimal,
)
from deeplabcut.utils.auxfun_videos import imread  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.dataset import labelled_images
from dlc_batch_trainer.evaluation import read_label_tables
from dlc_batch_trainer.evaluation.poses import Layout, Poses, read_labels
from dlc_batch_trainer.plan import TrainingPlan

Points = NDArray[np.float64]  # (number, 2), in pixels


@dataclass(frozen=True)
class ValidationFrame:
    """A frame, and where each of DeepLabCut's joints is labelled in it."""

    path: Path
    joints: tuple[Points, ...]  # of each joint, in all animals


def validation_frames(plan: TrainingPlan) -> list[ValidationFrame]:
    """Read the labels of the plan's validation frames."""
    project = plan.config_path.parent
    config = read_yaml_mapping(plan.config_path.read_text(), plan.config_path.name)
    labels = read_labels(
        read_label_tables(project, str(config["scorer"])), Layout.of_config(config)
    )
    images = labelled_images(project, config)
    named = [images[row] for row in plan.validation]
    return [ValidationFrame(project / name, tuple(_by_joint(labels[name]))) for name in named]


def _by_joint(poses: Poses) -> Iterator[Points]:
    """In the order of pose_cfg.yaml's all_joints: of the animals, then of none."""
    for part in range(poses.animals.shape[1]):
        yield _labelled(poses.animals[:, part])
    for point in poses.unique:
        yield _labelled(point[None])


def _labelled(points: Points) -> Points:
    return points[np.isfinite(points).all(axis=1)]


class Examiner:
    """Measures snapshots with the network that DeepLabCut's evaluation has, built once."""

    def __init__(self, settings_path: Path, frames: Sequence[ValidationFrame]) -> None:
        """Take the shuffle's test/pose_cfg.yaml, and frames to measure on, whole as they are."""
        self._settings_path = settings_path
        self.frames = frames
        self._settings: dict[str, Any] = {}
        self._network: tuple[Any, Any, Any] | None = None  # session, inputs, outputs
        self._saver: Any = None

    def measure(self, snapshot: Path, is_to_end: Callable[[], bool]) -> float | None:
        """Return the mean distance in px between labels and predictions.

        Args:
            snapshot: its prefix.
            is_to_end: asked between frames; then the answer is None.
        """
        network = self._load(snapshot)
        distances: list[float] = []
        for frame in self.frames:
            if is_to_end():
                return None
            image = imread(frame.path, mode="skimage")
            most = float(np.hypot(*image.shape[:2]))
            found = self._detect(np.expand_dims(image, axis=0).astype(float), *network)
            for labels, points in zip(frame.joints, found, strict=True):
                distances += distances_of(labels, points, most)
        return float(np.mean(distances)) if distances else float("nan")

    def close(self) -> None:
        if self._network is not None:
            self._network[0].close()

    def _load(self, snapshot: Path) -> tuple[Any, Any, Any]:
        if self._network is None:
            self._settings = dict(load_config(str(self._settings_path)))
            self._settings |= {"init_weights": str(snapshot), "batch_size": 1}
            self._network = predict.setup_pose_prediction(self._settings, allow_growth=True)
            with self._network[0].graph.as_default():
                self._saver = tf.compat.v1.train.Saver()
        self._saver.restore(self._network[0], str(snapshot))
        return self._network

    def _detect(self, batch: Any, session: Any, inputs: Any, outputs: Any) -> list[Points]:
        """Find the joints as DeepLabCut's evaluation does: one of each, or all of each."""
        settings = self._settings
        if "multi-animal" not in settings["dataset_type"]:
            maps = session.run(outputs, feed_dict={inputs: batch})
            scores, offsets = predict.extract_cnn_output(maps, settings)
            pose = predict.argmax_pose_predict(scores, offsets, settings["stride"])
            return [point[None, :2] for point in pose]
        found = predict_multianimal.predict_batched_peaks_and_costs(
            settings, batch, session, inputs, outputs
        )
        if not found:
            return [np.empty((0, 2))] * int(settings["num_joints"])
        return [np.asarray(points)[:, :2] for points in found[0]["coordinates"][0]]


def distances_of(labels: Points, found: Points, most: float) -> list[float]:
    """Return the distance of each label of a joint from its prediction.

    They are matched so that the sum is least. A label without a prediction counts with `most`, so
    that a network that finds less does not look better.
    """
    table = np.full((len(labels), max(len(labels), len(found))), most)
    gaps = np.linalg.norm(labels[:, None] - found[None], axis=-1)
    table[:, : len(found)] = np.minimum(gaps, most)
    rows, columns = linear_sum_assignment(table)
    return [float(gap) for gap in table[rows, columns]]
