"""What is worth labelling next, as `deeplabcut.extract_outlier_frames` takes it.

Frames beside the worst test frames (the same moment, seen a little later or earlier), and the
frames of analysed videos of which the network was least sure (uncertainty.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from dlc_batch_core.videos import VIDEO_FOLDER
from dlc_batch_trainer.evaluation.points import ScoredFrame

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
    fraction: float,
    labelled: Iterable[str],
    worst: Iterable[ScoredFrame],
    uncertain: Mapping[str, Iterable[int]],
) -> Advice:
    """Return which frames to label next.

    Args:
        config: config.yaml's content.
        shuffle: its number.
        fraction: of the training frames, as config.yaml has it.
        labelled: `labeled-data/<video>/<image>` of all labelled frames.
        worst: the worst test frames, worst first.
        uncertain: frames by `videos/...`, as uncertainty.py found them.
    """
    most = int(config.get("numframes2pick") or _DEFAULT_PICKED)
    # of a video with both kinds, half the frames are of the first
    beside = _beside(worst, _numbers(labelled), _videos(config), most // 2)
    taken = {each.video: len(each.frames) for each in beside}
    unsure = [
        NextFrames(
            video, tuple(sorted(list(frames)[: most - taken.get(video, 0)])), "least sure of them"
        )
        for video, frames in sorted(uncertain.items())
        if frames
    ]
    found = [*beside, *unsure]
    fractions = [round(float(each), 2) for each in config["TrainingFraction"]]
    trainset = fractions.index(round(fraction, 2)) if round(fraction, 2) in fractions else 0
    return Advice(tuple(found), _code(found, shuffle, trainset) if found else "")


def _beside(
    worst: Iterable[ScoredFrame],
    labelled: Mapping[str, set[int]],
    videos: Mapping[str, str],
    most: int,
) -> list[NextFrames]:
    """The frames a little before and after the worst ones that lie within what was labelled."""
    chosen: dict[str, list[int]] = {}
    for frame in worst:
        name, number = PurePosixPath(frame.image).parent.name, number_of(frame.image)
        if number is None:
            continue
        there = labelled[name]
        # what lies beyond the last labelled frame may lie beyond the video's end; DeepLabCut
        # takes no frame 0
        near = [n for n in (number - _BESIDE, number + _BESIDE) if 0 < n < max(there)]
        chosen.setdefault(name, []).extend(n for n in near if n not in there)
    return [
        NextFrames(
            videos.get(name, f"{VIDEO_FOLDER}{name}{_SUFFIX}"),
            tuple(sorted(dict.fromkeys(numbers[:most]))),
            "beside the worst test frames",
        )
        for name, numbers in chosen.items()
        if numbers
    ]


def _numbers(images: Iterable[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for image in images:
        if (number := number_of(image)) is not None:
            found.setdefault(PurePosixPath(image).parent.name, set()).add(number)
    return found


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
