"""What a lab says of its cameras: the section `cameras` of dlc-batch.yaml, read."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

CALIBRATION_IMAGES = "calibration_images"  # DeepLabCut's name for the folder
#: Calibrations made elsewhere, as text: our own, Anipose's and OpenCV's.
CALIBRATION_SUFFIXES = (".json", ".toml", ".yml", ".yaml", ".xml")
CHESSBOARD, CHARUCO = "chessboard", "charuco"


@dataclass(frozen=True)
class Board:
    """The calibration board."""

    columns: int  # of inner corners on a chessboard, of squares on a ChArUco board
    rows: int
    square_mm: float | None = None  # None: lengths come in squares
    kind: str = CHESSBOARD
    marker_mm: float | None = None  # of ChArUco
    dictionary: str | None = None  # of ChArUco: OpenCV's name

    def __str__(self) -> str:
        things = "squares (ChArUco)" if self.kind == CHARUCO else "inner corners"
        return f"{self.columns} x {self.rows} {things}"


#: What DeepLabCut's calibrate_cameras looks for where it is told nothing (cbrow=8, cbcol=6).
DEEPLABCUT_BOARD = Board(8, 6)


@dataclass(frozen=True)
class Cameras:
    """The cameras of a project. What is empty or None the project's 3D project tells."""

    names: tuple[str, ...] = ()
    #: In the project: a folder of images or videos, or a calibration's file.
    calibration: str | None = None
    board: Board | None = None
    #: Frames by which a camera's videos lag behind the first camera's, by its name.
    offsets: Mapping[str, int] | Literal["auto"] = field(default_factory=dict)
    require_calibration: bool = False
    smooth: bool = False
    limbs: tuple[tuple[str, str], ...] = ()  # pairs of body parts whose distance hardly changes
    #: Ids of earlier runs by camera's name, whose networks see its views; others' this run's does.
    networks: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str | None:
        """The folder of calibration images or videos; None: it was made elsewhere."""
        place = self.calibration or CALIBRATION_IMAGES
        return None if is_calibration_file(place) else place

    def to_dict(self) -> dict[str, object]:
        """Return the section as dlc-batch.yaml has it."""
        limbs = [list(pair) for pair in self.limbs]
        return {**asdict(self), "names": list(self.names), "limbs": limbs}

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Cameras:
        """Read the section as it was accepted; fields it does not know are ignored."""
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        if isinstance(names := known.get("names"), list | tuple):
            known["names"] = tuple(names)
        if isinstance(limbs := known.get("limbs"), list | tuple):
            known["limbs"] = tuple((str(one), str(other)) for one, other in limbs)
        if isinstance(calibration := known.get("calibration"), str):
            known["calibration"] = plain_path(calibration)
        if isinstance(board := known.get("board"), Mapping):
            fields = Board.__dataclass_fields__
            known["board"] = Board(**{name: board[name] for name in fields if name in board})
        return cls(**known)  # type: ignore[arg-type]  # accepted values, or our own file


def is_calibration_file(path: str) -> bool:
    """Whether a path is that of a calibration made elsewhere, by its suffix."""
    return path.lower().endswith(CALIBRATION_SUFFIXES)


def plain_path(path: str) -> str:
    """Return a path in the project as its members are named."""
    plain = unicodedata.normalize("NFC", path.replace("\\", "/"))
    return plain.removeprefix("./").rstrip("/")
