"""Which frames are worth labelling, and the code that takes them."""

from __future__ import annotations

import ast
from typing import Any

from dlc_batch_trainer.evaluation.points import ScoredFrame
from dlc_batch_trainer.report.next_frames import advise, number_of

CONFIG = {
    "TrainingFraction": [0.95, 0.8],
    "numframes2pick": 4,
    "video_sets": {"C:\\lab\\walk.avi": {}, "/home/lab/run.mov": {}},
}


def images(video: str, *numbers: int) -> list[str]:
    return [f"labeled-data/{video}/img{n:04d}.png" for n in numbers]


LABELLED = images("walk", 0, 10, 20, 25, 100)
SPLIT: dict[str, Any] = {
    "fraction": 0.8,
    "train": LABELLED,
    "validation": [],
    "test": images("run", 50, 60),
}


def worst(*names: str) -> list[ScoredFrame]:
    return [ScoredFrame(name, ()) for name in names]


def test_frames_beside_the_worst_training_frames() -> None:
    advice = advise(CONFIG, 2, SPLIT, worst(LABELLED[2], LABELLED[1]), {})
    (walk,) = advice.videos
    assert walk.video == "videos/walk.avi"
    assert walk.frames == (5, 15)  # 25 is labelled; of 10, 5 and 15


def test_none_beside_a_test_frame() -> None:
    """Trained on, it would make the next score too good."""
    tested = {**SPLIT, "train": images("walk", 10, 100), "test": images("walk", 20)}
    advice = advise(CONFIG, 2, tested, worst(*images("walk", 10)), {})
    assert [each.frames for each in advice.videos] == [(5,)]  # 15 is five frames from 20


def test_none_of_a_video_that_is_for_the_test() -> None:
    """Its new labels would be for the test as well, and teach nothing."""
    uncertain = {"videos/run.mov": (7, 8), "videos/day1/rat.mp4": (9,)}
    advice = advise(CONFIG, 2, SPLIT, [], uncertain)
    assert [each.video for each in advice.videos] == ["videos/day1/rat.mp4"]


def test_of_a_video_with_both_kinds_not_more_than_deeplabcut_picks() -> None:
    uncertain = {"videos/walk.avi": (90, 80, 70, 60)}
    advice = advise(CONFIG, 2, SPLIT, worst(LABELLED[2], LABELLED[1]), uncertain)
    assert [each.frames for each in advice.videos] == [(5, 15), (80, 90)]
    only = advise({**CONFIG, "numframes2pick": 1}, 2, SPLIT, worst(LABELLED[2]), uncertain)
    assert [each.frames for each in only.videos] == [(15,)]


def test_none_that_may_not_be_there_or_that_deeplabcut_would_not_take() -> None:
    split = {**SPLIT, "train": images("walk", 5, 100)}
    advice = advise(CONFIG, 1, split, worst(*split["train"]), {})
    assert advice.videos[0].frames == (10, 95)  # neither 0 nor 105


def test_least_sure_frames_and_no_more_than_deeplabcut_picks() -> None:
    uncertain = {"videos/day1/rat.mp4": (9, 3, 7, 8, 1), "videos/empty.mp4": ()}
    advice = advise(CONFIG, 1, SPLIT, [], uncertain)
    (rat,) = advice.videos
    assert (rat.video, rat.frames) == ("videos/day1/rat.mp4", (3, 7, 8, 9))


def test_code_is_python_whatever_a_video_is_called() -> None:
    name = "videos/a'b\"\\\n</script>.mp4"
    code = advise(CONFIG, 2, SPLIT, [], {name: (4,)}).code
    tree = ast.parse(code)
    assert name in {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert "shuffle=2, trainingsetindex=1" in code


def test_nothing_to_say() -> None:
    split = {**SPLIT, "fraction": 0.5}
    advice = advise(CONFIG, 1, split, worst("labeled-data/walk/frame-a.png"), {})
    assert (advice.videos, advice.code) == ((), "")
    assert number_of("labeled-data/walk/frame-7.png") is None
