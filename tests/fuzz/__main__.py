"""`make fuzz`: puts mutated uploads through the check, and keeps those that it takes badly.

    python -m tests.fuzz --count 200000 --seed 1 --workers 2 --finds DIR

Exits with 1 where there is a find: DIR then holds the upload, and what happened, by its number.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.campaign import Report, run_campaign
from tests.fuzz.guard import MEMORY_BYTES, SECONDS
from tests.fuzz.inputs import input_of

_SHOW_SECONDS = 10
_KEPT = 50  # reproducers; one fault often has thousands


def main() -> int:
    """Run a campaign as asked on the command line."""
    asked = _parse()
    start = time.monotonic()

    shown = start

    def show(report: Report) -> None:
        nonlocal shown
        if time.monotonic() - shown < _SHOW_SECONDS:
            return
        shown = time.monotonic()
        rate = report.inputs / (shown - start)
        done = f"{report.inputs:,} of {asked.count:,} inputs, {rate:,.0f} a second"
        print(f"{done}, {len(report.finds)} finds", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        report = run_campaign(asked.seed, asked.count, asked.workers, Path(scratch), show)
    _tell(report, asked.seed, time.monotonic() - start)
    _keep(report, asked.seed, asked.finds)
    return 1 if report.finds else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--finds", type=Path, default=Path("build/fuzz-finds"))
    return parser.parse_args()


def _tell(report: Report, seed: int, seconds: float) -> None:
    took, number = report.slowest
    print(f"{report.inputs:,} inputs of seed {seed} in {seconds:.0f} s: {len(report.finds)} finds")
    print(f"{report.trainable:,} can be trained; {len(report.codes)} kinds of problems were found")
    print(f"slowest: input {number}, {took:.2f} s of processor time ({SECONDS:g} s are allowed)")
    held, most = report.memory / 2**20, MEMORY_BYTES >> 20
    print(f"most memory above the start of a worker: {held:.0f} MB ({most} MB are allowed)")
    for code, count in sorted(report.codes.items(), key=lambda each: -each[1]):
        print(f"{count:9,}  {code}")


def _keep(report: Report, seed: int, folder: Path) -> None:
    for find in sorted(report.finds, key=lambda each: each.number)[:_KEPT]:
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / f"seed-{seed}-input-{find.number}"
        stem.with_suffix(".txt").write_text(find.what)
        if find.number >= 0:
            stem.with_suffix(".zip").write_bytes(input_of(seed, find.number))
        print(f"{stem}.zip: {find.what.strip().splitlines()[-1]}")


if __name__ == "__main__":
    sys.exit(main())
