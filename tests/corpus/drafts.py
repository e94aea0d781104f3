"""Good projects in memory, and how a case changes one: its settings, tables and files."""

from __future__ import annotations

import csv
import functools
import io
import math
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = "home/ada/reach/"  # where the project lies in its zip: labs zip from above
SCORER = "ada"
VIDEOS = ("left-cam", "right-cam")
FRAMES = 30  # labelled a video: enough that no good project is told of few
WIDTH, HEIGHT = 160, 128
BODY_PARTS = ("snout", "leftear", "rightear", "tailbase")
ANIMALS = ("mouse1", "mouse2")
_OFFSETS = {"snout": (14, 0), "leftear": (8, -6), "rightear": (8, 6), "tailbase": (-14, 0)}


@dataclass
class Draft:
    """A project's files by their path in it, to be changed by one case."""

    files: dict[str, bytes]

    def settings(self, path: str = "config.yaml") -> dict[str, object]:
        value: dict[str, object] = YAML(typ="safe", pure=True).load(self.files[path].decode())
        return value

    def set(self, **values: object) -> None:
        """Set keys of config.yaml."""
        self._write_settings({**self.settings(), **values})

    def drop(self, key: str) -> None:
        """Remove a key that config.yaml has."""
        settings = self.settings()
        del settings[key]
        self._write_settings(settings)

    def replace(self, path: str, old: str, new: str, count: int = -1) -> None:
        """Replace text that a file has."""
        text = self.files[path].decode()
        assert old in text, f"{path} has no {old}"
        self.files[path] = text.replace(old, new, count).encode()

    def rows(self, video: str = VIDEOS[0]) -> list[list[str]]:
        """The cells of a video's label table, headers first."""
        return list(csv.reader(io.StringIO(self.files[table_of(video)].decode())))

    def write_rows(self, rows: list[list[str]], video: str = VIDEOS[0]) -> None:
        self.files[table_of(video)] = to_csv(rows)

    def change_cells(
        self, change: Callable[[int, int, str], str], video: str = VIDEOS[0], headers: int = 3
    ) -> None:
        """Change the coordinates of a table by row (from 0), column (from 0) and old text."""
        rows = self.rows(video)
        for number, row in enumerate(rows[headers:]):
            row[1:] = [change(number, column, cell) for column, cell in enumerate(row[1:])]
        self.write_rows(rows, video)

    def write_to(self, folder: Path) -> None:
        """Write the project as its lab has it."""
        for path, data in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def _write_settings(self, settings: Mapping[str, object]) -> None:
        self.files["config.yaml"] = to_yaml(settings)


def table_of(video: str) -> str:
    return f"labeled-data/{video}/CollectedData_{SCORER}.csv"


def image_of(number: int, video: str = VIDEOS[0]) -> str:
    return f"labeled-data/{video}/img{number:03d}.png"


def to_yaml(settings: Mapping[str, object]) -> bytes:
    target = io.StringIO()
    YAML(typ="safe", pure=True).dump(dict(settings), target)
    return target.getvalue().encode()


def to_csv(rows: list[list[str]], line_end: str = "\n", comma: str = ",") -> bytes:
    target = io.StringIO()
    csv.writer(target, lineterminator=line_end, delimiter=comma).writerows(rows)
    return target.getvalue().encode()


@functools.cache
def png(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> bytes:
    """A grey image: a slope with a bright square somewhere."""
    dice = random.Random(seed)
    left, top = dice.randrange(width - 8), dice.randrange(height - 8)
    slope = bytes(x * 120 // width for x in range(width))
    bright = slope[:left] + b"\xf0" * 8 + slope[left + 8 :]
    rows = (b"\0" + (bright if top <= y < top + 8 else slope) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    name, data = named
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def single() -> Draft:
    """A project of one animal in two videos."""
    files = {"config.yaml": to_yaml(_settings())}
    for view, video in enumerate(VIDEOS):
        head = [[SCORER] * 8, [part for part in BODY_PARTS for _ in "xy"], ["x", "y"] * 4]
        names = ("scorer", "bodyparts", "coords")
        rows = [[name, *cells] for name, cells in zip(names, head, strict=True)]
        rows += [[image_of(n, video), *_pose(n, view)] for n in range(FRAMES)]
        files |= {image_of(n, video): png(seed=100 * view + n) for n in range(FRAMES)}
        files[table_of(video)] = to_csv(rows)
    return Draft(files)


def multi() -> Draft:
    """A project of two animals in two videos."""
    draft = single()
    more = {"bodyparts": "MULTI!", "multianimalproject": True, "individuals": list(ANIMALS)}
    parts = {"multianimalbodyparts": list(BODY_PARTS), "uniquebodyparts": [], "identity": False}
    draft.set(**more, **parts)
    for view, video in enumerate(VIDEOS):
        scorers, body_parts, coords = (row[1:] for row in draft.rows(video)[:3])
        animals = [animal for animal in ANIMALS for _ in scorers]
        rows = [["scorer", *scorers * 2], ["individuals", *animals]]
        rows += [["bodyparts", *body_parts * 2], ["coords", *coords * 2]]
        for n in range(FRAMES):
            rows.append([image_of(n, video), *_pose(n, view), *_pose(n + 17, view)])
        draft.write_rows(rows, video)
    return draft


def tensorflow() -> Draft:
    """The project of one animal, made for DeepLabCut's older engine."""
    draft = single()
    draft.set(engine="tensorflow")
    return draft


def three_d() -> Draft:
    """A 3D project: settings of cameras and their calibration images, no labels."""
    settings = {
        "Task": "reach3d", "scorer": SCORER, "date": "Nov1", "num_cameras": 2,
        "camera_names": ["camera-1", "camera-2"], "skeleton": [], "alphaValue": 0.8,
        "config_file_camera-1": "/home/ada/reach/config.yaml",
        "config_file_camera-2": "/home/ada/reach/config.yaml",
    }  # fmt: skip
    files = {f"calibration_images/camera-{c}-{n:02d}.png": png() for c in (1, 2) for n in (1, 2)}
    return Draft({"config.yaml": to_yaml(settings), **files})


def stereo() -> Draft:
    """The project of one animal, seen by two cameras that were calibrated with a chessboard."""
    draft = single()
    board = {"columns": 9, "rows": 6, "square_mm": 25}
    cameras = {"names": ["left-cam", "right-cam"], "board": board}
    request = {"analyze_videos": True, "cameras": cameras}
    draft.files["dlc-batch.yaml"] = to_yaml(request)
    for camera in ("left-cam", "right-cam"):
        draft.files[f"videos/walk_{camera}.mp4"] = b"film"
        for n in range(1, 11):
            draft.files[f"calibration_images/{camera}-{n:02d}.png"] = png(seed=n)
    return draft


def _settings() -> dict[str, object]:
    crop = {"crop": f"0, {WIDTH}, 0, {HEIGHT}"}
    return {
        "Task": "reach", "scorer": SCORER, "date": "Nov1", "multianimalproject": False,
        "identity": False, "engine": "pytorch", "project_path": "/home/ada/reach",
        "video_sets": {f"/home/ada/reach/videos/{video}.mp4": crop for video in VIDEOS},
        "bodyparts": list(BODY_PARTS), "start": 0, "stop": 1, "numframes2pick": FRAMES,
        "skeleton": [["snout", "tailbase"]], "pcutoff": 0.6, "dotsize": 8,
        "TrainingFraction": [0.8], "iteration": 0, "default_net_type": "resnet_50",
        "default_augmenter": "default", "snapshotindex": -1, "batch_size": 8,
    }  # fmt: skip


def _pose(number: int, view: int) -> list[str]:
    """x, y of each body part of a mouse that runs a curve: no two frames alike."""
    along = 0.21 * number + view
    turn = along * 1.7
    middle = (80 + 50 * math.sin(along), 64 + 38 * math.cos(1.3 * along))
    cells = []
    for part in BODY_PARTS:
        ahead, aside = _OFFSETS[part]
        x = middle[0] + ahead * math.cos(turn) - aside * math.sin(turn)
        y = middle[1] + ahead * math.sin(turn) + aside * math.cos(turn)
        cells += [f"{x:.4f}", f"{y:.4f}"]
    return cells
