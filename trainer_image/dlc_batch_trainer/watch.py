"""What can go wrong while a training runs without a word: pure decisions over values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlc_batch_trainer.errors import DISK_REMEDY, InfrastructureError

#: With less than this left on the disk a checkpoint or the results may no longer fit (our choice:
#: the largest network's checkpoint, hrnet_w48 with its optimiser, is 0.8 GB).
_LEAST_DISK_BYTES = 1_000_000_000
#: What is left of the time limit for evaluation, videos and export when training is stopped: a
#: tenth, within these bounds in seconds (our choice).
_LEAST_MARGIN, _MOST_MARGIN = 60.0, 1800.0
#: What is left of it for the outcome when what follows the training is stopped (our choice).
_LAST_SECONDS = 30.0


@dataclass(frozen=True)
class Stall:
    """Tells a training that makes no step."""

    seconds: float

    def check(self, quiet: float, where: str) -> None:
        """Raise when nothing was heard for too long.

        Args:
            quiet: seconds since the last step, or since the stage began.
            where: such as "pose, epoch 3 of 200".

        Raises:
            InfrastructureError: the training is stuck.
        """
        if quiet >= self.seconds:
            raise InfrastructureError(
                f"The training made no step for {quiet / 60:.0f} minutes ({where}), and was ended:"
                " it was stuck, most likely in loading images.",
                "Upload the project again; if it happens again, write `loader_workers: 0`, or a"
                " larger `stall_minutes` if a step may really take so long. The log of the trainer"
                " shows where each of its threads stood.",
            )


@dataclass(frozen=True)
class Disk:
    """Tells a disk that fills up."""

    free: Callable[[], int]  # bytes
    least: int = _LEAST_DISK_BYTES

    def check(self) -> None:
        """Raise when a checkpoint may no longer fit.

        Raises:
            InfrastructureError: the disk is nearly full.
        """
        left = self.free()
        if left < self.least:
            raise InfrastructureError(
                f"The disk is nearly full: {left / 1e6:,.0f} MB are left, and the training was"
                " ended before a checkpoint could be cut off.",
                DISK_REMEDY,
            )


def seconds_to_train(time_limit_hours: float) -> float:
    """Return after how many seconds of an attempt training stops, so that the rest still fits."""
    limit = 3600 * time_limit_hours
    return limit - min(max(0.1 * limit, _LEAST_MARGIN), _MOST_MARGIN)


def seconds_to_follow(time_limit_hours: float) -> float:
    """Return after how many seconds of an attempt what follows the training stops."""
    return 3600 * time_limit_hours - _LAST_SECONDS
