"""The trainer's errors, as leaves of the core's tree: who must act decides the exit code.

DlcBatchError
├── LabError              exit 2
│   └── UserError         the project or the request is at fault
│       ├── NotANumber    the loss became NaN or infinite
│       ├── OutOfMemory   the network does not fit with this batch; tried once more with half
│       └── Cancelled     the lab stopped the training
└── CloudError            exit 1: it would repeat
    └── InfrastructureError  disk, weights that can't be had, a training that stands still
        ├── Unscored      evaluation took the process with it; tried again without
        └── Unreachable   exit 75: S3 did not answer for long; another host may do better
Interrupted               exit 75: the host is taken away; no Exception, so that no library eats it
"""

from __future__ import annotations

from dlc_batch_core.errors import CloudError, DlcBatchError, LabError


class UserError(LabError):
    """The lab can mend this, in its project or its request."""


class NotANumber(UserError):
    """The loss became NaN or infinite: what is trained from here on is worth nothing."""


class OutOfMemory(UserError):
    """The network does not fit into the memory of the GPU or of the host."""


class Cancelled(UserError):
    """The lab asked for the training to be stopped at once."""


class InfrastructureError(CloudError):
    """The lab's project is fine; what it runs on is not."""


class Unreachable(InfrastructureError):
    """S3 did not answer for long; what was trained is safe in its checkpoints."""


class Unscored(InfrastructureError):
    """The process died, or stood still, while it scored the network that it had trained."""


class Interrupted(BaseException):
    """The host is taken away; a checkpoint was made where there was something to keep."""


UNFORESEEN = DlcBatchError(
    "The training program failed in a way it does not know.",
    "Send the run id to whoever looks after dlc-batch: the log holds the details.",
)
DISK_REMEDY = "Ask your admin for a larger disk (VolumeSize in template.yaml)."
DISK_FULL = InfrastructureError("The disk is full.", DISK_REMEDY)
