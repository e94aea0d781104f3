"""What may follow a training: videos analysed, and the network exported for live use.

Each is optional, and each video and step fails on its own: a training of hours is not lost for a
video that can't be read.
"""

from __future__ import annotations

import math
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.yaml_reader import read_yaml_mapping

#: DeepLabCut's own words for the error of a step belong into the log; the mail gets the start.
_MOST_SHOWN = 200


@dataclass(frozen=True)
class Done:
    """What came of the steps."""

    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()  # sentences for the lab: what failed
    uncertain: tuple[int, ...] = ()  # frames of the last video, the least sure first
    frames_per_second: float = 0.0  # of the last video; 0: not known
    frame_size: tuple[int, int] = (0, 0)  # its width and height, pixels; zeros: not known


@dataclass
class _Steps:
    """Runs steps, of which each may fail."""

    notes: list[str] = field(default_factory=list)

    def attempt(self, what: str, step: Callable[[], object]) -> bool:
        """Run one; a failure becomes a note, and the log gets it in full."""
        try:
            step()
        except Exception as error:  # whatever a video does to DeepLabCut, the training is done
            traceback.print_exception(error)
            sys.stderr.flush()
            self.notes.append(failure(what, error))
            return False
        return True


def failure(what: str, why: str | Exception) -> str:
    """Return the sentence for the lab on a step that failed."""
    said = why.message if isinstance(why, DlcBatchError) else str(why)
    first = (said.splitlines() or [""])[0] or type(why).__name__
    return f"{what} failed: {first[:_MOST_SHOWN].rstrip('. ')}. The training is not affected."


@dataclass(frozen=True)
class Shuffle:
    """The trained shuffle of our copy, as DeepLabCut's functions ask for it."""

    config_path: Path
    shuffle: int
    trainset: int  # which of config.yaml's train fractions


def analyze(
    trained: Shuffle,
    videos: Sequence[Path],
    folder: Path,
    *,
    is_filtered: bool = True,
    is_labeled: bool = False,
) -> Done:
    """Analyse videos with the snapshot that stands in the shuffle's folder.

    Args:
        trained: the shuffle.
        videos: files on this computer's disk.
        folder: DeepLabCut's files go there.
        is_filtered: whether predictions are filtered too (a median of five frames).
        is_labeled: whether a copy of each video with the points drawn is made.

    Returns:
        the files; a note for each step that failed. Raises no Exception.
    """
    steps = _Steps()
    taken: set[str] = set()
    for video in videos:
        if video.stem in taken:  # DeepLabCut names its files by it
            steps.notes.append(failure(f"Analysis of {video.name}", "another has the same name"))
            continue
        taken.add(video.stem)
        _analyze(trained, video, folder, steps, is_filtered, is_labeled)
    return Done(
        _files(folder),
        tuple(steps.notes),
        _least_sure(folder, videos[-1:]),
        *rate_and_size(videos[-1]),
    )


def rate_and_size(video: Path) -> tuple[float, tuple[int, int]]:
    """Frames a second, and width and height in pixels; zeros where OpenCV can't tell."""
    # Not at the top, as above
    import cv2

    opened = cv2.VideoCapture(str(video))
    rate = opened.get(cv2.CAP_PROP_FPS)
    sides = opened.get(cv2.CAP_PROP_FRAME_WIDTH), opened.get(cv2.CAP_PROP_FRAME_HEIGHT)
    opened.release()
    known, (wide, high) = math.isfinite(rate), (max(int(each), 0) for each in sides)
    return max(float(rate), 0.0) if known else 0.0, (wide, high)  # -1 of what can't be opened


def _least_sure(folder: Path, videos: Sequence[Path]) -> tuple[int, ...]:
    """The frames worth labelling; a report without them is not worth a note."""
    # Not at the top: the watcher, which imports this too, has no use for pandas
    from dlc_batch_trainer.uncertainty import uncertain_frames

    try:
        return next((uncertain_frames(folder, video.stem) for video in videos), ())
    except Exception as error:  # whatever stands in DeepLabCut's tables
        traceback.print_exception(error)
        return ()


def _analyze(
    trained: Shuffle, video: Path, folder: Path, steps: _Steps, is_filtered: bool, is_labeled: bool
) -> None:
    names: dict[str, object] = {
        "shuffle": trained.shuffle,
        "trainingsetindex": trained.trainset,
        "destfolder": str(folder),
    }
    # Not at the top: it takes 16 s
    import deeplabcut  # type: ignore[import-untyped]  # has no types

    config = str(trained.config_path)
    before = set(_files(folder))

    def track() -> None:
        if not video.is_file():
            raise FileNotFoundError(f"there is no {video.name}")
        folder.mkdir(parents=True, exist_ok=True)
        deeplabcut.analyze_videos(config, [str(video)], save_as_csv=True, **names)
        _require_some(before, folder, ".h5")

    def filter_points() -> None:
        deeplabcut.filterpredictions(config, [str(video)], save_as_csv=True, **names)
        if not any("_filtered" in path.name for path in set(_files(folder)) - before):
            raise RuntimeError("DeepLabCut wrote no filtered predictions; the log tells why")

    def draw() -> None:
        has_filtered = any("_filtered" in path.name for path in set(_files(folder)) - before)
        deeplabcut.create_labeled_video(
            config, [str(video)], filtered=has_filtered, max_workers=1, **names
        )
        _require_some(before, folder, ".mp4")

    def look() -> None:
        steps.notes.extend(_without_points(trained, video, set(_files(folder)) - before))

    if not steps.attempt(f"Analysis of {video.name}", track):
        return
    if is_filtered:
        steps.attempt(f"Filtering of {video.name}", filter_points)
    if is_labeled and steps.attempt(f"The labelled video of {video.name}", draw):
        steps.attempt(f"Looking for points in the labelled video of {video.name}", look)


def _without_points(trained: Shuffle, video: Path, made: Iterable[Path]) -> Iterator[str]:
    """Say that a labelled video shows nothing, which its file does not tell."""
    config = read_yaml_mapping(trained.config_path.read_text("utf-8"), trained.config_path.name)
    pcutoff = float(str(config.get("pcutoff", 0.6)))  # DeepLabCut's own default
    tables = [path for path in made if path.suffix == ".h5"]
    filtered = [path for path in tables if "_filtered" in path.name]
    if not any(is_drawn(path, pcutoff) for path in filtered or tables):
        yield (
            f"The labelled video of {video.name} shows no points: of no prediction the confidence"
            f" is above `pcutoff` ({pcutoff:g} in config.yaml), and DeepLabCut draws no others."
            " The predictions are in its .csv all the same."
        )


def is_drawn(table: Path, pcutoff: float) -> bool:
    """Whether DeepLabCut draws any point of its table of predictions."""
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own

    predictions = pd.read_hdf(table)  # DeepLabCut's, made here; an upload's is never read
    likelihood = predictions.xs("likelihood", axis=1, level="coords")
    return bool((likelihood > pcutoff).to_numpy().any())


def _require_some(before: Iterable[Path], folder: Path, suffix: str) -> None:
    """DeepLabCut prints many of its failures and goes on."""
    if not any(path.suffix == suffix for path in set(_files(folder)) - set(before)):
        raise RuntimeError(f"DeepLabCut wrote no {suffix} file; the log tells why")


def export_model(trained: Shuffle, results: Path, engine: str = "pytorch") -> Done:
    """Export the network as DeepLabCut-live takes it, into DeepLabCut's own place.

    Args:
        trained: the shuffle.
        results: the files are copied to `exported-models-pytorch/` (`exported-models/`) in it.
        engine: pytorch or tensorflow.

    Returns:
        the files; a note where it failed. Raises no Exception.
    """
    steps = _Steps()
    name = "exported-models-pytorch" if engine == "pytorch" else "exported-models"
    path = trained.config_path
    made, target = path.parent / name, results / name

    def export() -> None:
        import deeplabcut

        config = read_yaml_mapping(path.read_text(encoding="utf-8"), path.name)
        deeplabcut.export_model(
            str(path),
            shuffle=trained.shuffle,
            trainingsetindex=trained.trainset,
            snapshotindex=-1,  # the only one
            iteration=config["iteration"],
            overwrite=True,
            make_tar=False,
            wipepaths=True,
        )
        if not _files(made):
            raise RuntimeError("DeepLabCut wrote no file; the log tells why")
        shutil.copytree(made, target, dirs_exist_ok=True)

    steps.attempt("Export of the network for live use", export)
    return Done(_files(target), tuple(steps.notes))


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))
