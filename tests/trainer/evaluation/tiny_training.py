"""python tiny_training.py PROJECT FOLDER: train, evaluate and export, with real DeepLabCut.

In a process of its own: DeepLabCut's warnings are no failures of this suite.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from dlc_batch_core.request import Request
from dlc_batch_trainer.after import Shuffle, analyze, export_model
from dlc_batch_trainer.evaluation import evaluate
from dlc_batch_trainer.export import export_results
from dlc_batch_trainer.plan import TrainingPlan
from dlc_batch_trainer.preparation import Preparation
from dlc_batch_trainer.pytorch.training import train


class Silence:
    """A monitor that only listens."""

    def phase(self, batch_size: int, step: int = 0, steps: int = 0) -> None: ...
    def step(self, *_: object) -> None: ...
    def epoch(self, *_: object) -> None: ...
    def checkpoint(self, folder: Path) -> None: ...
    def wants_interrupt(self) -> bool:
        return False

    def wants_stop(self) -> bool:
        return False


def main(project: Path, folder: Path) -> None:
    request = Request(
        net_type="cspnext_s",
        weights="random",
        epochs=2,
        batch_size=4,
        seed=7,
        overrides={"data.train.crop_sampling.width": 96, "data.train.crop_sampling.height": 96},
    )
    members = [
        path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()
    ]
    ready = Preparation(project, request, 1).run(members)
    snapshot = train(
        TrainingPlan(
            config_path=ready.config_path,
            shuffle=1,
            trainset=ready.trainset,
            model_folder=ready.model_folder,
            settings=ready.settings,
            seed=7,
            weights="random",
            scratch=folder,
            checkpoints=folder / "checkpoints",
            checkpoint_seconds=600,
            validation=ready.split.validation,
        ),
        Silence(),
    )
    place = ready.config_path, 1, ready.trainset
    trained = Shuffle(*place)
    results = folder / "results"
    results.mkdir()
    evaluate(*place, snapshot, ready.split, ready.images).write(results)
    broken = folder / "broken.avi"
    broken.write_bytes(b"no video")
    videos = [broken, next(project.glob("videos/*")), folder / "absent.mp4"]
    analysed = analyze(trained, videos, results / "videos", is_labeled=True)
    exported = export_model(trained, results)
    failed = export_model(replace(trained, shuffle=77), folder / "none")
    export_results(project, ready.model_folder, None, results)
    facts = {
        "images": ready.images,
        "train": ready.split.train,
        "test": ready.split.test,
        "analysed": [path.name for path in analysed.files],
        "notes": analysed.notes,
        "exported": [path.relative_to(results).as_posix() for path in exported.files],
        "export_notes": exported.notes,
        "failed_notes": failed.notes,
    }
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
