"""What ends a training that goes on without a word."""

from __future__ import annotations

import pytest

from dlc_batch_trainer.attempts import halvings_now
from dlc_batch_trainer.errors import InfrastructureError, OutOfMemory, Unscored
from dlc_batch_trainer.watch import Disk, Stall, seconds_until_end_of


def test_a_stall_is_told_with_its_place() -> None:
    Stall(600).check(599, "epoch 3 of 200")
    with pytest.raises(InfrastructureError, match=r"no step for 10 minutes \(epoch 3 of 200\)"):
        Stall(600).check(600, "epoch 3 of 200")


def test_an_evaluation_that_never_ends_costs_the_scores_only() -> None:
    Stall(600).check_scoring(599)
    with pytest.raises(Unscored, match="had not ended after 10 minutes"):
        Stall(600).check_scoring(600)


def test_a_disk_that_fills_is_told() -> None:
    Disk(lambda: 1_000_000_000).check()
    with pytest.raises(InfrastructureError, match="999 MB are left"):
        Disk(lambda: 999_000_000).check()


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [(0.1, 300), (1, 3240), (24, 84600), (168, 603000)],  # a minute, a tenth, half an hour
)
def test_training_stops_before_the_time_limit(hours: float, seconds: float) -> None:
    assert seconds_until_end_of("train", hours) == pytest.approx(seconds)
    later = [seconds_until_end_of(stage, hours) for stage in ("train", "evaluate", "after")]
    assert later == sorted(later)
    assert later[-1] < 3600 * hours


def vanished(times: int, at: int | None = None, halvings: int = 0) -> list[dict[str, object]]:
    entry = {"ended": None, "resumed_from": at, "halvings": halvings}
    return [dict(entry) for _ in range(times)]


def test_two_attempts_that_vanish_halve_the_batch() -> None:
    assert halvings_now([], None, 0) == 0
    assert halvings_now(vanished(1), None, 0) == 0
    assert halvings_now(vanished(2), None, 0) == 1
    assert halvings_now([*vanished(2), *vanished(1, halvings=1)], None, 0) == 1


def test_progress_between_them_is_no_lack_of_memory() -> None:
    assert halvings_now(vanished(2, at=4), 5, 0) == 0
    told = {"ended": "interrupted", "resumed_from": None, "halvings": 0}
    assert halvings_now([*vanished(1), told, *vanished(1)], None, 0) == 0


def test_vanishing_with_half_the_batch_too_is_the_end() -> None:
    with pytest.raises(OutOfMemory, match="vanished 4 times"):
        halvings_now([*vanished(2), *vanished(2, halvings=1)], None, 0)
