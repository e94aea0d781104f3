"""Time and dollars of runs whose Spot instances are taken away: a simulation.

    python benchmarks/spot_interruptions.py [--hours 6] [--runs 200] [--seed 1] [--noticed]
                                            [--startup 8] [--wait 5] [--instance g4dn.xlarge]

No figure is a measurement of AWS. The ways, for 0, 5, 20 and 50 % of instances lost an hour:

- ours: as many attempts on Spot as the template's job definition has, each going on from the last
  checkpoint; then On-Demand, from the last checkpoint too. It goes there as well when no Spot
  capacity comes within the time limit of the template's queue.
- from zero, then On-Demand: the same without checkpoints.
- from zero, Spot only: without checkpoints, on Spot until it is finished. It gives up after ten
  times the run's length: `>` marks figures that would be larger without that.
- On-Demand alone: never interrupted, never waits.

Modelled: losses at a constant hazard, from the boot on; an exponentially distributed wait for
Spot capacity before each attempt; a start-up of each attempt (boot, image, fetch, restore), which
is billed; the loss of what was trained since the last checkpoint, made each `checkpoint_minutes`
of the request's default. With --noticed a checkpoint is made at the notice, two minutes before the
loss. All ways get the same random waits and losses, run by run.

Not modelled: losses that come in clusters (one pool of capacity running dry), prices that move, a
wait for On-Demand capacity, faults of our own, the limits of a run's hours and dollars, what the
trainer does when two attempts vanish without progress, and the minutes that an instance stays
after its job. AWS does not bill an instance that it takes away within its first hour; here it is
billed, so that all ways on Spot look dearer than they are.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]
from spot_runs import (
    NOTICE_MINUTES,
    Ending,
    Way,
    Work,
    chances,
    keep_all,
    keep_checkpoints,
    keep_nothing,
    live,
)
from spot_table import HEADER, Summary, lines

from dlc_batch_core.prices import AS_OF, PRICES, hourly
from dlc_batch_core.request import Request

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
RATES = (0.0, 0.05, 0.2, 0.5)  # lost within an hour
#: Spot without end is given up after so many times the run's length.
_GIVES_UP = 10
OURS, RESTART, ENDLESS = "ours", "from zero, then On-Demand", "from zero, Spot only"
ON_DEMAND = "On-Demand alone"
LEGEND = (
    "hours: the median; 95 %: 95 of 100 runs need no more\n"
    f"/OD: against {ON_DEMAND}; /zero: against {RESTART} (h: medians, $: means)"
)


@dataclass(frozen=True)
class Queue:
    """What the template sets for a job on Spot."""

    attempts: int
    patience: float  # minutes it waits for capacity

    @classmethod
    def read(cls, template: Path = TEMPLATE) -> Queue:
        content = yaml_parse(template.read_text("utf-8"))
        seconds = content["Parameters"]["SpotWaitSeconds"]["Default"]
        job = content["Resources"]["TrainerJob"]["Properties"]
        return cls(job["RetryStrategy"]["Attempts"], seconds / 60)


def main() -> int:
    """Simulate and print; returns the exit code."""
    asked = _arguments().parse_args()
    queue, price = Queue.read(), PRICES[asked.instance]
    dollars = (hourly(price, "spot"), hourly(price, "on-demand"))
    print(_assumptions(asked, queue, dollars))
    for hours in asked.hours:
        work = Work(hours * 60, asked.startup)
        ways = make_ways(queue, work.minutes, Request().checkpoint_minutes, asked.noticed)
        print(f"\n{hours:g} hours of work\n{HEADER}")
        for rate in RATES:
            ended = simulate(work, ways, rate, asked.wait, range(asked.runs), asked.seed)
            found = {name: Summary.of(each, *dollars) for name, each in ended.items()}
            print(*lines(rate, found, ON_DEMAND, RESTART), sep="\n")
    print(f"\n{LEGEND}")
    return 0


def _assumptions(asked: argparse.Namespace, queue: Queue, dollars: tuple[float, float]) -> str:
    return (
        f"a simulation: {asked.runs} runs, seed {asked.seed}; no figure is a measurement of AWS\n"
        f"{asked.instance}, disk and address: {dollars[0]:.3f} $/h on Spot, {dollars[1]:.3f} $/h"
        f" On-Demand ({AS_OF})\n"
        f"{queue.attempts} attempts on Spot, each after a wait of {asked.wait:g} min on average"
        f" and {queue.patience:g} min at most\n"
        f"start-up {asked.startup:g} min, checkpoints each {Request().checkpoint_minutes:g} min,"
        f" losses {'noticed' if asked.noticed else 'without notice'}"
    )


def make_ways(
    queue: Queue, work_minutes: float, checkpoint_minutes: float, noticed: bool
) -> Sequence[Way]:
    """Return all ways that are compared, ours first."""
    restart = Way(RESTART, queue.attempts, keep_nothing, patience=queue.patience)
    ours = replace(restart, name=OURS, keep=keep_checkpoints(checkpoint_minutes))
    if noticed:
        ours = replace(ours, keep=keep_all, notice=NOTICE_MINUTES)
    endless = Way(ENDLESS, None, keep_nothing, gives_up=_GIVES_UP * work_minutes)
    return (ours, restart, endless, Way(ON_DEMAND, 0, keep_nothing))


def simulate(
    work: Work, ways: Iterable[Way], rate: float, wait: float, runs: Iterable[int], seed: int
) -> Mapping[str, Sequence[Ending]]:
    """Return how each run ends, by the way's name.

    Args:
        rate: the part of instances that are taken away within an hour.
        wait: the mean wait for Spot capacity, in minutes.
    """
    numbers = tuple(runs)
    return {
        way.name: [live(work, way, chances(seed, run, rate, wait)) for run in numbers]
        for way in ways
    }


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--hours", type=positive_number, nargs="+", default=[6.0], help="of work, undisturbed"
    )
    parser.add_argument("--runs", type=count, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--noticed", action="store_true", help="a last checkpoint is made before each loss"
    )
    parser.add_argument(
        "--startup", type=number, default=8.0, help="minutes of each attempt's start-up"
    )
    parser.add_argument(
        "--wait", type=number, default=5.0, help="mean minutes until Spot capacity"
    )
    parser.add_argument("--instance", choices=sorted(PRICES), default="g4dn.xlarge")
    return parser


def count(text: str) -> int:  # argparse's messages show these names
    return int(_refused_unless(int(text) >= 1, int(text), "1 or more"))


def positive_number(text: str) -> float:
    return _refused_unless(0 < float(text) < math.inf, float(text), "more than 0")


def number(text: str) -> float:
    return _refused_unless(0 <= float(text) < math.inf, float(text), "0 or more")


def _refused_unless(is_fine: bool, value: float, expected: str) -> float:
    if not is_fine:
        raise argparse.ArgumentTypeError(f"{value:g} is not {expected}")
    return value


if __name__ == "__main__":
    sys.exit(main())
