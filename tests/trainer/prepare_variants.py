"""The trainer's way up to the training, for several uploads: a program of its own.

    python prepare_variants.py UPLOADS WORK ANSWERS

For each zip in UPLOADS: the check, the ingest and the preparation. What they leave goes to
ANSWERS, by the zip's name: the label tables, the table of all frames, the split, the settings.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.trainer.local_source import LocalSource

from dlc_batch_core.check import check_upload
from dlc_batch_core.intake import Intake
from dlc_batch_core.limits import Limits
from dlc_batch_core.request import Request
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.ingest import Ingest
from dlc_batch_trainer.preparation import Preparation


def prepare(upload: Path, work: Path) -> dict[str, Any]:
    """Prepare one upload and return what was left in its folder."""
    with upload.open("rb") as file:
        found = check_upload(file, upload.name)
    ingest = Ingest.begin(LocalSource(upload), Intake(found.root), Limits())
    project = work / upload.stem / "project"
    project.mkdir(parents=True)
    ingest.write(project, lambda _done, _of: None)
    request = Request(net_type="cspnext_s", weights="random", seed=3)
    mended: list[str] = []
    ready = Preparation(project, request, 1, mended).run(ingest.files)
    tables = {
        path.relative_to(project).as_posix(): path.read_bytes().decode()
        for path in sorted(project.rglob("CollectedData_*.csv"))
    }
    return {
        "is_trainable": found.is_trainable,
        "problems": [problem.code for problem in found.problems],
        "mended": mended,
        "tables": tables,
        "train": [ready.images[row] for row in ready.split.train],
        "test": [ready.images[row] for row in ready.split.test],
        "config": read_yaml_mapping((project / "config.yaml").read_text(), "config.yaml")
        | {"project_path": ""},
    }


if __name__ == "__main__":
    uploads, folder, target = map(Path, sys.argv[1:])
    answers = {each.stem: prepare(each, folder) for each in sorted(uploads.iterdir())}
    target.write_text(json.dumps(answers, indent=1))
