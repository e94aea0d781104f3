"""How much a project asks to be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlc_batch_core.checks.engine import engine_of, network_of
from dlc_batch_core.networks import is_top_down

if TYPE_CHECKING:
    from dlc_batch_core.check import Check
    from dlc_batch_core.home_settings import HomeSettings
    from dlc_batch_core.project import Project
    from dlc_batch_core.request import Request

#: DeepLabCut's own, where nothing says otherwise: epochs, and the end of its schedule.
_EPOCHS, _ITERATIONS = 200, 1_030_000


@dataclass(frozen=True)
class Work:
    """How much there is to train."""

    network: str  # engine and network, such as pytorch/resnet_50; empty where shuffles differ
    images: int  # that go through the network: frames times epochs, or iterations times batch
    is_measurable: bool = True  # a top-down one trains a detector too, at a speed of its own
    trainings: int = 1  # of shuffles; the images are those of the longest


def work_of(check: Check, project: Project, request: Request) -> Work:
    """Return what a checked project asks for."""
    engine = engine_of(project, request)
    frames = sum(len(table.rows) for table in check.tables)
    homes = check.homes or (None,)
    networks = [network_of(project, request, home, "")[0] for home in homes]
    is_one = len(set(networks)) == 1
    return Work(
        f"{engine}/{networks[0]}" if is_one else "",
        max(_images(engine, request, home, frames) for home in homes),
        is_measurable=is_one and not is_top_down(networks[0]),
        trainings=len(homes),
    )


def _images(engine: str, request: Request, home: HomeSettings | None, frames: int) -> int:
    length = request.iterations if engine == "tensorflow" else request.epochs
    length = length or _overridden(request) or (home.length if home else None)
    if engine == "tensorflow":
        batch = request.batch_size or (home.batch_size if home else None) or 1
        return (length or _ITERATIONS) * batch
    return (length or _EPOCHS) * frames


def _overridden(request: Request) -> int | None:
    epochs = request.overrides.get("train_settings.epochs")
    return epochs if isinstance(epochs, int) else None
