"""Which test frames are neighbours: of one stretch of a recording, seen by whichever camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dlc_batch_trainer.split import Split, instant_of, recordings_of


@dataclass(frozen=True)
class Neighbours:
    """Test frames by what they share; frames of two stretches, or instants, share nothing."""

    stretches: Mapping[str, str]  # image to the name of its stretch
    instants: Mapping[str, str]  # image to the name of its instant, which all views share


def neighbours_of(split: Split, images: Sequence[str]) -> Neighbours:
    """Put the test frames together that stand in a row, with no other labelled frame between.

    Args:
        images: `labeled-data/<video>/<image>` of each row that the split's numbers count.
    """
    test = set(split.test)
    used = [*split.train, *split.validation, *split.test]
    videos: dict[str, list[int]] = {}
    for row in used:
        videos.setdefault(str(PurePosixPath(images[row]).parent), []).append(row)
    stretches: dict[str, str] = {}
    instants: dict[str, str] = {}
    for name, rows in recordings_of(videos, images).items():
        times: dict[tuple[int, str], list[int]] = {}
        for row in rows:
            times.setdefault(instant_of(images[row]), []).append(row)
        number, is_within = 0, False
        for time in sorted(times):
            tested = [row for row in times[time] if row in test]
            number += bool(tested) and not is_within
            is_within = bool(tested)
            stretches |= {images[row]: f"{name}, stretch {number}" for row in tested}
            instants |= {images[row]: f"{name}, instant {time}" for row in tested}
    return Neighbours(stretches, instants)
