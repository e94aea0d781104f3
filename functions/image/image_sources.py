"""The sources of the trainer's image, which this function's layers carry."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

#: All that trainer_image/Dockerfile copies, and itself: its path in a checkout, and where it lies
#: under the folder into which Lambda unpacks the layers Core, TrainerSources and Requirements.
PLACES = {
    "core/dlc_batch_core": "python/dlc_batch_core",
    "requirements/trainer-pytorch.txt": "trainer-pytorch.txt",
    "requirements/trainer-tensorflow.txt": "trainer-tensorflow.txt",
    "trainer_image/Dockerfile": "Dockerfile",
    "trainer_image/dlc_batch_cameras": "dlc_batch_cameras",
    "trainer_image/dlc_batch_trainer": "dlc_batch_trainer",
    "trainer_image/requirements.txt": "requirements.txt",
}
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the oldest a zip can hold: equal sources, equal bytes
_TAG_DIGITS = 16

Files = Mapping[str, bytes]  # by their path in a checkout


def read_sources(layers: Path) -> Files:
    """Read the sources out of the folder that the layers are unpacked into."""
    found = {}
    for source, place in PLACES.items():
        for file in _files(layers / place):
            inner = file.relative_to(layers / place).parts
            found["/".join((source, *inner))] = file.read_bytes()
    return found


def _files(path: Path) -> list[Path]:
    """The file itself, or all in the folder. Raises FileNotFoundError where there is neither."""
    if not path.is_dir():
        return [path]
    files = (file for file in path.rglob("*") if file.is_file())
    return [file for file in files if "__pycache__" not in file.parts]


def image_tag(files: Files, engine: str, nets: str) -> str:
    """Name an image by all that goes into it: equal tags, equal images."""
    digest = hashlib.sha256(f"{engine}\0{nets}\n".encode())
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return f"{engine}-{digest.hexdigest()[:_TAG_DIGITS]}"


def zipped(files: Files) -> bytes:
    """Pack the sources as they lie in a checkout."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _ZIP_TIME)
            entry.external_attr = 0o644 << 16  # the trainer's user reads them
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
