"""CPU time until a command of `dlc-batch` has answered, beside a bare `python -c pass`.

    python benchmarks/starting.py [--project FOLDER] [--rounds 7] [--most 0.3]

Each round runs every command once, in processes of their own, in turns; shown is the least CPU
time of the rounds (user and system). `check` is of a drawn project of 40 labelled frames where
none is named. Ends with 1 where `--help` or `check` takes more than --most seconds above the bare
interpreter. Needs no network and no cloud. Not on Windows, which does not tell the CPU time of
children.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

BARE = "python -c pass"
#: What the product promises; the others are shown beside it.
PROMISED = ("dlc-batch --help", "dlc-batch check PROJECT")


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--project", type=Path, help="a labelled project (default: a drawn one)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--most", type=float, default=0.3, help="seconds above the bare one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-") as folder:
        project = asked.project or _draw(Path(folder) / "project")
        least = _measure(_commands(project), asked.rounds)
    _print(least)
    return int(any(least[name] - least[BARE] > asked.most for name in PROMISED))


def _draw(folder: Path) -> Path:
    from dlc_batch.demo.project import DemoSize, make_demo_project

    return make_demo_project(folder, DemoSize(frames=60, labelled=40))


def _commands(project: Path) -> Mapping[str, Sequence[str]]:
    ours = ("-m", "dlc_batch")
    return {
        BARE: ("-c", "pass"),
        "dlc-batch --help": (*ours, "--help"),
        "dlc-batch check PROJECT": (*ours, "check", str(project)),
        "dlc-batch check --help": (*ours, "check", "--help"),
        "dlc-batch submit --help": (*ours, "submit", "--help"),
        "dlc-batch watch --help": (*ours, "watch", "--help"),
        "import dlc_batch": ("-c", "import dlc_batch"),
        "import boto3": ("-c", "import boto3"),  # what --help does without
    }


def _measure(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            seconds[name].append(_cpu_seconds(arguments))
    return {name: min(each) for name, each in seconds.items()}


def _cpu_seconds(arguments: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _print(least: Mapping[str, float]) -> None:
    print(f"{'':<26} {'CPU s':>7} {'above':>7}")
    for name, seconds in least.items():
        print(f"{name:<26} {seconds:7.3f} {seconds - least[BARE]:7.3f}")


if __name__ == "__main__":
    sys.exit(main())
