"""The simulation of runs whose Spot instances are taken away."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "spot_interruptions.py"
CHECKPOINT, NOTICE = 10.0, 2.0
OURS, RESTART, ENDLESS, ALONE = range(4)  # as the benchmark orders its ways


@pytest.fixture(scope="module")
def bench() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")  # its scripts find each other there
        yield import_module("spot_interruptions")


def _ways(bench: Any, noticed: bool = False, work: float = 120) -> Sequence[Any]:
    return bench.make_ways(bench.Queue(3, 60), work, CHECKPOINT, noticed)  # type: ignore[no-any-return]


def _live(bench: Any, way: Any, befalling: Sequence[tuple[float, float]]) -> Any:
    """Two hours of work, ten minutes of start-up; waits and lives as told."""
    runs = import_module("spot_runs")
    return bench.live(bench.Work(120, 10), way, cycle(runs.Chance(*each) for each in befalling))


#: Trains 55 minutes; is lost while it starts; trains 25 minutes.
LOSSES = ((5, 65), (0, 8), (3, 35))


@pytest.mark.parametrize(
    ("way", "noticed", "on_demand", "dollars"),
    [
        (OURS, False, 10 + 120 - 50 - 20, 2.28),
        (OURS, True, 10 + 120 - 53 - 23, 2.16),
        (RESTART, False, 10 + 120, 3.68),
    ],
)
def test_three_losses_then_on_demand(
    bench: Any, way: int, noticed: bool, on_demand: float, dollars: float
) -> None:
    ended = _live(bench, _ways(bench, noticed)[way], LOSSES)
    assert (ended.is_finished, ended.losses) == (True, 3)
    assert (ended.spot, ended.on_demand) == (65 + 8 + 35, on_demand)
    assert ended.minutes == 5 + 0 + 3 + ended.spot + on_demand
    assert ended.dollars(0.6, 1.2) == pytest.approx(dollars)


def test_finishes_on_spot_what_a_loss_has_left(bench: Any) -> None:
    ended = _live(bench, _ways(bench)[OURS], [(5, 65), (4, 80)])
    assert (ended.spot, ended.on_demand, ended.losses) == (65 + 10 + 70, 0, 1)
    assert ended.minutes == 5 + 65 + 4 + 80


def test_a_noticed_attempt_must_be_done_before_the_notice(bench: Any) -> None:
    attempts = [(0, 131), (0, math.inf)]  # done in 130 minutes, told to stop after 129
    assert _live(bench, _ways(bench, noticed=False)[OURS], attempts).spot == 130
    assert _live(bench, _ways(bench, noticed=True)[OURS], attempts).spot == 131 + 10 + 1


def test_goes_to_on_demand_with_its_checkpoint_where_no_spot_comes(bench: Any) -> None:
    ended = _live(bench, _ways(bench)[OURS], [(5, 65), (61, 500)])
    assert (ended.spot, ended.on_demand, ended.losses) == (65, 10 + 70, 1)
    assert ended.minutes == 5 + 65 + 60 + 80


def test_spot_only_gives_up(bench: Any) -> None:
    ended = _live(bench, _ways(bench, work=13)[ENDLESS], [(20, 30)])  # given up after 130
    assert (ended.is_finished, ended.minutes, ended.losses) == (False, 130, 2)
    assert (ended.spot, ended.on_demand) == (30 + 30 + 10, 0)


def test_without_losses_takes_the_work_and_one_start(bench: Any) -> None:
    ended = bench.simulate(bench.Work(120, 10), _ways(bench), 0.0, 0.0, range(20), 1)
    assert {each.minutes for endings in ended.values() for each in endings} == {130}
    assert {each.on_demand for each in ended[bench.ON_DEMAND]} == {130}
    assert all(each.spot == 130 for each in ended[bench.OURS])


def test_without_losses_all_ways_on_spot_are_the_same(bench: Any) -> None:
    ended = bench.simulate(bench.Work(120, 10), _ways(bench), 0.0, 5.0, range(20), 1)
    assert ended[bench.OURS] == ended[bench.RESTART] == ended[bench.ENDLESS]
    assert len({each.minutes for each in ended[bench.OURS]}) == 20  # the waits differ


_attempts = st.lists(
    st.tuples(st.floats(0, 80), st.floats(0, 400)), min_size=3, max_size=3
)  # some wait longer than the queue lets them


@given(attempts=_attempts)
def test_a_loss_costs_no_more_than_a_start_and_a_checkpoint(
    bench: Any, attempts: list[tuple[float, float]]
) -> None:
    for noticed, most in ((False, CHECKPOINT), (True, NOTICE)):
        ended = _live(bench, _ways(bench, noticed)[OURS], attempts)
        assert ended.is_finished
        assert ended.spot + ended.on_demand <= 130 + ended.losses * (10 + most) + 1e-9


@given(attempts=_attempts)
def test_checkpoints_never_cost_more_than_none(
    bench: Any, attempts: list[tuple[float, float]]
) -> None:
    ours, restart = (_live(bench, _ways(bench)[way], attempts) for way in (OURS, RESTART))
    assert ours.minutes <= restart.minutes + 1e-9
    assert ours.dollars(0.6, 1.2) <= restart.dollars(0.6, 1.2) + 1e-9


def test_more_losses_take_more_time_and_money(bench: Any) -> None:
    def means(rate: float) -> list[float]:
        ended = bench.simulate(bench.Work(360, 8), _ways(bench), rate, 5.0, range(200), 1)
        ours, restart = (ended[name] for name in (bench.OURS, bench.RESTART))
        assert all(each.is_finished for each in (*ours, *restart))
        return [
            statistics.mean(value)
            for endings in (ours, restart)
            for value in (
                [each.minutes for each in endings],
                [each.dollars(0.257, 0.573) for each in endings],
            )
        ]

    by_rate = [means(rate) for rate in bench.RATES]
    for figures in zip(*by_rate, strict=True):
        assert list(figures) == sorted(set(figures))


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_so_many_are_lost_within_an_hour(bench: Any, rate: float) -> None:
    first = [next(bench.chances(1, run, rate, 5.0)) for run in range(5000)]
    assert statistics.mean(each.life < 60 for each in first) == pytest.approx(rate, abs=0.02)
    assert statistics.mean(each.wait for each in first) == pytest.approx(5.0, abs=0.3)


def test_a_run_has_the_same_luck_at_each_rate(bench: Any) -> None:
    seldom, often = (bench.chances(1, 7, rate, 5.0) for rate in (0.05, 0.5))
    pairs = [(next(seldom), next(often)) for _ in range(5)]
    assert all(one.wait == other.wait and one.life > other.life for one, other in pairs)


def test_marks_figures_of_runs_that_were_given_up(bench: Any) -> None:
    ending = bench.Ending
    endings = {
        "most": [ending(True, 60, 60, 0, 0)] * 9 + [ending(False, 600, 300, 0, 9)],
        "alone": [ending(True, 60, 0, 60, 0)] * 10,
    }
    found = {name: bench.Summary.of(each, 1.0, 2.0) for name, each in endings.items()}
    cut, whole = (" ".join(line.split()) for line in bench.lines(0.5, found, "alone", "alone"))
    assert cut == "50% most 90.0% 1.0 >10.0 >1.40 >5.00 1.00 >0.70 1.00 >0.70"
    assert whole == "50% alone 100.0% 1.0 1.0 2.00 2.00 1.00 1.00 1.00 1.00"


def test_reads_the_attempts_and_the_wait_from_the_template(bench: Any, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Parameters: {SpotWaitSeconds: {Default: 1800}}\n"
        "Resources:\n"
        "  TrainerJob: {Properties: {RetryStrategy: {Attempts: 4}}}\n"
    )
    assert bench.Queue.read(template) == bench.Queue(4, 30)


def _print(*options: str) -> str:
    command = [sys.executable, str(SCRIPT), "--runs", "20", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_prints_the_same_for_the_same_seed(bench: Any) -> None:
    said = _print("--seed", "3")
    assert said == _print("--seed", "3")
    assert f"{bench.Queue.read().attempts} attempts on Spot" in said
    rows = [line for line in said.splitlines() if line[5:6] == "%"]
    assert len(rows) == 16
    other = _print("--seed", "4").splitlines()
    assert [row for row in rows if row not in other]


def test_refuses_no_work() -> None:
    command = [sys.executable, str(SCRIPT), "--hours", "0"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "0 is not more than 0" in refused.stderr
