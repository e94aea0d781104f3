"""Validation frames: they choose the best snapshot, so they neither train it nor score it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dlc_batch_trainer.split import Lot, Split, draw_test

#: With fewer the choice would be a matter of luck (our choice).
LEAST_FRAMES = 5
#: The share of the training frames that may be kept back: training frames are dear (our choice).
_MOST_SHARE = 0.1
#: Set apart from the draw of the test frames, which has the seed and the shuffle's number alone.
_PURPOSE = 1_000_003


def keep_validation(split: Split, images: Sequence[str], shuffle: int) -> Split:
    """Take validation frames from the training frames, where there are enough for three parts.

    As many as there are test frames, at least 5 and at most a tenth of the training frames, drawn
    as the test frames are: whole videos where that is fair, else stretches, else single frames.

    Args:
        split: the split without validation frames.
        images: `labeled-data/<video>/<image>` of each row that the split's numbers count.
        shuffle: its number.

    Returns:
        the split with its validation frames; the same split, with a note, where they are too few.
    """
    most = int(_MOST_SHARE * len(split.train))
    if most < LEAST_FRAMES:
        note = (
            f"Validation: {len(split.train)} training frames are too few to keep some back, so"
            " the last snapshot is taken, not the best one."
        )
        return replace(split, note=f"{split.note} {note}")
    wanted = min(max(len(split.test), LEAST_FRAMES), most)
    named = [images[row] for row in split.train]
    drawn = draw_test(named, wanted, Lot(split.seed + _PURPOSE, shuffle))
    validation = tuple(split.train[n] for n in drawn.test)
    kept = set(validation)
    note = (
        f"Validation: {len(validation)} of the training frames were kept back to choose the best"
        " snapshot; it was neither trained on them nor scored on them."
    )
    return replace(
        split,
        train=tuple(row for row in split.train if row not in kept),
        validation=validation,
        note=f"{split.note} {note}",
    )
