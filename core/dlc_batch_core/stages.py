"""How far a training is, in words: what the trainer calls a stage is not what a lab calls it."""

from __future__ import annotations

from dlc_batch_core.progress import Progress

#: By the trainer's own name of the stage.
_WORDS = {
    "fetch": "getting the project",
    "unpack": "getting the project",
    "calibrate": "calibrating the cameras",
    "restore": "looking for a checkpoint to go on from",
    "prepare": "making the training data set",
    "train": "training",
    "evaluate": "scoring the network on the test frames",
    "export": "putting the results together",
    "after": "doing what follows the training",
}
_MEGABYTE = 1e6


def stage_words(progress: Progress) -> str:
    """Return what a training does, such as `training the detector`."""
    if progress.stage == "train" and progress.phase == "detector":
        return "training the detector"
    if progress.stage == "restore" and progress.attempt <= 1:  # there is nothing to go on from
        return "starting DeepLabCut"
    return _WORDS.get(progress.stage, progress.stage)


def place_words(progress: Progress) -> str:
    """Return how far it is within its stage; empty where it has no measure."""
    if progress.stage in ("fetch", "unpack") and progress.bytes_total:
        done, total = (each / _MEGABYTE for each in (progress.bytes_done, progress.bytes_total))
        return f"{done:,.0f} of {total:,.0f} MB"
    if progress.stage == "after":
        return f"video {progress.video} of {progress.videos}" if progress.videos else ""
    if progress.stage != "train":
        return ""
    if progress.epochs:
        return f"epoch {progress.epoch} of {progress.epochs}"
    return f"iteration {progress.step:,} of {progress.steps:,}" if progress.steps else ""


def progress_words(progress: Progress) -> str:
    """Return stage and place, such as `training, epoch 3 of 200`."""
    return ", ".join(text for text in (stage_words(progress), place_words(progress)) if text)


def duration_words(seconds: float) -> str:
    """Return a length of time in its two largest units, such as `2 h 5 min`."""
    whole = max(0, round(seconds))
    days, hours = divmod(whole // 3600, 24)
    minutes = whole % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole} s"
