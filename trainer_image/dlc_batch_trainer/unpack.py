"""Unpacks what training needs of an upload, and nothing that could be code.

Only text and images are taken, by their names: a .pickle, an .h5, a .mat or a .pt can run code
in whoever loads it, so none of them reaches the disk. Everything derived is made anew.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from dlc_batch_core.archive import Archive, Member, read_archive
from dlc_batch_trainer.errors import InfrastructureError, UserError

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
_CHUNK = 1 << 20
#: No label file, configuration or frame comes near these; a bomb does. Our choice.
MAX_MEMBER_BYTES = 512 * 1024**2
MAX_TOTAL_BYTES = 64 * 1024**3
_REMEDY = "Zip the project folder anew, with the file manager or `zip -r`, and upload it again."


def unpack(upload: Path, root: str, target: Path) -> tuple[str, ...]:
    """Unpack the project that lies under `root` ("" or "a/b/") in the zip.

    Returns:
        the paths of all files of the project, the ones left in the zip too, relative to it.

    Raises:
        ProjectError, UserError: the zip is broken, or holds what is not safe.
    """
    with upload.open("rb") as file:
        archive = read_archive(file, upload.name)
        members = archive.under(root)
        left = MAX_TOTAL_BYTES
        for member in members:
            path = PurePosixPath(member.path.removeprefix(root))
            if is_taken(path):
                left -= _inflate(archive, member, target / path, min(left, MAX_MEMBER_BYTES))
    return tuple(member.path.removeprefix(root) for member in members)


def is_taken(path: PurePosixPath) -> bool:
    """Whether a file of a project is unpacked: settings, label tables and labelled images."""
    if len(path.parts) == 1:
        return path.name == "config.yaml"
    match path.parts[0]:
        case "labeled-data":
            is_table = path.name.startswith("CollectedData") and path.suffix.lower() == ".csv"
            return is_table or path.suffix.lower() in IMAGES
        case "dlc-models-pytorch":
            return path.name == "pytorch_config.yaml"
        case "training-datasets":
            return path.name == "metadata.yaml"
    return False


def _inflate(archive: Archive, member: Member, path: Path, limit: int) -> int:
    """Inflate one member and return its bytes, counted as they come, not as the zip says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with archive.open(member) as source, path.open("xb") as target:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                _require_sane(member, size, limit, path)
                target.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(f"The zip's member {member.path} is damaged: {error}.", _REMEDY) from error
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise UserError(f"The zip's member {member.path} is there twice.", _REMEDY) from error
    return size


def _require_sane(member: Member, size: int, limit: int, path: Path) -> None:
    if size > limit:
        raise UserError(
            f"The zip's member {member.path} inflates to more than {limit // 1024**2} MiB.",
            _REMEDY,
        )
    if shutil.disk_usage(path.parent).free < _CHUNK:
        raise InfrastructureError(
            "The disk is full.", "Give the compute environment a larger disk."
        )
