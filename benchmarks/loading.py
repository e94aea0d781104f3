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
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from training import Asked, _draw, _prepare

NATIVE = "DeepLabCut's own"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a labelled project (default: the demo's)")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-benchmark-", dir=asked.folder) as work:
        project = _copy(asked.project or _draw(Path(work) / "demo-project"), Path(work))
        prepared = Asked(str(project), "resnet_50", asked.epochs, asked.batch, "random")
        _child(["prepare", json.dumps(vars(prepared))])
        rows = [(NATIVE, ["native"])]
        for cached in (False, True):
            name = "ours, with cache" if cached else "ours, no cache"
            rows += [(f"{name}, {w} processes", [str(w), str(cached)]) for w in asked.workers]
        speeds: dict[str, list[float]] = {name: [] for name, _ in rows}
        for _ in range(asked.rounds):
            for name, what in rows:
                config = str(project / "config.yaml")
                answer = _child(["measure", config, str(asked.epochs), str(asked.batch), *what])
                speeds[name].append(float(answer))
        _print({name: statistics.median(each) for name, each in speeds.items()})


def _copy(source: Path, work: Path) -> Path:
    import shutil

    return Path(shutil.copytree(source, work / "copy"))


def _print(speeds: dict[str, float]) -> None:
    print(f"{len(os.sched_getaffinity(0))} cores")
    print(f"{'':<32}{'frames/s':>10}{'/ its own':>11}")
    for name, speed in speeds.items():
        print(f"{name:<32}{speed:>10.1f}{speed / speeds[NATIVE]:>11.2f}")


def _child(arguments: list[str]) -> str:
    command = [sys.executable, __file__, "child", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout.splitlines()[-1] if done.stdout else ""


# ---- In a process of its own ----------------------------------------------------------------


def measure(config: Path, epochs: int, batch: int, what: list[str]) -> None:
    """Print the frames a second of one way of loading."""
    from deeplabcut.pose_estimation_pytorch.data import (  # type: ignore[import-untyped]
        DLCLoader,
        build_transforms,
    )
    from deeplabcut.pose_estimation_pytorch.task import Task  # type: ignore[import-untyped]

    from dlc_batch_trainer.pytorch.image_cache import cached_images

    loader = DLCLoader(config, 0, 1)
    settings = loader.model_cfg.to_dict(normalize=True)
    is_native = what == ["native"]
    with cached_images(not is_native and what[1] == "True") as cache:
        frames = loader.create_dataset(
            transform=build_transforms(settings["data"]["train"]),
            mode="train",
            task=Task(settings["method"]),
        )
        if cache is not None:
            paths = (image["file_name"] for image in frames.images)
            cache.fill(paths, frames.parameters.color_mode)
        workers = 0 if is_native else int(what[0])
        passes = _native(frames, batch) if is_native else _ours(frames, settings, batch, workers)
        for number, batches in enumerate(passes):
            if number == 1:
                began = time.perf_counter()
            for _ in batches:
                pass
            if number == epochs:
                break
    print(epochs * len(frames) / (time.perf_counter() - began))


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
    match sys.argv[1:]:
        case ["child", "prepare", text]:
            _prepare(Asked(**json.loads(text)))
        case ["child", "measure", config, epochs, batch, *what]:
            measure(Path(config), int(epochs), int(batch), what)
        case _:
            main()
