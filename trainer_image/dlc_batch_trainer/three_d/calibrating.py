"""Calibrates the cameras of our copy, and keeps what the recordings and the report need of it.

cameras.json      what was calibrated, in brief: the report shows it
calibration.json  the cameras, and how far to believe them; or the file of the lab's own, as it is
calibration.toml  the cameras, as Anipose has them
methods.txt       for a paper
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlc_batch_cameras import calibration_file
from dlc_batch_cameras.calibration import Calibration
from dlc_batch_cameras.camera import CameraGroup
from dlc_batch_cameras.foreign_files import write_anipose
from dlc_batch_cameras.of_project import Calibrated, calibrate_project
from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_folder import files_of
from dlc_batch_trainer.three_d.methods import methods_text
from dlc_batch_trainer.three_d.task import CAMERAS_FILE, METHODS_FILE, Answer, CalibrationTask

_ANIPOSE = "calibration.toml"


def calibrate(task: CalibrationTask) -> Answer:
    """Do the task; where the cameras can't be calibrated, the answer has the problems."""
    cameras, target = Cameras.from_dict(task.cameras), Path(task.target)
    try:
        found = calibrate_project(cameras, files_of(Path(task.project)), _tell)
    except ProjectError as error:
        return Answer(problems=tuple(each.to_dict() for each in error.problems))
    name = _keep(found, cameras, Path(task.project), target)
    (target / METHODS_FILE).write_text(methods_text(found, cameras), encoding="utf-8")
    summary = json.dumps(_summary(found, name), indent=1, allow_nan=False)
    (target / CAMERAS_FILE).write_text(summary + "\n", encoding="utf-8")
    if found.calibration is None:
        return Answer()
    notes = tuple(map(_sentence, found.calibration.problems))
    return Answer(notes, figures={"calibration_px": found.calibration.total_rms_px})


def read_cameras(path: Path) -> tuple[CameraGroup, str]:
    """Return the cameras that cameras.json speaks of, and the unit of lengths.

    Raises:
        ProjectError: the calibration can't be read.
    """
    summary = json.loads(path.read_text(encoding="utf-8"))
    names: Sequence[str] = [each["name"] for each in summary["cameras"]]
    group = calibration_file.read_cameras(path.with_name(summary["calibration"]), names)
    return group.of(names), summary["unit"]  # a file of the lab's own may have more


def _tell(done: int, of: int) -> None:
    print(f"looked for the board: {done} of {of}", flush=True)


def _keep(found: Calibrated, cameras: Cameras, project: Path, target: Path) -> str:
    """Keep the calibration; return the name of the file that `read_cameras` takes."""
    if found.calibration is not None:
        calibration_file.write_calibration(
            found.calibration, target / "calibration.json", found.unit
        )
        write_anipose(found.group, target / _ANIPOSE)
        return "calibration.json"
    write_anipose(found.group, target / _ANIPOSE)
    own = project / str(cameras.calibration)
    shutil.copyfile(own, target / f"calibration{own.suffix.lower()}")  # also one of Anipose's
    return _ANIPOSE


def _summary(found: Calibrated, calibration: str) -> dict[str, Any]:
    made = found.calibration
    return {
        "schema_version": SCHEMA_VERSION,
        "calibration": calibration,
        "unit": found.unit,
        "cameras": [
            {
                "name": name,
                "reprojection_px": made.rms_px[name] if made else None,
                "images": _count(made, name) if made else None,
            }
            for name in found.group.names
        ],
        "baselines": [asdict(each) for each in made.baselines] if made else [],
        "notes": [_sentence(each) for each in made.problems] if made else [],
    }


def _count(made: Calibration, camera: str) -> int:
    return sum(view.is_used for view in made.views if view.camera == camera)


def _sentence(problem: Problem) -> str:
    return f"Calibration, {problem.where}: {problem.what}"
