"""What this computer keeps of a project that is being sent, so that sending can go on.

    <cache>/outbox/<place>/upload.json    the upload that is not finished
    <cache>/outbox/<place>/project.zip    while it is at work
    <cache>/outbox/<place>.lock           held while it is at work

A place is that of one key in one bucket.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from dlc_batch.locks import HeldError, locked
from dlc_batch.packing import PackedFile, pack
from dlc_batch_core.errors import LabError

CACHE_VARIABLE = "DLC_BATCH_CACHE"
#: After so many days the bucket forgets an unfinished upload: template.yaml's rule
#: AbortIncompleteMultipartUpload, which a test holds this and the documentation to.
DAYS_UNFINISHED = 7
#: Of the disk, beside what a zip takes (our choice).
_SPARE_BYTES = 50 << 20
_PATIENCE = 5.0  # seconds, for a process that only looks whether the place is to be cleared


@dataclass(frozen=True)
class Unfinished:
    """An upload in parts that was begun."""

    upload_id: str
    sha256: str  # of what is sent
    part_bytes: int
    mark: str  # in the object's metadata: by it, we know our own


@dataclass(frozen=True)
class Outbox:
    """The place of one project."""

    folder: Path

    @property
    def zip(self) -> Path:
        return self.folder / "project.zip"

    @property
    def _state(self) -> Path:
        return self.folder / "upload.json"

    def unfinished(self) -> Unfinished | None:
        """Return the upload that was begun, if it can be read."""
        try:
            value = json.loads(self._state.read_text("utf-8"))
            return Unfinished(**{name: value[name] for name in Unfinished.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, upload: Unfinished) -> None:
        """Remember an upload that was begun."""
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(asdict(upload)), "utf-8")
        new.replace(self._state)

    def forget(self) -> None:
        """Forget the upload: it is finished, or to be begun anew."""
        self._state.unlink(missing_ok=True)

    def pack(
        self, files: tuple[PackedFile, ...], packed: Callable[[int], object] = lambda _: None
    ) -> Path:
        """Write the zip of a project, as `packing.pack` does, and return it.

        Raises:
            LabError: it has no room on the disk, or a file can't be read.
        """
        size = sum(file.size for file in files)
        if shutil.disk_usage(self.folder).free < size + _SPARE_BYTES:
            raise self._disk_full(size)
        try:
            pack(files, self.zip, packed)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise self._disk_full(size) from error
            what = f"{error.filename or self.zip} can't be read or written: {error.strerror}."
            raise LabError(what, "Mend that, and say it again.") from error
        return self.zip

    def _disk_full(self, size: int) -> LabError:
        return LabError(
            f"The disk is full: packing takes up to {size / 1e6:,.0f} MB in {self.folder}.",
            f"Make room there, or name a folder on another disk by {CACHE_VARIABLE}.",
        )


@contextlib.contextmanager
def open_outbox(bucket: str, key: str) -> Iterator[Outbox]:
    """Hold the place of a key while it is sent; what other processes left is cleared.

    Raises:
        LabError: another process is sending there, or the place can't be written.
    """
    root = _root()
    place = hashlib.sha256(f"{bucket}\0{key}".encode()).hexdigest()[:32]
    outbox = Outbox(root / place)
    with contextlib.ExitStack() as held:
        try:
            root.mkdir(parents=True, exist_ok=True)
            held.enter_context(_lock(outbox.folder, _PATIENCE))
            outbox.folder.mkdir(exist_ok=True)  # now no other process clears it
        except HeldError as error:
            what = f"Another process on this computer is sending {key} now."
            raise LabError(what, "Wait for it, or give another name by --name.") from error
        except OSError as error:
            what = f"{outbox.folder} can't be written: {error.strerror}."
            raise LabError(what, f"Name another folder by {CACHE_VARIABLE}.") from error
        held.callback(_clear, outbox)
        _sweep(outbox)
        yield outbox


def _root() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    cache = Path(named) if named else platformdirs.user_cache_path("dlc-batch", appauthor=False)
    return cache.absolute() / "outbox"


def _lock(folder: Path, seconds: float = 0.0) -> AbstractContextManager[None]:
    return locked(folder.with_suffix(".lock"), seconds)  # beside the folder, which may go


def _sweep(own: Outbox) -> None:
    """Clear what killed processes left in other places."""
    for folder in own.folder.parent.iterdir():
        if folder != own.folder and folder.is_dir():
            with contextlib.suppress(HeldError, OSError), _lock(folder):
                _clear(Outbox(folder))


def _clear(outbox: Outbox) -> None:
    """Remove the zip, and all where no upload is left that could go on."""
    with contextlib.suppress(OSError):
        outbox.zip.unlink(missing_ok=True)
    state = outbox.folder / "upload.json"
    try:
        is_fresh = time.time() - state.stat().st_mtime < DAYS_UNFINISHED * 24 * 3600
    except OSError:
        is_fresh = False
    if not is_fresh:
        shutil.rmtree(outbox.folder, ignore_errors=True)
