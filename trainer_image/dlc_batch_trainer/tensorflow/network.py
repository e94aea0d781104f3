"""DeepLabCut's network in TensorFlow: its steps, its snapshots and its whole state."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import deeplabcut.pose_estimation_tensorflow  # type: ignore[import-untyped]  # noqa: F401  # before tf_slim
import tensorflow as tf  # type: ignore[import-untyped]  # of the engine's own environment
import tf_slim as slim  # type: ignore[import-not-found]  # likewise
from deeplabcut.pose_estimation_tensorflow.core.train import (  # type: ignore[import-untyped]
    get_batch_spec,
    get_optimizer,
)
from deeplabcut.pose_estimation_tensorflow.nnets import (  # type: ignore[import-untyped]
    PoseNetFactory,
)
from deeplabcut.pose_estimation_tensorflow.nnets.utils import (  # type: ignore[import-untyped]
    get_batch_spec as get_multi_animal_batch_spec,
)

from dlc_batch_trainer.errors import NotANumber, UserError
from dlc_batch_trainer.tensorflow.schedule import is_efficientnet
from dlc_batch_trainer.tensorflow.weights import not_to_be_had

v1 = tf.compat.v1
#: Scopes of the backbones' variables, by what their networks are called (core/train.py).
_BACKBONES = {"resnet": "resnet_v1", "mobilenet": "MobilenetV2", "efficientnet": "efficientnet"}
_IS_NO_NUMBER = "inf or nan"  # of the check that tf_slim puts on the loss


class Network:
    """The network under training, in a graph and a session of its own."""

    def __init__(self, settings: Mapping[str, Any], seed: int) -> None:
        """Build it with random weights, the same for the same seed."""
        self._settings = dict(settings)
        self._graph = v1.Graph()
        with self._graph.as_default():
            v1.set_random_seed(seed)
            self._inputs = _placeholders(self._settings)
            self._losses = PoseNetFactory.create(self._settings).train(self._inputs)
            # before the optimizer adds its own, as in DeepLabCut: these make a snapshot
            self._variables = list(v1.global_variables())
            self._backbone = _backbone_variables(self._settings["net_type"])
            self._snapshots = v1.train.Saver(self._variables, max_to_keep=None)
            self._rate, self._train, _ = get_optimizer(self._losses["total_loss"], self._settings)
            self._states = v1.train.Saver(v1.global_variables(), max_to_keep=None)
            self._session = v1.Session(config=_session_config())
            self._session.run(
                [v1.global_variables_initializer(), v1.local_variables_initializer()]
            )

    def close(self) -> None:
        self._session.close()

    def step(self, number: int, batch: Mapping[Any, Any], rate: float) -> dict[str, float]:
        """Train on one batch, in the iteration of this number.

        Returns:
            its losses by name, `total_loss` among them.

        Raises:
            NotANumber: a loss is none.
            tf.errors.ResourceExhaustedError: of the GPU's memory, or of the computer's.
        """
        feed = {place: batch[name] for name, place in self._inputs.items()}
        try:
            _, losses = self._session.run([self._train, self._losses], {**feed, self._rate: rate})
        except tf.errors.InvalidArgumentError as error:
            if _IS_NO_NUMBER not in str(error):
                raise
            raise _not_a_number(number, rate) from error
        return {name: float(value) for name, value in losses.items()}

    def load_backbone(self, path: Path) -> None:
        """Load pretrained weights.

        Raises:
            InfrastructureError: the file is broken.
        """
        try:
            v1.train.Saver(self._backbone).restore(self._session, str(path))
        except (tf.errors.OpError, ValueError) as error:
            raise not_to_be_had(self._settings["net_type"], str(error)) from error

    def load_snapshot(self, prefix: Path) -> None:
        """Load the weights of the whole network."""
        self._snapshots.restore(self._session, str(prefix))

    def load_start(self, prefix: Path, run_id: str) -> None:
        """Load the weights that an earlier run of the lab ended with.

        Raises:
            UserError: it is another network.
        """
        try:
            self.load_snapshot(prefix)
        except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, ValueError) as error:
            raise UserError(
                f"The network of run {run_id} is not the one of this project: other body parts,"
                " other animals, another net type, or another engine.",
                "Begin from a run with the same body parts and `net_type`, or write"
                " `weights: pretrained` into dlc-batch.yaml.",
            ) from error

    def save_snapshot(self, prefix: Path, has_graph: bool = False) -> None:
        """Write a snapshot as DeepLabCut does: prefix.index, .data-00000-of-00001 and .meta."""
        # the graph's default one, for the operations that export_meta_graph looks up
        with self._graph.as_default():
            self._snapshots.save(
                self._session, str(prefix), write_state=False, write_meta_graph=has_graph
            )

    def load_state(self, prefix: Path) -> None:
        """Load what `save_state` wrote."""
        self._states.restore(self._session, str(prefix))

    def save_state(self, prefix: Path) -> None:
        """Write weights and optimizer."""
        self._states.save(self._session, str(prefix), write_state=False, write_meta_graph=False)

    def hash(self) -> str:
        """Return a hash over the names and numbers of the weights, in order of the names."""
        digest = hashlib.sha256()
        named = {variable.name: variable for variable in self._variables}
        values = self._session.run(named)
        for name in sorted(values):
            digest.update(name.encode())
            digest.update(values[name].tobytes())
        return digest.hexdigest()


def _placeholders(settings: Mapping[str, Any]) -> dict[Any, Any]:
    is_multi_animal = "multi-animal" in settings["dataset_type"]
    shapes = (get_multi_animal_batch_spec if is_multi_animal else get_batch_spec)(settings)
    return {name: v1.placeholder(tf.float32, shape) for name, shape in shapes.items()}


def _backbone_variables(net_type: str) -> Any:
    """What of the network is pretrained, by the names that the file has for it."""
    scope = next(scope for name, scope in _BACKBONES.items() if name in net_type)
    variables = slim.get_variables_to_restore(include=[scope])
    if not is_efficientnet(net_type):
        return variables
    return {
        each.op.name.replace("efficientnet/", "") + "/ExponentialMovingAverage": each
        for each in variables
    }


def _session_config() -> Any:
    """As many threads as this process may use; TensorFlow takes the host's by default."""
    asked = os.environ.get("OMP_NUM_THREADS")
    threads = int(asked) if asked else len(os.sched_getaffinity(0))
    config = v1.ConfigProto(
        intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
    )
    config.gpu_options.allow_growth = True
    return config


def _not_a_number(number: int, rate: float) -> NotANumber:
    return NotANumber(
        f"The loss is not a number any more (NaN or infinite) in iteration {number}, at a learning"
        f" rate of {rate:g}.",
        "Ask for lower learning rates (`overrides: {multi_step: [[0.0001, 7500], ...]}`), or look"
        " for labels far outside their frames.",
    )
