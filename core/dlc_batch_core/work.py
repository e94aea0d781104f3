"""How much a project asks to be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlc_batch_core.checks.engine import engine_of, network_of
from dlc_batch_core.networks import is_top_down

if TYPE_CHECKING:
    from dlc_batch_core.check import Check
    from dlc_batch_core.project import Project
    from dlc_batch_core.request import Request

#: DeepLabCut's own, where nothing says otherwise: epochs, and the end of its schedule.
_EPOCHS, _ITERATIONS = 200, 1_030_000


@dataclass(frozen=True)
class Work:
    """How much there is to train."""

    network: str  # engine and network, such as pytorch/resnet_50
    images: int  # that go through the network: frames times epochs, or iterations times batch
    is_measurable: bool = True  # a top-down one trains a detector too, at a speed of its own


def work_of(check: Check, project: Project, request: Request) -> Work:
    """Return what a checked project asks for."""
    engine, home = engine_of(project, request), check.home
    net_type, _ = network_of(project, request, home, "")
    frames = sum(len(table.rows) for table in check.tables)
    length = request.iterations if engine == "tensorflow" else request.epochs
    length = length or _overridden(request) or (home.length if home else None)
    if engine == "tensorflow":
        batch = request.batch_size or (home.batch_size if home else None) or 1
        images = (length or _ITERATIONS) * batch
    else:
        images = (length or _EPOCHS) * frames
    return Work(f"{engine}/{net_type}", images, is_measurable=not is_top_down(net_type))


def _overridden(request: Request) -> int | None:
    epochs = request.overrides.get("train_settings.epochs")
    return epochs if isinstance(epochs, int) else None
