"""The trainer's errors, as leaves of the core's tree: who must act decides the exit code.

DlcBatchError
├── LabError              exit 2
│   └── UserError         the project or the request is at fault
└── CloudError            exit 1: it would repeat
    └── InfrastructureError  network, disk, memory, weights that can't be had
Interrupted               exit 75: the host is taken away; no Exception, so that no library eats it
"""

from __future__ import annotations

from dlc_batch_core.errors import CloudError, LabError


class UserError(LabError):
    """The lab can mend this, in its project or its request."""


class InfrastructureError(CloudError):
    """The lab's project is fine; what it runs on is not."""


class Interrupted(BaseException):
    """The host asked us to stop (SIGTERM)."""
