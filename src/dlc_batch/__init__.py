"""What a lab installs: the Python API, the command line, and the local cloud.

In a notebook:

    import dlc_batch

    lab = dlc_batch.connect(lab="miller")
    run = lab.submit("reach-Ann-2026-01-02", epochs=200)
    for seen in lab.watch(run.run_id):
        print(seen.status.run.status)
    lab.fetch(run.run_id, "reach-Ann-2026-01-02")

docs/python.md describes it. What it needs is imported when it is used: the command line and
`import dlc_batch` stay quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlc_batch.api import Lab, check, connect
    from dlc_batch.runs import RunStatus
    from dlc_batch.watching import Seen
    from dlc_batch_core.errors import CloudError, DlcBatchError, LabError, ProjectError

__version__ = "0.1.0"

__all__ = [
    "CloudError",
    "DlcBatchError",
    "Lab",
    "LabError",
    "ProjectError",
    "RunStatus",
    "Seen",
    "check",
    "connect",
]

#: Names the user's lab: who may see one lab's runs only must say which.
LAB_VARIABLE = "DLC_BATCH_LAB"

#: Where each name of the API is.
_PLACES = {
    "CloudError": "dlc_batch_core.errors",
    "DlcBatchError": "dlc_batch_core.errors",
    "Lab": "dlc_batch.api",
    "LabError": "dlc_batch_core.errors",
    "ProjectError": "dlc_batch_core.errors",
    "RunStatus": "dlc_batch.runs",
    "Seen": "dlc_batch.watching",
    "check": "dlc_batch.api",
    "connect": "dlc_batch.api",
}


def __getattr__(name: str) -> object:
    """Import a name of the API when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
