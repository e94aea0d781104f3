"""What the process for poses in space is to do, as whoever starts it says it; nothing large is
imported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: What is known of the cameras; beside it lies the calibration itself.
CAMERAS_FILE = "cameras.json"
METHODS_FILE = "methods.txt"


@dataclass(frozen=True)
class CalibrationTask:
    """Calibrate the cameras, or read a calibration that was made elsewhere."""

    cameras: Mapping[str, Any]  # the section `cameras` of the request
    project: str  # folder: our copy, with the images or videos
    target: str  # folder for cameras.json and the calibration
    answer: str  # file for the Answer

    def to_json(self) -> str:
        return json.dumps({"calibrate": asdict(self)})


@dataclass(frozen=True)
class RecordingTask:
    """Put the views of one recording together."""

    name: str  # of the recording
    tables: Mapping[str, str]  # DeepLabCut's .csv by the camera's name
    calibration: str  # the path of cameras.json
    offsets: Mapping[str, int] | str  # frames by camera, or auto
    pcutoff: float
    skeleton: Any  # config.yaml's
    smooth: bool
    limbs: Sequence[Sequence[str]]  # pairs of body parts
    frames_per_second: float
    target: str  # folder for what is made
    answer: str  # file for the Answer
    networks: Mapping[str, str] = field(default_factory=dict)  # earlier runs' ids, by camera
    #: Width and height of the videos by camera, pixels; zeros, or none: not known.
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps({"recording": asdict(self)})


@dataclass(frozen=True)
class Answer:
    """What came of a task."""

    notes: tuple[str, ...] = ()  # sentences for the lab
    problems: tuple[Mapping[str, Any], ...] = ()  # why the cameras can't be calibrated
    figures: Mapping[str, float] | None = None  # for follow_up: calibration_px and so on

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Answer:
        value = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(value["notes"]), tuple(value["problems"]), value["figures"])


def read_task(path: Path) -> CalibrationTask | RecordingTask:
    """Read what `to_json` gave."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if "calibrate" in value:
        return CalibrationTask(**value["calibrate"])
    return RecordingTask(**value["recording"])
