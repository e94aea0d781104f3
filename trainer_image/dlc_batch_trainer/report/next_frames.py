"""What is worth labelling next, as `deeplabcut.extract_outlier_frames` takes it.

Frames beside those training frames that the network misses although it was trained on them (the
same moment, seen a little later or earlier), and the frames of analysed videos of which it was
least sure (uncertainty.py).

None beside a test frame, and none of a video that is for the test: trained on, they would make the
next score too good; kept for the test, they would teach nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from dlc_batch_core.videos import VIDEO_FOLDER
from dlc_batch_trainer.evaluation.points import ScoredFrame, video_of

#: So far from a labelled frame another looks like it, and is not the same picture (our choice).
_BESIDE = 5
#: DeepLabCut takes so many of a list (config.yaml's numframes2pick), and those drawn at random.
_DEFAULT_PICKED = 20
_SUFFIX = ".mp4"  # of a video that config.yaml does not name


@dataclass(frozen=True)
class NextFrames:
    """Frames of one video."""

    video: str  # videos/<name>, in the lab's project
    frames: tuple[int, ...]  # numbers, from 0, as DeepLabCut counts; ascending
    why: str


@dataclass(frozen=True)
class Advice:
    """All frames that are worth labelling, and the call that takes them out of their videos."""

    videos: tuple[NextFrames, ...]
    code: str  # Python; empty without such frames


def advise(
    config: Mapping[str, Any],
    shuffle: int,
    split: Mapping[str, Any],
    worst: Iterable[ScoredFrame],
    uncertain: Mapping[str, Iterable[int]],
) -> Advice:
    """Return which frames to label next.

    Args:
        config: config.yaml's content.
        shuffle: its number.
        split: as run.json has it.
        worst: the worst training frames, worst first.
        uncertain: frames by `videos/...`, as uncertainty.py found them.
    """
    most = int(config.get("numframes2pick") or _DEFAULT_PICKED)
    # of a video with both kinds, half the frames are of the first
    beside = _beside(worst, split, _videos(config), max(most // 2, 1))
    taken = {each.video: len(each.frames) for each in beside}
    unsure = [
        NextFrames(
            video, tuple(sorted(list(frames)[: most - taken.get(video, 0)])), "least sure of them"
        )
        for video, frames in sorted(uncertain.items())
        if frames and PurePosixPath(video).stem not in _kept_for_test(split)
    ]
    found = [each for each in (*beside, *unsure) if each.frames]
    fractions = [round(float(each), 2) for each in config["TrainingFraction"]]
    fraction = round(split["fraction"], 2)
    trainset = fractions.index(fraction) if fraction in fractions else 0
    return Advice(tuple(found), _code(found, shuffle, trainset) if found else "")


def _beside(
    worst: Iterable[ScoredFrame],
    split: Mapping[str, Any],
    videos: Mapping[str, str],
    most: int,
) -> list[NextFrames]:
    """The frames a little before and after the worst ones that lie within what was labelled."""
    labelled = _numbers([*split["train"], *split["validation"], *split["test"]])
    tested = _numbers(split["test"])
    chosen: dict[str, list[int]] = {}
    for frame in worst:
        name, number = video_of(frame.image), number_of(frame.image)
        if number is None:
            continue
        there = labelled[name]
        # what lies beyond the last labelled frame may lie beyond the video's end; DeepLabCut
        # takes no frame 0
        near = [n for n in (number - _BESIDE, number + _BESIDE) if 0 < n < max(there)]
        chosen.setdefault(name, []).extend(
            n
            for n in near
            if n not in there and all(abs(n - test) > _BESIDE for test in tested.get(name, ()))
        )
    return [
        NextFrames(
            videos.get(name, f"{VIDEO_FOLDER}{name}{_SUFFIX}"),
            tuple(sorted(dict.fromkeys(numbers[:most]))),
            "beside training frames that it misses",
        )
        for name, numbers in chosen.items()
        if numbers
    ]


def _numbers(images: Iterable[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for image in images:
        if (number := number_of(image)) is not None:
            found.setdefault(video_of(image), set()).add(number)
    return found


def _kept_for_test(split: Mapping[str, Any]) -> set[str]:
    """The videos whose labelled frames are all for the test."""
    return {video_of(image) for image in split["test"]} - {
        video_of(image) for image in (*split["train"], *split["validation"])
    }


def number_of(image: str) -> int | None:
    """Return which frame of its video an image is: DeepLabCut names it so (img0042.png)."""
    found = re.fullmatch(r"img([0-9]+)", PurePosixPath(image).stem)
    return int(found[1]) if found else None


def _videos(config: Mapping[str, Any]) -> dict[str, str]:
    """`videos/<name>` by its stem, which is the name of the folder of its labelled frames."""
    names = (PureWindowsPath(str(path)).name for path in config.get("video_sets") or {})
    return {PurePosixPath(name).stem: f"{VIDEO_FOLDER}{name}" for name in names}


def _code(found: Iterable[NextFrames], shuffle: int, trainset: int) -> str:
    by_video: dict[str, set[int]] = {}
    for each in found:
        by_video.setdefault(each.video, set()).update(each.frames)
    lists = [f"    {video!r}: {sorted(frames)}," for video, frames in by_video.items()]
    place = f"shuffle={shuffle}, trainingsetindex={trainset}"
    return "\n".join([
        "# in the project's folder, with the results fetched into it",
        "from pathlib import Path",
        "import deeplabcut",
        "",
        'config = str(Path("config.yaml").resolve())',
        "frames = {",
        *lists,
        "}",
        "for video, numbers in frames.items():",
        "    path = str(Path(video).resolve())",
        f"    deeplabcut.analyze_videos(config, [path], {place})  # unless it was done",
        "    deeplabcut.extract_outlier_frames(",
        f"        config, [path], {place}, automatic=True,",
        '        outlieralgorithm="list", frames2use=numbers,',
        "    )",
        "deeplabcut.refine_labels(config)",
        "# when they are mended: deeplabcut.merge_datasets(config), and submit the project again",
    ])  # fmt: skip
