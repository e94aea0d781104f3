"""Several animals: our matching beside DeepLabCut's own figures, of made-up predictions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from dlc_batch_trainer.evaluation.errors import mean_errors
from dlc_batch_trainer.evaluation.points import score_frame
from dlc_batch_trainer.evaluation.poses import Layout, Poses

LAYOUT = Layout(("a", "b", "c"), ("p", "q", "r", "s"), is_multi_animal=True)
_THEIRS = """
import json, sys
import numpy as np
from deeplabcut.core.metrics import compute_metrics
labels, found = (np.array(each, float) for each in json.load(sys.stdin))
seen = np.where(np.isnan(labels[..., :1]), 0, 2)
truth = {str(n): x for n, x in enumerate(np.concatenate([labels, seen], axis=-1))}
poses = {str(n): x for n, x in enumerate(found)}
print("\\n" + json.dumps(compute_metrics(truth, poses, pcutoff=0.6)))
"""


def _theirs(labels: Any, found: Any) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _THEIRS],
        input=json.dumps([labels.tolist(), found.tolist()]),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    scores: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return scores


@pytest.mark.parametrize("is_near", [True, False])
def test_our_mean_is_deeplabcuts_while_predictions_are_near(is_near: bool) -> None:
    """It leaves out a prediction far from every animal (OKS below 1e-6); we do not."""
    draw = np.random.default_rng(4)
    labels = draw.uniform(0, 60, (12, 3, 4, 2)) + np.arange(3)[None, :, None, None] * 200
    order = [draw.permutation(3) for _ in labels]
    found = np.concatenate([labels, draw.uniform(0.3, 1, (12, 3, 4, 1))], axis=-1)
    found[..., :2] += draw.normal(0, 3, labels.shape)
    found = np.stack([each[places] for each, places in zip(found, order, strict=True)])
    if not is_near:
        found[0, 0, :, :2] += 5000
    labels[3, 1, 2] = np.nan
    frames = [
        score_frame(str(n), Poses(x, np.empty((0, 2))), Poses(y, np.empty((0, 3))), LAYOUT)
        for n, (x, y) in enumerate(zip(labels, found, strict=True))
    ]
    ours = mean_errors([point for frame in frames for point in frame.points], 0.6)
    theirs = _theirs(labels, found)
    if is_near:
        assert ours.mean_px == pytest.approx(theirs["rmse"])
        assert ours.mean_pcutoff_px == pytest.approx(theirs["rmse_pcutoff"])
    else:
        assert ours.mean_px is not None
        assert ours.mean_px > 10 * theirs["rmse"]
