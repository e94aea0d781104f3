"""The frames of an analysed video of which the network was least sure."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
from numpy.typing import NDArray

#: Frames of a video that a person labels in one sitting; DeepLabCut takes as many at a time.
MOST_FRAMES = 20
#: Neighbours look alike: the video is cut into so many times as many pieces, and of two frames
#: within the length of a piece only the less sure one is taken (our choice).
_PIECES = 2


def uncertain_frames(folder: Path, stem: str, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Return numbers of frames, the least sure first; none without predictions.

    Args:
        folder: with DeepLabCut's predictions of the video, as it has just written them. Reading
            them runs what is in them: never those of an upload.
        stem: of the video's name.
    """
    tables = [path for path in sorted(folder.iterdir()) if _is_of(path, stem)]
    if not tables:
        return ()
    table = pd.read_hdf(tables[-1])
    columns = table.columns.get_level_values("coords") == "likelihood"
    return least_sure(table.loc[:, columns].to_numpy(dtype=float), most)


def _is_of(path: Path, stem: str) -> bool:
    """Whether it is a video's table; of several animals DeepLabCut's last one comes last."""
    is_table = path.suffix == ".h5" and "_filtered" not in path.name
    return is_table and path.name.startswith(f"{stem}DLC")


def least_sure(confidence: NDArray[np.float64], most: int) -> tuple[int, ...]:
    """Choose frames.

    Args:
        confidence: (frames, points), NaN where nothing was found. A frame without any is left
            out: of several animals, none may be there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a frame without any
        means = np.nanmean(confidence, axis=1) if confidence.size else np.empty(0)
    apart = max(len(means) // (_PIECES * most), 1)
    chosen: list[int] = []
    for number in np.argsort(means, kind="stable").tolist():
        if len(chosen) == most or not np.isfinite(means[number]):
            break
        if number > 0 and all(abs(number - other) >= apart for other in chosen):
            chosen.append(number)  # DeepLabCut takes no frame 0
    return tuple(chosen)
