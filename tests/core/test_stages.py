"""How far a training is, in words."""

from dataclasses import replace

import pytest

from dlc_batch_core.progress import Progress
from dlc_batch_core.stages import duration_words, progress_words, stage_words

NOW = Progress("train", "2026-01-02T03:04:05")


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (NOW, "training"),
        (replace(NOW, epoch=3, epochs=200), "training, epoch 3 of 200"),
        (
            replace(NOW, phase="detector", epoch=3, epochs=200),
            "training the detector, epoch 3 of 200",
        ),
        (replace(NOW, step=1500, steps=30000), "training, iteration 1,500 of 30,000"),
        (
            replace(NOW, stage="fetch", bytes_done=5_000_000, bytes_total=2_000_000_000),
            "getting the project, 5 of 2,000 MB",
        ),
        (replace(NOW, stage="after"), "doing what follows the training"),
        (
            replace(NOW, stage="after", video=2, videos=5),
            "doing what follows the training, video 2 of 5",
        ),
        (replace(NOW, stage="evaluate", epoch=9), "scoring the network on the test frames"),
        (replace(NOW, stage="of a later version"), "of a later version"),
    ],
)
def test_a_moment_in_words(progress: Progress, words: str) -> None:
    assert progress_words(progress) == words


@pytest.mark.parametrize(
    "stage", ["fetch", "unpack", "restore", "prepare", "train", "evaluate", "export", "after"]
)
def test_every_stage_of_the_trainer_has_words(stage: str) -> None:
    assert stage_words(Progress(stage, "")) != stage


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_length_of_time(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
