"""What the attempts before this one tell: pure decisions over values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlc_batch_trainer.errors import OutOfMemory

#: So many attempts that vanish where they began are taken for lack of memory: half the batch. As
#: many again, and the training has failed (the design's rule).
_VANISHED_FOR_HALF, _VANISHED_FOR_FAILURE = 2, 4


def halvings_now(
    attempts: Sequence[Mapping[str, Any]], began_at: int | None, halvings: int
) -> int:
    """Return how often the batch size is halved in this attempt.

    Args:
        attempts: the ones before, oldest first; `ended` is None where one vanished.
        began_at: the checkpoint that this attempt goes on from.
        halvings: of that checkpoint.

    Raises:
        OutOfMemory: it vanished as often with half the batch.
    """
    vanished = 0
    for each in reversed(attempts):
        if each.get("ended") is not None or each.get("resumed_from") != began_at:
            break
        vanished += 1
    if vanished >= _VANISHED_FOR_FAILURE:
        raise OutOfMemory(
            f"The training vanished {vanished} times without getting any further, also with half"
            " the batch: most likely the computer's memory is too small for it.",
            "Ask for a smaller `batch_size` or a smaller network in dlc-batch.yaml, or have your"
            " admin choose larger instances.",
        )
    before = max([halvings, *(int(each.get("halvings", 0)) for each in attempts[-vanished:])])
    if vanished == 0:
        return halvings
    return before + 1 if vanished == _VANISHED_FOR_HALF else before
