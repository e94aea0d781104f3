"""DeepLabCut 3, called by hand as a lab calls it, on each of many projects: a program of its own.

    python native.py FOLDER ANSWERS

FOLDER holds a project a folder. For each, the label tables are converted, the training data set
is made, and every frame is loaded as training loads it, eight at a time. What came of it goes to
ANSWERS, a JSON object by the folder's name: the step that raised, and what, or the frames and
points that DeepLabCut would train and test on.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import deeplabcut
import numpy as np
import pandas as pd
from deeplabcut.pose_estimation_pytorch import DLCLoader, build_transforms
from torch.utils.data import DataLoader


def try_project(folder: Path) -> dict[str, Any]:
    """Take one project through the steps until one raises."""
    config, answer = str(folder / "config.yaml"), {"step": "convert", "frames": 0}
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            deeplabcut.convertcsv2h5(config, userfeedback=False)
            answer["step"] = "create"
            deeplabcut.create_training_dataset(config)
            answer |= _merged(folder)
            answer["step"] = "load"
            answer["loaded"] = _load(config) if answer["frames"] else {}
            answer["step"] = "done"
    except (Exception, SystemExit) as error:
        kind = type(error)
        answer |= {"raised": kind.__name__, "text": str(error)[:2000]}
    return {**answer, "printed": printed.getvalue()[-4000:]}


def _merged(folder: Path) -> dict[str, Any]:
    """How many frames and points are in the table that all frames are drawn from."""
    tables = list(folder.glob("training-datasets/iteration-*/*/CollectedData_*.h5"))
    if not tables:
        return {"frames": 0, "points": 0}
    table = pd.read_hdf(tables[0])
    values = table.to_numpy(dtype=float)
    return {"frames": len(table), "points": int(np.isfinite(values).sum()) // 2}


def _load(config: str) -> dict[str, Any]:
    """Load all frames, as `train_network` does: of training in batches, of the test one by one."""
    loader = DLCLoader(config=config, shuffle=1)
    answer: dict[str, Any] = {}
    for mode, count in (("train", 8), ("test", 1)):
        part = "data"
        # no random crop or rotation: points that leave the frame are to be the lab's
        transform = build_transforms(loader.model_cfg[part]["inference"])
        data = loader.create_dataset(transform, mode=mode, task=loader.pose_task)
        visible: Any = 0
        frames = 0
        for batch in DataLoader(data, batch_size=count):
            frames += len(batch["image"])
            points = batch["annotations"]["keypoints"].numpy()
            visible = visible + (points[..., 2] > 0).sum(axis=(0, 1))
        answer[mode] = {"frames": frames, "points_by_part": np.atleast_1d(visible).tolist()}
    return answer


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    given, target = map(Path, sys.argv[1:])
    answers = {folder.name: try_project(folder) for folder in sorted(given.iterdir())}
    target.write_text(json.dumps(answers, indent=1))
