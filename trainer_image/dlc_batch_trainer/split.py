"""The split of the labelled frames, drawn from the request's seed.

A test frame whose neighbour in the video was trained on is hardly a test. So, in this order:

videos   Of several videos, whole ones are drawn for the test side, until its share is as near to
         the wanted one as whole videos allow.
stretch  Where that would leave the test side with less than half of its frames, or take more than
         a fifth of the training frames (few or very unequal videos): stretches of about five
         labelled frames in a row, one drawn in each of as many equal parts of the recordings.
         Only their ends touch training frames.
random   Of a single video, single frames are drawn, as DeepLabCut does: its scores stay comparable
         with DeepLabCut's, and the note says that neighbours may stand on both sides.

Two to four videos whose labelled frame numbers are mostly the same are views of one recording:
the same instant stands on the same side in all views, and no view is unseen in training. More
than four such videos are taken for recordings that happen to be numbered alike.

A draw ranks names by a hash of seed, shuffle and name: the same on every computer, whatever the
order of the rows, and adding frames moves few of the others to the other side.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dlc_batch_trainer.errors import UserError

#: Whole videos may take this share of the frames that training was to have, and must give the
#: test side this share of what it was to have. Five equal videos pass at DeepLabCut's 0.95.
_MOST_TAKEN, _LEAST_GIVEN = 0.2, 0.5
_STRETCH = 5  # instants: long enough that most are not at an end, short enough to draw several
_MOST_VIEWS = 4  # cameras of one recording; rigs with more are rarer than videos numbered alike
_SHOWN = 5  # videos named in a note

_STRETCH_NOTE = (
    "Split: stretches of neighbouring frames were drawn to score the network, of all views of a"
    " recording the same; there are too few videos, or too unequal ones, to keep whole ones back."
)
_RANDOM_NOTE = (
    "Split: single frames were drawn to score the network, for all are of one video or instant;"
    " neighbours of theirs may have been trained on, so the error on other videos may be larger."
)

Rows = tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """Which labelled frames train the network, and which only score it."""

    fraction: float  # config.yaml's, by which DeepLabCut names the folders
    train: Rows  # rows of DeepLabCut's merged table, ascending
    test: Rows
    method: str  # home, videos, stretch or random
    seed: int  # of the request; what was drawn was drawn by it and the shuffle's number
    note: str  # a sentence for the lab
    validation: Rows = ()  # choose the best snapshot; neither trained nor scored on

    def padded(self) -> tuple[list[int], list[int]]:
        """Return both lists with -1 added until their lengths have the fraction exactly.

        DeepLabCut names folders by the fraction of the lists it is given and drops the -1.
        """
        percent = round(100 * self.fraction)
        train_part, test_part = (n // math.gcd(percent, 100) for n in (percent, 100 - percent))
        times = max(math.ceil(len(self.train) / train_part), math.ceil(len(self.test) / test_part))
        return (
            [*self.train, *[-1] * (times * train_part - len(self.train))],
            [*self.test, *[-1] * (times * test_part - len(self.test))],
        )


@dataclass(frozen=True)
class Lot:
    """What a draw depends on, beside the names that are drawn from."""

    seed: int
    shuffle: int

    def order(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (self._hash(name), name))

    def number(self, part: int, below: int) -> int:
        return int.from_bytes(self._hash(f"part {part}")) % below

    def _hash(self, name: str) -> bytes:
        text = f"{self.seed}/{self.shuffle}/{name}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Drawn:
    """The rows of the test side, and how they came to be there."""

    test: Rows
    method: str
    note: str


def draw_split(
    images: Sequence[str],
    fraction: float,
    seed: int,
    shuffle: int,
    unlabelled: frozenset[str] = frozenset(),
) -> Split:
    """Draw a split: the same for the same frames, seed and shuffle, and neither side empty.

    Args:
        images: `labeled-data/<video>/<image>` of each row, at least two.
        fraction: config.yaml's, of the training frames.
        seed: the request's.
        shuffle: its number.
        unlabelled: images without a label: they can neither train nor score, and stand on
            neither side.

    Raises:
        UserError: DeepLabCut can't name a folder by this fraction, or hardly a frame is labelled.
    """
    rows = [row for row, image in enumerate(images) if image not in unlabelled]
    if len(rows) < 2:  # one trains, one scores
        raise UserError(
            f"Only {len(rows)} of the {len(images)} frames in the label tables have a label.",
            "Label more frames in DeepLabCut, save, and upload the project again.",
        )
    named = [images[row] for row in rows]
    drawn = draw_test(named, count_test(len(named), fraction), Lot(seed, shuffle))
    test = tuple(rows[n] for n in drawn.test)
    train = tuple(sorted(set(rows) - set(test)))
    return Split(fraction, train, test, drawn.method, seed, drawn.note)


def count_test(frames: int, fraction: float) -> int:
    """Return how many of the frames are for the test side, at least one and never all.

    Raises:
        UserError: DeepLabCut can't name a folder by this fraction.
    """
    if not 0 < fraction < 1 or abs(fraction - round(fraction, 2)) > 1e-9:
        raise UserError(
            f"The train fraction {fraction} in config.yaml is not between 0 and 1 with at most"
            " two decimals.",
            "Write, for example, `TrainingFraction: [0.95]`.",
        )
    return frames - min(max(int(fraction * frames + 1e-9), 1), frames - 1)


def draw_test(images: Sequence[str], wanted: int, lot: Lot) -> Drawn:
    """Draw about `wanted` of the images, at least one and never all."""
    videos: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        videos.setdefault(str(PurePosixPath(image).parent), []).append(row)
    recordings = recordings_of(videos, images)
    if len(videos) > 1:
        test = _whole(recordings, wanted, lot)
        if _is_fair(len(test), wanted, len(images)):
            return Drawn(test, "videos", _note_of_videos(test, videos))
        instants = _instants(recordings, images, lot)
        if len(instants) > 1:
            return Drawn(_stretches(instants, wanted, lot), "stretch", _STRETCH_NOTE)
    return Drawn(_single(images, wanted, lot), "random", _RANDOM_NOTE)


def _note_of_videos(test: Rows, videos: dict[str, list[int]]) -> str:
    drawn = set(test)
    names = [PurePosixPath(video).name for video, rows in videos.items() if rows[0] in drawn]
    listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    count = f"{len(names)} of {len(videos)} videos"
    return f"Split: whole videos were drawn to score the network, {count}: {listed}."


def _is_fair(given: int, wanted: int, frames: int) -> bool:
    enough_to_train = frames - given >= (1 - _MOST_TAKEN) * (frames - wanted)
    return given >= _LEAST_GIVEN * wanted and enough_to_train


def recordings_of(videos: dict[str, list[int]], images: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of each recording, by its first video's name."""
    numbers = {name: {instant_of(images[r]) for r in rows} for name, rows in videos.items()}
    found: dict[str, list[str]] = {}
    for name in sorted(videos):
        like = (first for first in found if _mostly_same(numbers[first], numbers[name]))
        found.setdefault(next(like, name), []).append(name)
    for first, views in list(found.items()):
        if len(views) > _MOST_VIEWS:
            found |= {first: [first]} | {view: [view] for view in views}
    return {
        first: [row for view in views for row in videos[view]] for first, views in found.items()
    }


def _mostly_same(one: set[tuple[int, str]], other: set[tuple[int, str]]) -> bool:
    return 2 * len(one & other) > len(one | other)


def instant_of(image: str) -> tuple[int, str]:
    """Return the frame's number in its video; its name where it has none."""
    stem = PurePosixPath(image).stem
    digits = re.findall(r"[0-9]+", stem)
    return (int(digits[-1]), "") if digits else (-1, stem)


def _whole(recordings: dict[str, list[int]], wanted: int, lot: Lot) -> Rows:
    """Draw whole recordings while each brings their sum nearer to the wanted; at least one."""
    taken: list[int] = []
    for name in lot.order(recordings):
        rows = recordings[name]
        if abs(len(taken) + len(rows) - wanted) < abs(len(taken) - wanted):
            taken += rows
    smallest = min((recordings[name] for name in lot.order(recordings)), key=len)
    return tuple(sorted(taken or smallest))


def _instants(
    recordings: dict[str, list[int]], images: Sequence[str], lot: Lot
) -> list[list[int]]:
    """The rows of each instant, recording after recording in drawn order, in order of time."""
    instants = []
    for name in lot.order(recordings):
        times: dict[tuple[int, str], list[int]] = {}
        for row in recordings[name]:
            times.setdefault(instant_of(images[row]), []).append(row)
        instants += [times[time] for time in sorted(times)]
    return instants


def _stretches(instants: list[list[int]], wanted: int, lot: Lot) -> Rows:
    """Draw stretches with about the wanted number of frames; never all of them."""
    frames = sum(map(len, instants))
    parts = max(round(wanted / frames * len(instants) / _STRETCH), 1)
    taken: list[int] = []
    for part in range(parts):
        start, end = (len(instants) * n // parts for n in (part, part + 1))
        due = wanted * (part + 1) // parts - len(taken)
        if due > 0:
            taken += _stretch(instants[start:end], due, lot, part)
    return tuple(sorted(taken))


def _stretch(instants: list[list[int]], wanted: int, lot: Lot, part: int) -> list[int]:
    """Draw a stretch of instants with about the wanted number of frames; never all of them."""
    left = list(itertools.accumulate(len(rows) for rows in reversed(instants)))[::-1]
    start = lot.number(part, max(sum(frames >= wanted for frames in left), 1))
    taken = list(instants[start])
    for rows in instants[start + 1 : start + len(instants) - 1]:
        if len(taken) + len(rows) / 2 >= wanted:
            break
        taken += rows
    return taken


def _single(images: Sequence[str], wanted: int, lot: Lot) -> Rows:
    """Draw frame by frame."""
    rows: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        rows.setdefault(image, []).append(row)
    drawn = itertools.chain.from_iterable(rows[image] for image in lot.order(rows))
    return tuple(sorted(itertools.islice(drawn, wanted)))
