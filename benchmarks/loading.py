"""Frames a second that are loaded and augmented, without a network: what a GPU would wait for.

    python benchmarks/loading.py [--project FOLDER] [--epochs 3] [--batch 8] [--rounds 3]
                                 [--workers 0 1 2 4] [--folder /tmp]

DeepLabCut's own loader with its defaults (no loader processes, each frame decoded in each epoch)
against ours, with and without the cache of decoded frames, and with several numbers of loader
processes. Each round measures all of them in turns, each in a process of its own; the first epoch,
which fills the cache and starts the processes, does not count. Shown is the median of the rounds.
Without --project the demo's project is drawn.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from child import ChildFailed, answer_parent, run_child
from training import WAYS, draw_project
from training_ways import Asked

NATIVE = "DeepLabCut's own"
#: What is measured, by name: whether by our loader, with the cache, with how many processes.
Kinds = Mapping[str, Mapping[str, Any]]


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--project", type=Path, help="a labelled project (default: the demo's)")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        folder = Path(work)
        shutil.copytree(asked.project or draw_project(folder / "demo"), folder / "project")
        try:
            loading = _prepare(Asked(work, "resnet_50", asked.epochs, asked.batch, "random"))
        except ChildFailed as error:
            print(error, file=sys.stderr)
            return 1
        speeds, failures = _measure_all(_kinds(asked.workers), loading, folder, asked.rounds)
    _print(speeds, failures)
    return 1 if failures else 0


def _prepare(asked: Asked) -> dict[str, Any]:
    """Say what computer this is, and make the project ready to train."""
    folder = Path(asked.folder)
    print(run_child(WAYS, "computer", asdict(asked), folder), flush=True)
    ready = run_child(WAYS, "prepare", asdict(asked), folder)
    return {**ready, "epochs": asked.epochs, "batch": asked.batch}


def _kinds(workers: Iterable[int]) -> Kinds:
    ours = {
        f"ours, {'with' if cached else 'no'} cache, {count} processes": {
            "is_ours": True,
            "cached": cached,
            "workers": count,
        }
        for cached in (False, True)
        for count in workers
    }
    return {NATIVE: {"is_ours": False, "cached": False, "workers": 0}, **ours}


def _measure_all(
    kinds: Kinds, loading: Mapping[str, Any], folder: Path, rounds: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Measure in turns.

    Returns:
        frames a second by kind, and why a kind failed; it is not measured again.
    """
    speeds: dict[str, list[float]] = {name: [] for name in kinds}
    failures: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for name, kind in kinds.items():
            if name in failures:
                continue
            try:
                found = run_child(Path(__file__), "measure", {**loading, **kind}, folder)
            except ChildFailed as error:
                failures[name] = error.reason
                print(error, file=sys.stderr, flush=True)
            else:
                speeds[name].append(float(found))
                print(f"round {number}: {name}: {found:.1f} frames/s", flush=True)
    return speeds, failures


def _print(speeds: Mapping[str, list[float]], failures: Mapping[str, str]) -> None:
    """Print the medians of the rounds."""
    print(f"\n{'':<32}{'frames/s':>10}{'/ its own':>11}")
    medians = {name: statistics.median(each) for name, each in speeds.items() if each}
    for name in speeds:
        if name in failures:
            print(f"{name:<32}failed: {failures[name]}")
        else:
            ratio = f"{medians[name] / medians[NATIVE]:.2f}" if NATIVE in medians else "-"
            print(f"{name:<32}{medians[name]:>10.1f}{ratio:>11}")


# ---- In a process of its own ----------------------------------------------------------------


def measure(asked: Mapping[str, Any]) -> float:
    """Return the frames a second of one kind of loading."""
    from deeplabcut.pose_estimation_pytorch.data import (  # type: ignore[import-untyped]
        DLCLoader,
        build_transforms,
    )
    from deeplabcut.pose_estimation_pytorch.task import Task  # type: ignore[import-untyped]

    from dlc_batch_trainer.pytorch.image_cache import cached_images

    loader = DLCLoader(asked["config"], asked["trainset"], 1)
    settings = loader.model_cfg.to_dict(normalize=True)
    with cached_images(asked["cached"]) as cache:
        frames = loader.create_dataset(
            transform=build_transforms(settings["data"]["train"]),
            mode="train",
            task=Task(settings["method"]),
        )
        if cache is not None:
            paths = (image["file_name"] for image in frames.images)
            cache.fill(paths, frames.parameters.color_mode)
        batch, epochs = asked["batch"], asked["epochs"]
        ours = asked["is_ours"]
        passes = (
            _ours(frames, settings, batch, asked["workers"]) if ours else _native(frames, batch)
        )
        return float(epochs * len(frames) / _seconds(passes, epochs))


def _seconds(passes: Iterable[Any], epochs: int) -> float:
    """Time so many epochs; the first one before them does not count."""
    began = 0.0
    for number, batches in enumerate(passes):
        if number == 1:
            began = time.perf_counter()
        for _ in batches:
            pass
        if number == epochs:
            break
    return time.perf_counter() - began


def _native(frames: Any, batch: int) -> Iterable[Any]:
    from torch.utils.data import DataLoader

    loader = DataLoader(frames, batch_size=batch, shuffle=True)
    while True:
        yield loader


def _ours(frames: Any, settings: Any, batch: int, workers: int) -> Iterable[Any]:
    from dlc_batch_trainer.pytorch.seeding import Lottery, SeededOrder
    from dlc_batch_trainer.pytorch.speed import Speed
    from dlc_batch_trainer.pytorch.training import _loader

    lottery = Lottery(1, 1)
    order = SeededOrder(len(frames), lottery)
    speed = Speed.choose({"loader_workers": workers}, "cpu", 0)
    loader = _loader(frames, order, settings, speed, batch)
    epoch = 0
    while True:
        epoch += 1
        order.epoch = epoch
        yield loader


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        answer_parent(lambda _, asked: measure(asked))
    else:
        sys.exit(main())
