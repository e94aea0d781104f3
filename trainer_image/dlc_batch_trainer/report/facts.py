"""What is known of a training, as the rules of the verdict judge by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dlc_batch_core.labels import SINGLE
from dlc_batch_trainer.evaluation.points import ScoredPoint, video_of
from dlc_batch_trainer.report.material import Material
from dlc_batch_trainer.report.scale import Scale, find_scale


@dataclass(frozen=True)
class Facts:
    """What the rules judge by. Errors are mean distances in pixels; None: not known."""

    was_evaluated: bool = True
    points: Sequence[ScoredPoint] = ()  # labelled, of the test frames
    test_frames: int = 0
    scored_frames: int = 0  # those on which anything was found
    test_videos: int = 0
    test_frames_of_trained: int = 0  # those of videos that it trained on
    test_px: float | None = None
    interval: tuple[float, float] | None = None  # 95 %, of test_px
    resampled: tuple[int, str] | None = None  # for the interval: how many frames, videos, ...
    train_px: float | None = None
    test_like_train_px: float | None = None  # as train_px is computed
    body_parts: Mapping[str, float | None] = field(default_factory=dict)  # errors
    scale: Scale | None = None
    pcutoff: float = 0.6
    split: str = "videos"  # how it was made: home, videos, stretch or random
    taken: int = 0  # epochs or iterations after which the snapshot was taken
    done: int = 0
    total: int = 0
    unit: str = "epochs"
    was_chosen: bool = False  # by its error on validation frames
    validation_frames: int = 0
    weights: str = "pretrained"  # it began from: pretrained, random or the id of an earlier run
    is_nearest: bool = False  # of several animals, each label has the detection nearest to it


def facts_of(material: Material) -> Facts:
    """Return the facts."""
    run, evaluation = material.run, material.evaluation
    metrics, snapshot = run["metrics"], run["snapshot"]
    interval = (evaluation or {}).get("interval")
    split = run["split"]
    trained = {video_of(image) for image in split["train"]}
    # of several animals the training error is DeepLabCut's, which leaves far ones out
    alike = metrics.get("test_rmse_deeplabcut_px", metrics.get("test_rmse_px"))
    parts = (evaluation or {}).get("body_parts", {})
    points = [point for frame in material.frames for point in frame.points]
    animals = {point.individual for point in points} - {SINGLE, ""}
    return Facts(
        was_evaluated=evaluation is not None,
        points=points,
        test_frames=len(split["test"]),
        scored_frames=sum(frame.error_px is not None for frame in material.frames),
        test_videos=len({video_of(image) for image in split["test"]}),
        test_frames_of_trained=sum(video_of(image) in trained for image in split["test"]),
        test_px=metrics.get("test_rmse_px"),
        interval=(interval["low_px"], interval["high_px"]) if interval else None,
        resampled=(interval["resampled"], interval["unit"]) if interval else None,
        train_px=metrics.get("train_rmse_px"),
        test_like_train_px=alike,
        body_parts={name: each["mean_px"] for name, each in parts.items()},
        scale=find_scale(material.frames, material.frame_size),
        pcutoff=material.pcutoff,
        split=split["method"],
        is_nearest=run["engine"] == "tensorflow" and len(animals) > 1,
        taken=snapshot["trained"],
        done=snapshot["done"],
        total=snapshot["total"],
        unit=snapshot["unit"],
        was_chosen=snapshot["best"] is not None,
        weights=run["began_from"].get("pose_weights", ""),
        validation_frames=len(split["validation"]),
    )
