"""`make burst`: many uploads at once from 20 labs, 5 % of them broken, every event told twice.

    python -m tests.burst [--sizes 10 100 1000]

Runs against a local cloud of its own, whose jobs write an outcome and train nothing: it is the
orchestration that is under load. Prints time and requests per upload for each size, which must not
grow; exits with 1 where a record, a job or a mail is missing or too many.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.burst.scene import BROKEN_EVERY, ROOT, Tally, scene
from tests.way.conftest import zip_project

from dlc_batch.local.home import Home

_SECONDS_AN_UPLOAD = 10.0
HEADER = (
    "| uploads | seconds | s / upload | requests / upload | records | jobs | final mails | twice |"
)


def main() -> int:
    """Run bursts as asked on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.burst", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000])
    sizes = parser.parse_args().sizes
    project, is_well = zip_project(), True
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        shared = ROOT / ".local-cloud" / "build"
        shared.mkdir(parents=True, exist_ok=True)
        home.build.symlink_to(shared)
        with scene(home, lambda line: print(line, file=sys.stderr)) as cloud:
            print(HEADER, "| --- " * 8 + "|", sep="\n")
            for size in sizes:
                tally = cloud.burst(size, project, 60 + size * _SECONDS_AN_UPLOAD)
                print(line_of(tally), flush=True)
                is_well &= not faults_of(tally)
                for fault in faults_of(tally):
                    print(fault, file=sys.stderr)
    return 0 if is_well else 1


def line_of(tally: Tally) -> str:
    """A row of the table."""
    each = tally.seconds / tally.uploads, tally.requests / tally.uploads
    mails = tally.final_mails
    return (
        f"| {tally.uploads:,} | {tally.seconds:.0f} | {each[0]:.2f} | {each[1]:.1f}"
        f" | {tally.states.total() - tally.states['none']:,} | {tally.jobs:,} | {mails.total():,}"
        f" | {sum(count > 1 for count in mails.values())} |"
    )


def faults_of(tally: Tally) -> list[str]:
    """What is not as it must be, in words."""
    broken = -(-tally.uploads // BROKEN_EVERY)
    wanted = {"REJECTED": broken, "SUCCEEDED": tally.uploads - broken}
    faults = []
    if {state: count for state, count in tally.states.items() if count} != {
        state: count for state, count in wanted.items() if count
    }:
        faults.append(f"states {dict(tally.states)} instead of {wanted}")
    if tally.jobs != tally.uploads - broken:
        faults.append(f"{tally.jobs} jobs instead of {tally.uploads - broken}")
    if len(tally.final_mails) != tally.uploads or set(tally.final_mails.values()) != {1}:
        faults.append(f"{tally.final_mails.total()} final mails for {tally.uploads} uploads")
    return faults


if __name__ == "__main__":
    sys.exit(main())
