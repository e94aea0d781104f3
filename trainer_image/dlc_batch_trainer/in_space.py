"""Poses in space, for the watching process: cameras calibrated, recordings put together.

The work is done in a process of its own (three_d); nothing here fails a training, but for a
calibration that the lab required.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.follow_up import SPACE_FOLDER, FollowUp
from dlc_batch_core.problems import Problem
from dlc_batch_core.videos import Video
from dlc_batch_core.views import recordings
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.after import failure
from dlc_batch_trainer.after_training import Analysed
from dlc_batch_trainer.errors import InfrastructureError, UserError
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.three_d.task import CAMERAS_FILE, Answer, CalibrationTask, RecordingTask

SPACE_MODULE = "dlc_batch_trainer.three_d"
#: Runs a task in a process of its own; returns why it could not, for the lab.
Run = Callable[[str], str | None]
_DEFAULT_PCUTOFF = 0.6  # DeepLabCut's own, where config.yaml has none
_FILTERED = "_filtered.csv"  # DeepLabCut's own smoothing, in a table beside the other
#: Of rates that differ by more, a minute's end is a frame off and more. (Files round 29.97.)
_SAME_RATE = 1.002
_DEFAULT_RATE = 30.0  # frames a second of a film, where no video tells


@dataclass
class InSpace:
    """The cameras of a run, and what is made of their recordings."""

    cameras: Cameras
    project: Path  # our copy
    folder: Path  # that of results/ in which 3d/ lies, on this computer
    work: Path  # a folder that is not there yet
    run: Run
    notes: list[str] = field(default_factory=list)  # sentences for the lab
    calibration_px: float | None = None

    @property
    def made(self) -> Path:
        """Where on this computer it all lies."""
        return self.folder / SPACE_FOLDER

    @property
    def calibration(self) -> Path:
        return self.made / CAMERAS_FILE

    def calibrate(self) -> None:
        """Calibrate the cameras. A calibration that can't be had is a note.

        Raises:
            UserError: the request requires one.
        """
        self.made.mkdir(parents=True, exist_ok=True)
        task = CalibrationTask(
            cameras=self.cameras.to_dict(),
            project=str(self.project),
            target=str(self.made),
            answer=str(self._answer),
        )
        try:
            answer = self._do(task.to_json())
        except OSError as error:
            if self.cameras.require_calibration:
                raise InfrastructureError(f"The cameras were not calibrated: {error}.") from error
            self.notes.append(failure("Calibration of the cameras", error))
            return
        problems = [Problem.from_dict(each) for each in answer.problems]
        self.notes += answer.notes
        self.calibration_px = (answer.figures or {}).get("calibration_px")
        if self.calibration.is_file():
            return
        said = " ".join(f"{each.where}: {each.what}" for each in problems)
        if self.cameras.require_calibration:
            remedy = " ".join(dict.fromkeys(each.remedy for each in problems))
            raise UserError(f"The cameras can't be calibrated. {said}", remedy)
        self.notes.append(
            f"The cameras can't be calibrated, so there are no poses in space. {said}"
        )

    def put_together(
        self, analysed: Mapping[Video, Analysed], store: RunStore, before: FollowUp
    ) -> FollowUp:
        """Put the views of each recording together, and leave what is made in S3.

        Args:
            analysed: what came of the videos.
            store: of the run; the tables of predictions are brought from it.
            before: what came of the steps before.

        Returns:
            what came of it as well.
        """
        found = recordings(self.cameras, analysed).shared
        asked = max(len(found), before.recordings_asked)  # some videos may not be analysed
        came = replace(before, recordings_asked=asked, calibration_px=self.calibration_px)
        if not self.calibration.is_file() or not found:
            return came
        by_path = {video.path: done for video, done in analysed.items()}
        figures = []
        for name, files in found.items():
            views = {camera: by_path[path] for camera, path in files.items()}
            try:
                put = self._put(name, views, store)
            except Exception as error:  # whatever a table does, the next one may do well
                self.notes.append(failure(f"Putting the views of {name} together", error))
            else:
                figures += [put] if put is not None else []
        return replace(
            came,
            recordings=len(figures),
            reprojection_px=_median(figures, "reprojection_px"),
            error_mm=_median(figures, "error_mm"),
            points_percent=_median(figures, "points_percent"),
        )

    def _put(
        self, name: str, views: Mapping[str, Analysed], store: RunStore
    ) -> Mapping[str, float] | None:
        if why := _different_rates(views):
            self.notes.append(f"There are no poses in space of {name}: {why}")
            return None
        tables = self.work / "tables"
        shutil.rmtree(tables, ignore_errors=True)
        tables.mkdir(parents=True)
        places: dict[str, Path] = {}
        for camera, done in views.items():
            (table,) = (f for f in done.files if f.endswith(".csv") and not f.endswith(_FILTERED))
            places[camera] = tables / f"{len(places)}.csv"
            store.fetch_result(table, places[camera])
        rates = [done.frames_per_second for done in views.values() if done.frames_per_second > 0]
        config = self._config()
        pcutoff = config.get("pcutoff")
        task = RecordingTask(
            name=name,
            tables={camera: str(path) for camera, path in places.items()},
            calibration=str(self.calibration),
            offsets=self._offsets(),
            pcutoff=float(_DEFAULT_PCUTOFF if pcutoff is None else pcutoff),
            skeleton=config.get("skeleton"),
            smooth=self.cameras.smooth,
            limbs=self.cameras.limbs,
            frames_per_second=median(rates) if rates else _DEFAULT_RATE,
            target=str(self.made),
            answer=str(self._answer),
            sizes={camera: done.frame_size for camera, done in views.items()},
            networks={camera: done.network for camera, done in views.items() if done.network},
        )
        answer = self._do(task.to_json())
        self.notes += answer.notes
        return answer.figures

    def _do(self, task: str) -> Answer:
        """Run a task.

        Raises:
            OSError: it could not be done.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        self._answer.unlink(missing_ok=True)
        if (why := self.run(task)) is not None:
            raise OSError(why)
        return Answer.read(self._answer)

    @property
    def _answer(self) -> Path:
        return self.work / "answer.json"

    def _offsets(self) -> Mapping[str, int] | str:
        offsets = self.cameras.offsets
        return offsets if isinstance(offsets, str) else dict(offsets)

    def _config(self) -> Mapping[str, Any]:
        return read_yaml_mapping(
            (self.project / CONFIG_FILE).read_text(encoding="utf-8"), CONFIG_FILE
        )


def _different_rates(views: Mapping[str, Analysed]) -> str | None:
    """Say so where frames of the same number are not of the same moment."""
    rates = {camera: done.frames_per_second for camera, done in views.items()}
    known = [rate for rate in rates.values() if rate > 0]
    if not known or max(known) <= _SAME_RATE * min(known):
        return None
    each = ", ".join(f"{camera} {rate:g}" for camera, rate in rates.items())
    return f"its videos have different numbers of frames a second ({each})."


def _median(figures: list[Mapping[str, float]], name: str) -> float | None:
    values = [each[name] for each in figures if name in each]
    return median(values) if values else None
