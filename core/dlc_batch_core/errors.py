"""The errors of dlc-batch, split by who must act.

DlcBatchError           each has a message, and a remedy: what to do next
├── LabError            the lab: its project, its request, its command
│   ├── ProjectError    the upload can't be trained; carries every problem found
│   └── UploadKeyError  the key in the bucket is not uploads/<lab>/<name>.zip
├── CloudError          the admin, or time: permissions, capacity, network
│   └── OutageError     time alone: the network is gone, AWS is busy, a service fails for a while
└── StateError          us: a record or file is not what this version writes
"""

from __future__ import annotations

from collections.abc import Iterable

from dlc_batch_core.problems import Problem, in_stable_order


class DlcBatchError(Exception):
    """Something went wrong that a person can read about."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class LabError(DlcBatchError):
    """The lab must act."""


class ProjectError(LabError):
    """The upload can't be trained as it is."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_stable_order(problems)
        first = self.problems[0]
        super().__init__(f"{first.where}: {first.what}", first.remedy)


class UploadKeyError(ProjectError):
    """The key in the bucket is not that of a project."""


class CloudError(DlcBatchError):
    """The cloud, or the lab's admin, must act."""


class OutageError(CloudError):
    """It may pass by itself: whoever waits anyway goes on."""


class StateError(DlcBatchError):
    """A record or file is not what this version of dlc-batch writes."""
