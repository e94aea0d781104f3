"""The inputs of a campaign: each is made by its number alone, so that it can be made again."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
from collections.abc import Callable
from random import Random

from tests.corpus.drafts import png
from tests.fuzz.text_mutations import mutate_csv, mutate_image, mutate_yaml
from tests.fuzz.zip_mutations import mutate_zip

_TABLE = "labeled-data/one/CollectedData_ada.csv"
_HOME = "dlc-models-pytorch/iteration-0/reachNov1-trainset50shuffle1/train/pytorch_config.yaml"
#: Small ones, for the parser of YAML takes 25 microseconds a byte; with every section there is.
_CONFIG = """\
Task: reach
scorer: ada
date: Nov1
multianimalproject: false
engine: pytorch
video_sets:
  /v/one.mp4:
    crop: 0, 32, 0, 32
bodyparts: [snout, leftear, rightear]
skeleton: []
TrainingFraction:
- 0.5
iteration: 0
default_net_type: resnet_50
"""
_MULTI = """\
Task: reach
scorer: ada
date: Nov1
multianimalproject: true
individuals: [mouse1, mouse2]
multianimalbodyparts: [snout]
uniquebodyparts: []
identity: false
bodyparts: MULTI!
video_sets: {/v/one.mp4: {crop: '0, 32, 0, 32'}}
TrainingFraction: [0.5]
default_net_type: dlcrnet_ms5
"""
_THREE_D = "num_cameras: 2\ncamera_names: [a, b]\nTask: t\nscorer: ada\nskeleton: []\n"
_REQUEST = "epochs: 3\nshuffles: [1]\noverrides: {train_settings.batch_size: 4}\n"
_NET = "net_type: resnet_50\nmethod: bu\ntrain_settings:\n  epochs: 3\n  batch_size: 2\n"
_LABELS = """\
scorer,ada,ada,ada,ada,ada,ada
bodyparts,snout,snout,leftear,leftear,rightear,rightear
coords,x,y,x,y,x,y
labeled-data/one/img0.png,1.5,2.5,3.5,4.5,5.5,6.5
labeled-data/one/img1.jpg,,,13.5,4.5,15.5,6.5
labeled-data/one/img2.bmp,21.5,2.5,,,5.5,26.5
labeled-data/one/img3.tif,1.5,22.5,23.5,4.5,5.5,6.5
"""
_MULTI_LABELS = """\
scorer,ada,ada,ada,ada
individuals,mouse1,mouse1,mouse2,mouse2
bodyparts,snout,snout,snout,snout
coords,x,y,x,y
labeled-data/one/img0.png,1.5,2.5,3.5,4.5
labeled-data/one/img1.jpg,,,13.5,4.5
"""


def _jpeg() -> bytes:
    """The head of a JPEG: APP0, a comment, and the frame header with height and width."""
    frame = struct.pack(">BHHB", 8, 32, 32, 1) + b"\1\x11\0"
    segments = ((0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), (0xFE, b"drawn"), (0xC0, frame))
    body = b"".join(struct.pack(">BBH", 0xFF, m, len(b) + 2) + b for m, b in segments)
    return b"\xff\xd8" + body + b"\xff\xd9"


def _bitmap() -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, 32, 32, 1, 8, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024, 0, 0, 54) + head + bytes(1024)


def _tiff() -> bytes:
    entries = struct.pack("<HHIIHHII", 256, 4, 1, 32, 257, 3, 1, 32)
    return b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)


_IMAGES = {
    "labeled-data/one/img0.png": png(32, 32),
    "labeled-data/one/img1.jpg": _jpeg(),
    "labeled-data/one/img2.bmp": _bitmap(),
    "labeled-data/one/img3.tif": _tiff(),
}
_SINGLE_FILES = {
    "config.yaml": _CONFIG.encode(),
    "dlc-batch.yaml": _REQUEST.encode(),
    _HOME: _NET.encode(),
    _TABLE: _LABELS.encode(),
    **_IMAGES,
}
_MULTI_FILES = {"config.yaml": _MULTI.encode(), _TABLE: _MULTI_LABELS.encode(), **_IMAGES}
_THREE_D_FILES = {"config.yaml": _THREE_D.encode(), "calibration_images/a-01.jpg": _jpeg()}
_CAMERAS = """\
analyze_videos: true
cameras:
  names: [left, right]
  calibration: calib
  board: {columns: 9, rows: 6, square_mm: 25}
  offsets: {right: 2}
"""
_STEREO_FILES = {
    **_SINGLE_FILES,
    "dlc-batch.yaml": _CAMERAS.encode(),
    **{f"calib/{c}{n}.png": png(32, 32) for c in ("left", "right") for n in range(1, 4)},
    **{f"videos/a-{camera}.mp4": b"film" for camera in ("left", "right")},
}
_BESIDE = {"3d/" + path: data for path, data in _THREE_D_FILES.items()}
#: Most are of one animal; the rest are of two, or have cameras or a 3D project beside them.
BASES = (
    *[_SINGLE_FILES] * 6,
    *[_MULTI_FILES] * 2,
    {**_SINGLE_FILES, **_BESIDE},
    _STEREO_FILES,
)


def input_of(seed: int, number: int) -> bytes:
    """Make the upload of this number."""
    dice = Random(f"{seed}:{number}")
    files = dict(dice.choice(BASES))
    root = dice.choice(("", "reach/", "home/ada/reach/"))
    areas = dice.choices((_mutate_zip, _mutate_text, _mutate_images, _mutate_files), (8, 9, 2, 3))
    if dice.random() < 0.25:
        areas += dice.choices((_mutate_zip, _mutate_text, _mutate_files))
    for mutate in areas:
        if mutate is not _mutate_zip:
            mutate(files, dice)
    data = _zip(files, root, dice)
    if _mutate_zip in areas:
        for _ in range(dice.choice((1, 1, 2, 4))):
            data = mutate_zip(data, dice)
    return data


def _mutate_zip(files: dict[str, bytes], dice: Random) -> None:
    """The zip itself is changed, when it has been made of the files."""


def _mutate_text(files: dict[str, bytes], dice: Random) -> None:
    texts = (path for path in files if path.endswith((".yaml", ".csv")))
    path = dice.choice([path for path in texts if len(files[path]) < _BOMB_BYTES] or [""])
    mutate: Callable[[bytes, Random], bytes] = mutate_csv if ".csv" in path else mutate_yaml
    for _ in range(dice.choice((1, 1, 2, 4)) if path else 0):
        files[path] = mutate(files[path], dice)


def _mutate_images(files: dict[str, bytes], dice: Random) -> None:
    for path in [path for path in files if path in _IMAGES and dice.random() < 0.7]:
        files[path] = mutate_image(files[path], dice)


def _mutate_files(files: dict[str, bytes], dice: Random) -> None:
    """Lose, rename, copy or add files."""
    path = dice.choice(list(files))
    match dice.randrange(6):
        case 0:
            del files[path]
        case 1:
            files[path.swapcase()] = files.pop(path)
        case 2:
            files[path.upper()] = files[path]
        case 3:
            files["backup/" + path] = files[path]
        case 4:
            files[dice.choice((_TABLE, "labeled-data/one/img9.png"))] = _bomb(dice.choice((1, 8)))
        case _:
            files[path.replace("one", "two").replace("ada", "bob")] = files[path]


#: A text of this size is a bomb: not taken apart here, where memory is as short as in a check.
_BOMB_BYTES = 1 << 20


@functools.cache
def _bomb(megabytes: int) -> bytes:
    """Commas: nothing, once packed."""
    return b"," * (megabytes << 20)


def _zip(files: dict[str, bytes], root: str, dice: Random) -> bytes:
    target = io.BytesIO()
    stores = dice.random() < 0.5
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in files.items():
            packs = not stores or len(data) >= _BOMB_BYTES
            method = zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(root + path), data, method)
    return target.getvalue()
