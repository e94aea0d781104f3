"""From what is known of a training to the facts that the verdict's rules judge by."""

from __future__ import annotations

from dlc_batch_trainer.report.material import Material
from dlc_batch_trainer.report.scale import find_scale
from dlc_batch_trainer.report.verdict import Facts


def facts_of(material: Material) -> Facts:
    """Return the facts."""
    run, evaluation = material.run, material.evaluation
    metrics, snapshot = run["metrics"], run["snapshot"]
    low, high = metrics.get("test_rmse_low_px"), metrics.get("test_rmse_high_px")
    # of several animals the training error is DeepLabCut's, which leaves far ones out
    alike = metrics.get("test_rmse_deeplabcut_px", metrics.get("test_rmse_px"))
    parts = (evaluation or {}).get("body_parts", {})
    return Facts(
        was_evaluated=evaluation is not None,
        points=[point for frame in material.frames for point in frame.points],
        test_frames=len(run["split"]["test"]),
        test_px=metrics.get("test_rmse_px"),
        interval=None if low is None or high is None else (low, high),
        train_px=metrics.get("train_rmse_px"),
        test_like_train_px=alike,
        body_parts={name: each["mean_px"] for name, each in parts.items()},
        scale=find_scale(material.frames, material.frame_size),
        pcutoff=material.pcutoff,
        split=run["split"]["method"],
        taken=snapshot["trained"],
        done=snapshot["done"],
        total=snapshot["total"],
        unit=snapshot["unit"],
        was_chosen=snapshot["best"] is not None,
    )
