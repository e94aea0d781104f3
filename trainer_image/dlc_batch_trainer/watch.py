"""What can go wrong while a training runs without a word: pure decisions over values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlc_batch_trainer.errors import DISK_REMEDY, InfrastructureError, Unscored

#: With less than this left on the disk a checkpoint or the results may no longer fit (our choice:
#: the largest network's checkpoint, hrnet_w48 with its optimiser, is 0.8 GB).
_LEAST_DISK_BYTES = 1_000_000_000
#: What is left of the time limit for evaluation and export when training is ended: a tenth, within
#: these bounds in seconds (our choice). Evaluation takes half of it at most.
_LEAST_MARGIN, _MOST_MARGIN = 60.0, 1800.0
#: What is left of it for the outcome when what follows the training is ended (our choice).
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

    def check_scoring(self, quiet: float) -> None:
        """Raise when the evaluation takes too long.

        Raises:
            Unscored: it is stuck, or hopelessly slow.
        """
        if quiet >= self.seconds:
            raise Unscored(
                f"The evaluation had not ended after {quiet / 60:.0f} minutes.",
                "Ask for a larger `stall_minutes` if it may really take so long.",
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


def seconds_until_end_of(stage: str, time_limit_hours: float) -> float:
    """Return after how many seconds of a training a stage is ended, so that the rest still fits.

    Args:
        stage: train, evaluate, or after: what follows the training.
        time_limit_hours: of all attempts together.
    """
    limit = 3600 * time_limit_hours
    margin = min(max(0.1 * limit, _LEAST_MARGIN), _MOST_MARGIN)
    return limit - {"train": margin, "evaluate": margin / 2, "after": _LAST_SECONDS}[stage]
