"""The scores of a training, as a mail has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dlc_batch_core.prose import wrapped

Metrics = Mapping[str, float]

#: Named as DeepLabCut names it, and said what it is: no square is in it.
_HEAD = "Scores (DeepLabCut's RMSE: the mean distance between label and prediction):"
_NOT_EVALUATED = "The network was not evaluated."
_FRAMES = {
    "train_frames": "Training frames",
    "validation_frames": "Validation frames",
    "test_frames": "Test frames",
}


def scores_of(metrics: Metrics) -> str:
    """Return what is known of a network's quality, one line each.

    Args:
        metrics: errors in pixels, mAP and mAR in percent, numbers of frames.
    """
    errors = list(_errors(metrics))
    lines = [_HEAD if errors else _NOT_EVALUATED, *errors, *_frames(metrics)]
    return "\n".join(lines)


def meaning_of(all_metrics: Sequence[Metrics]) -> str:
    """Return what the scores of some trainings are worth; empty where there are none."""
    sentences = [*_judge(all_metrics), *_choice([each for each in all_metrics if each])]
    return wrapped(" ".join(sentences)) if sentences else ""


def _judge(all_metrics: Sequence[Metrics]) -> Iterator[str]:
    if any("test_rmse_px" in metrics for metrics in all_metrics):
        yield (
            "Judge by the test frames: the network was neither trained on them nor chosen by them."
        )


def _errors(metrics: Metrics) -> Iterator[str]:
    for name, text in (("train_rmse_px", "training"), ("test_rmse_px", "test")):
        if name in metrics:
            yield _line(f"RMSE on {text} frames", f"{metrics[name]:.2f} px")
    if "test_rmse_low_px" in metrics and "test_rmse_high_px" in metrics:
        low, high = metrics["test_rmse_low_px"], metrics["test_rmse_high_px"]
        yield _line("  95 % bootstrap interval", f"{low:.2f} to {high:.2f} px")
    for name, text in (("train_rmse_pcutoff_px", "training"), ("test_rmse_pcutoff_px", "test")):
        if name in metrics:
            text = f"RMSE on {text} frames, confident points only"
            yield _line(text, f"{metrics[name]:.2f} px")
    for name, text in (("test_map", "mAP"), ("test_mar", "mAR")):
        if name in metrics:
            yield _line(f"{text} on test frames", f"{metrics[name]:.1f} %")
    if "validation_rmse_px" in metrics:
        yield _line("RMSE on validation frames", f"{metrics['validation_rmse_px']:.2f} px")


def _frames(metrics: Metrics) -> Iterator[str]:
    for name, text in _FRAMES.items():
        if metrics.get(name):
            yield _line(text, f"{int(metrics[name])}")


def _choice(all_metrics: Sequence[Metrics]) -> Iterator[str]:
    """How the snapshots were chosen: by their error on validation frames, or not."""
    each = "Of each shuffle, the" if len(all_metrics) > 1 else "The"
    chosen = ["validation_rmse_px" in metrics for metrics in all_metrics]
    if chosen and all(chosen):
        yield f"{each} snapshot with the least error on the validation frames was taken."
    elif chosen and not any(chosen):
        yield f"{each} last snapshot was taken: {_why_last(all_metrics)}."
    elif chosen:
        yield (
            f"{each} snapshot with the least error on the validation frames was taken; the last"
            " one where there was none to choose by."
        )


def _why_last(all_metrics: Sequence[Metrics]) -> str:
    """Why no snapshot was chosen: there was nothing to choose by, or not yet."""
    frames = {bool(metrics.get("validation_frames")) for metrics in all_metrics}
    if frames == {False}:
        return "there were no validation frames to choose by"
    if frames == {True}:
        return "the training ended before validation had run"
    return "there was no error on validation frames to choose by"


def _line(text: str, value: str) -> str:
    return f"  {text + ':':<50} {value:>17}"
