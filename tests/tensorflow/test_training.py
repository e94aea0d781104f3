"""Trainings with DeepLabCut's TensorFlow engine: broken ones end as unbroken ones do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.tensorflow.conftest import Play

#: The rate changes in the middle; random weights with frozen normalisation bear no higher one.
SCHEDULE = [[1e-3, 4], [1e-4, 7], [1e-5, 200]]
ITERATIONS = 9
BREAK = 5
REQUEST: dict[str, Any] = {
    "net_type": "mobilenet_v2_0.35",
    "weights": "random",
    "iterations": ITERATIONS,
    "batch_size": 2,
    "seed": 7,
    "overrides": {"optimizer": "adam", "multi_step": SCHEDULE, "display_iters": 2},
}
MULTI = {**REQUEST, "overrides": {**REQUEST["overrides"], "crop_size": [96, 96]}}


def rate_of(iteration: int) -> float:
    return next(rate for rate, last in SCHEDULE if iteration <= last)


@pytest.fixture(scope="module", params=["single", pytest.param("multi", marks=pytest.mark.long)])
def trainings(request: pytest.FixtureRequest, play: Play) -> dict[str, Any]:
    """The same training: left alone; interrupted; and gone on with in a new process."""
    project = str(request.getfixturevalue(request.param))
    asked = MULTI if request.param == "multi" else REQUEST
    common = {"project": project, "request": asked}
    first = play(
        {**common, "name": "unbroken", "batches": True},
        {**common, "name": "interrupted", "interrupt_at": BREAK},
    )
    (checkpoint,) = first["interrupted"]["checkpoints"][-1:]
    return {**first, **play({**common, "name": "resumed", "resume": checkpoint})}


def losses(answer: dict[str, Any]) -> dict[int, float]:
    return {int(step): loss for step, loss in answer["steps"]}


def curve(answer: dict[str, Any]) -> list[tuple[int, float, float]]:
    rows = [line.split(", ") for line in answer["curve"]]
    return [(int(iteration), float(loss), float(rate)) for iteration, loss, rate in rows]


def test_a_broken_training_is_the_unbroken_one(trainings: dict[str, Any]) -> None:
    whole, first, rest = (trainings[n] for n in ("unbroken", "interrupted", "resumed"))
    assert first["interrupted"]
    assert list(losses(first)) == list(range(1, BREAK + 1))
    assert list(losses(rest)) == list(range(BREAK + 1, ITERATIONS + 1)), "repeated or left out"
    assert losses(first) | losses(rest) == pytest.approx(losses(whole), abs=1e-4, rel=0)
    assert len(set(losses(whole).values())) == ITERATIONS
    assert curve(rest) == [pytest.approx(row, abs=1e-4, rel=0) for row in curve(whole)]
    assert rest["values"] == pytest.approx(whole["values"], abs=1e-4, rel=0)


def test_the_schedule_and_the_count_are_kept(trainings: dict[str, Any]) -> None:
    rows = curve(trainings["resumed"])
    assert [row[0] for row in rows] == list(range(1, ITERATIONS + 1))
    assert [row[2] for row in rows] == [rate_of(row[0]) for row in rows]
    snapshot = trainings["resumed"]["snapshot"]
    assert (snapshot["total"], snapshot["unit"]) == (ITERATIONS, "iterations")
    assert trainings["resumed"]["settings"]["multi_step"] == [*SCHEDULE[:2], [1e-5, ITERATIONS]]


def test_the_best_is_kept_over_a_resume(trainings: dict[str, Any]) -> None:
    whole, rest = trainings["unbroken"], trainings["resumed"]
    errors = {
        each["iteration"]: each["metrics"]["validation_rmse_px"]
        for each in whole["intervals"]
        if each["metrics"]
    }
    best = min(errors, key=lambda iteration: errors[iteration])
    for answer in (whole, rest):
        assert answer["snapshot"]["best"]["epoch"] == best
        assert answer["snapshot"]["best"]["rmse_px"] == pytest.approx(errors[best], abs=1e-3)
        assert Path(answer["snapshot"]["path"]).name == f"snapshot-{best}"


def test_one_snapshot_is_left_as_deeplabcut_has_it(trainings: dict[str, Any]) -> None:
    answer = trainings["resumed"]
    path = Path(answer["snapshot"]["path"])
    assert path.parent == Path(answer["train"])
    names = {each.name for each in path.parent.iterdir()}
    snapshot = {f"{path.name}.{end}" for end in ("index", "meta", "data-00000-of-00001")}
    assert names == {*snapshot, "pose_cfg.yaml", "learning_stats.csv", "log.txt"}


def test_validation_frames_are_not_trained_on(trainings: dict[str, Any]) -> None:
    answer = trainings["unbroken"]
    trained, kept, test = (set(answer[n]) for n in ("trained_on", "validation", "test"))
    assert len(kept) >= 5
    assert not trained & kept
    assert not trained & test
    assert not kept & test
    assert trained | kept | test == set(answer["all"])


def test_a_batch_depends_on_the_seed_and_its_number_only(trainings: dict[str, Any]) -> None:
    orders = trainings["unbroken"]["batches"]
    assert orders["3"] == orders["4"]
    assert orders["3"][0] != orders["3"][1]


def test_what_it_began_from_is_told(trainings: dict[str, Any]) -> None:
    whole, rest = (trainings[n]["snapshot"]["began_from"] for n in ("unbroken", "resumed"))
    assert whole == rest
    assert whole["pose_weights"] == "random"
    assert len(whole["pose_sha256"]) == 64
