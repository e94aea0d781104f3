"""Training by dlc-batch against DeepLabCut called by hand: time, scores, what each lever brings.

    python benchmarks/training.py [--project FOLDER] [--net resnet_50] [--epochs 3] [--batch 4]
                                  [--weights random] [--pairs 5] [--seeds 1] [--levers]
                                  [--most-ratio 1.03] [--checkpoint-minutes 10] [--folder /tmp]

Both ways train the same project from the same split, settings and initial weights, without
validation frames, each in a process of its own. Pairs take turns in which way goes first. "By
hand" is deeplabcut.train_network with its defaults, but that it does not look at its test frames
while it trains (runner.eval_interval is above the epochs, for both ways): ours has no validation
frames here, so neither pays for an evaluation during training.

Ours trains as in the container: the watcher beside it hears of each step, writes progress.json,
and hashes and stores the checkpoints while training goes on. Time is that of the train stage, as
the watcher sees it; by hand that of train_network. Both include building the network and the
loader, reading the initial weights and writing the snapshot; neither the import of DeepLabCut nor
the making of the data set nor the evaluation after. Ours also pays for a checkpoint with the
optimiser's state after each 25 epochs, each 0.8 * --checkpoint-minutes, and after the last epoch.
Not included are what leaves the computer: S3 is a folder, so there is no TLS and no network; the
Spot notice and control.json are not polled (a small request each 5 and 10 s); nor is storing the
last checkpoint, which goes on while the snapshot is evaluated. Pretrained weights are fetched
before, and both ways then look for them offline. Random ones DeepLabCut by hand has to read from
a file, which costs it a fraction of a second.

Then DeepLabCut by hand evaluates the last snapshot of ours, and the figures must be the same.
Ends with 1 where they are not, where a training failed, or where the median of the pairs' ratios
of time is above --most-ratio; not for the ratio with --levers, which are for a GPU.

With --levers ours trains once more for each seed with each lever of speed switched off, one at a
time, and with all off: on a computer with a GPU, with the openfield project (from DeepLabCut's
examples), --epochs 200 --batch 8 --weights pretrained --seeds 1 2 3. A seed draws the split too,
the same for all ways: test errors are compared seed by seed. Without --project the demo's project
is drawn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from child import ChildFailed, run_child
from training_table import (
    HEADER,
    MOST_RATIO,
    Row,
    Taken,
    failed_line,
    is_same,
    pair_line,
    ratio_lines,
    ratio_of,
    score_line,
    table_line,
    verdict,
)
from training_ways import Asked

WAYS = Path(__file__).with_name("training_ways.py")
LEVERS: dict[str, object] = {
    "loader_workers": 0,
    "image_cache": False,
    "mixed_precision": False,
    "channels_last": False,
    "fast_kernels": False,
}


def main() -> int:
    """Measure and print; returns the exit code."""
    asked = _arguments().parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        bench = Bench(Path(work), asked)
        if not bench.begin() or (both := bench.pairs()) is None:
            return 1
        ours, native = both
        bench.compare_scores()
        if asked.levers:
            bench.levers(ours, native)
            print(verdict(ours, native))
        elif ratio_of(ours, native) > asked.most_ratio:
            bench.fail(f"that is more than {asked.most_ratio:g} times the time by hand")
    return 1 if bench.has_failed else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--project", type=Path, help="a labelled project (default: the demo's)")
    add("--net", default="resnet_50", help="one without a detector")
    add("--epochs", type=int, default=3)
    add("--batch", type=int, default=4)
    add("--weights", choices=("pretrained", "random"), default="random")
    add("--pairs", type=int, default=5, help="of each seed")
    add("--seeds", type=int, nargs="+", default=[1])
    add("--levers", action="store_true", help="train with each lever off, too")
    add("--most-ratio", type=float, default=MOST_RATIO, help="above it, end with 1")
    add("--checkpoint-minutes", type=float, default=10.0, help="the request's (default: 10)")
    add("--folder", type=Path, help="where to work (default: the system's)")
    return parser


class Bench:
    """Trainings of copies of one project, and whether any of it failed."""

    def __init__(self, work: Path, asked: argparse.Namespace) -> None:
        self._work = work
        self._asked = asked
        self._source = asked.project or draw_project(work / "demo-project")
        self.has_failed = False

    def fail(self, why: str) -> None:
        """Say what is not as it should be, and go on."""
        _say(why)
        self.has_failed = True

    def begin(self) -> bool:
        """Say what computer this is, and bring the pretrained weights; tells whether that went."""
        try:
            _say(self._child("computer", "computer"))
            if self._asked.weights == "pretrained":
                self._copy("weights")
                self._child("weights", "weights")
                os.environ["HF_HUB_OFFLINE"] = "1"  # of the children: no way waits for the network
        except ChildFailed as error:
            self._fail_child("preparation", error)
        return not self.has_failed

    def pairs(self) -> tuple[Row, Row] | None:
        """Train in turns.

        Returns:
            ours and by hand, pair by pair; None where all pairs failed.
        """
        whole: list[tuple[Taken, Taken]] = []
        seeds = [seed for _ in range(self._asked.pairs) for seed in self._asked.seeds]
        for number, seed in enumerate(seeds, 1):
            try:
                whole.append(self._pair(seed, is_ours_first=number % 2 == 1))
                _say(pair_line(number, *whole[-1]))
            except ChildFailed as error:
                self._fail_child(f"pair {number} (seed {seed})", error)
        if not whole:
            return None
        ours = Row("ours", [each for each, _ in whole])
        native = Row("DeepLabCut by hand", [each for _, each in whole])
        _say(ratio_lines(ours, native))
        return ours, native

    def _pair(self, seed: int, is_ours_first: bool) -> tuple[Taken, Taken]:
        ways = ("ours", "native") if is_ours_first else ("native", "ours")
        taken = {way: self._train(way, seed) for way in ways}
        return taken["ours"], taken["native"]

    def compare_scores(self) -> None:
        """Evaluate the last snapshot of ours by hand, too."""
        _say("\nthe same snapshot evaluated:")
        try:
            figures = self._child("scores", "ours")
        except ChildFailed as error:
            self._fail_child("scores", error)
            return
        for name, (ours, native) in figures.items():
            _say(score_line(name, ours, native))
            if not is_same(ours, native):
                self.fail(f"{name} differs")

    def levers(self, ours: Row, native: Row) -> None:
        """Train with each lever off, and print a table row by row."""
        _say(f"\n{HEADER}")
        for row in (native, ours):
            _say(table_line(row, native))
        for name, value in LEVERS.items():
            self._lever(f"ours, {name}: {value}".lower(), {name: value}, native)
        self._lever("ours, all levers off", LEVERS, native)

    def _lever(self, name: str, options: Mapping[str, object], native: Row) -> None:
        try:
            row = Row(name, [self._train("ours", seed, options) for seed in self._asked.seeds])
            _say(table_line(row, native))
        except ChildFailed as error:
            self._fail_child(name, error)

    def _fail_child(self, name: str, error: ChildFailed) -> None:
        self.fail(failed_line(name, error.reason))
        print(error, file=sys.stderr, flush=True)

    def _train(self, way: str, seed: int, options: Mapping[str, object] | None = None) -> Taken:
        """Train a copy of the project; it stays until the next training of that way."""
        self._copy(way)
        return Taken(**self._child(way, way, seed, options))

    def _copy(self, place: str) -> None:
        folder = self._work / place
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._source, folder / "project")

    def _child(
        self, what: str, place: str, seed: int = 1, options: Mapping[str, object] | None = None
    ) -> Any:
        asked, folder = self._asked, self._work / place
        request = Asked(
            folder=str(folder),
            net=asked.net,
            epochs=asked.epochs,
            batch=asked.batch,
            weights=asked.weights,
            seed=seed,
            checkpoint_minutes=asked.checkpoint_minutes,
            options=options or {},
        )
        return run_child(WAYS, what, asdict(request), folder)


def draw_project(folder: Path) -> Path:
    """Draw the demo's project."""
    from dlc_batch.demo.project import make_demo_project

    return make_demo_project(folder)


def _say(line: str) -> None:
    print(line, flush=True)  # at once: the next may take hours


if __name__ == "__main__":
    sys.exit(main())
