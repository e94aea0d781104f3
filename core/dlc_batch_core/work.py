"""How much a project asks to be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlc_batch_core.networks import is_top_down
from dlc_batch_core.trainings import Training, training_of

if TYPE_CHECKING:
    from dlc_batch_core.check import Check
    from dlc_batch_core.project import Project
    from dlc_batch_core.request import Request


@dataclass(frozen=True)
class Work:
    """How much there is to train."""

    network: str  # engine and network, such as pytorch/resnet_50; empty where shuffles differ
    images: int  # that go through the network: frames times epochs, or iterations times batch
    is_measurable: bool = True  # a top-down one trains a detector too, at a speed of its own
    trainings: int = 1  # of shuffles; the images are those of the longest


def work_of(check: Check, project: Project, request: Request) -> Work:
    """Return what a checked project asks for.

    Args:
        request: as the admin's caps leave it.
    """
    frames = frames_of(check)
    shuffles = request.shuffles
    homes = check.homes or (None,) * len(shuffles)
    pairs = zip(shuffles, homes, strict=False)
    trainings = [training_of(project, request, shuffle, home) for shuffle, home in pairs]
    networks = {training.network for training in trainings}
    first = trainings[0]
    return Work(
        f"{first.engine}/{first.network}" if len(networks) == 1 else "",
        max(_images(training, frames) for training in trainings),
        is_measurable=len(networks) == 1 and not is_top_down(first.network),
        trainings=len(trainings),
    )


def frames_of(check: Check) -> int:
    """Return how many frames a project has labels of."""
    return sum(len(table.rows) for table in check.tables)


def _images(training: Training, frames: int) -> int:
    if training.engine == "tensorflow":
        return training.length * (training.batch_size or 1)
    return training.length * frames
