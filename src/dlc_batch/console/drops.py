"""Zips that are dropped on the page: they come in pieces, into a folder that goes at the end.

A browser gives no path, only the bytes. Pieces keep each request small and let the page tell how
far it is.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from dlc_batch.console.errands import Errand
from dlc_batch_core.check import Check
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import UploadKey

#: Of a piece, at most; static/console.js sends such.
PIECE_BYTES = 8 << 20
_KEPT = 4  # zips; the oldest goes
_SPARE_BYTES = 200 << 20  # of the disk (our choice)
_COPY_BYTES = 1 << 20


class NoSuchDrop(LabError):
    """It was another console's, or is gone."""


@dataclass
class Drop:
    """One zip."""

    id: str
    file_name: str
    target: UploadKey
    size: int
    path: Path
    received: int = 0
    check: Errand | None = None  # its result is a Checked
    sending: Errand | None = None  # its result is a Submitted
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_whole(self) -> bool:
        return self.received == self.size

    def add(self, offset: int, piece: IO[bytes], length: int) -> None:
        """Take the next piece; one that came already is taken once.

        Raises:
            LabError: it is not the next one, or not whole.
        """
        with self.lock:
            if offset != self.received or offset + length > self.size or length > PIECE_BYTES:
                raise LabError("This piece of the zip is not the next one.", "Drop it again.")
            with self.path.open("r+b") as file:
                file.seek(offset)
                shutil.copyfileobj(piece, file, _COPY_BYTES)
                if file.tell() != offset + length:
                    raise LabError("This piece of the zip is not whole.", "Drop it again.")
            self.received += length


@dataclass(frozen=True)
class Checked:
    """What the check found in a drop, and what the cloud would say."""

    check: Check
    quote: str  # in words; or why there is none
    notes: tuple[str, ...] = ()  # what of it is taken over


class Drops:
    """The zips of this console."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(
            prefix="dlc-batch-console-", ignore_cleanup_errors=True
        )
        self._all: dict[str, Drop] = {}
        self._lock = threading.Lock()

    def begin(self, file_name: str, target: UploadKey, size: int) -> Drop:
        """Make room for a zip.

        Raises:
            LabError: it is empty, or larger than the disk has room.
        """
        if size < 1:
            raise LabError(f"{file_name} is empty.", "Zip the project's folder anew.")
        with self._lock:
            self._make_room()
            waiting = sum(each.size - each.received for each in self._all.values())
            free = shutil.disk_usage(self._folder.name).free - waiting - _SPARE_BYTES
            if size > free:
                raise LabError(
                    f"The disk has no room for {file_name}: {size / 1e6:,.0f} MB are to come, and"
                    f" {max(0, free) / 1e6:,.0f} MB are free in {tempfile.gettempdir()}.",
                    "Make room, or send it by `dlc-batch submit`, which needs none.",
                )
            name = secrets.token_hex(8)
            drop = Drop(name, file_name, target, size, Path(self._folder.name, f"{name}.zip"))
            drop.path.touch(0o600)
            self._all[name] = drop
            return drop

    def find(self, drop_id: str) -> Drop:
        """Return one of them.

        Raises:
            LabError: there is no such one.
        """
        found = self._all.get(drop_id)
        if found is None:
            raise NoSuchDrop("This console has no such zip any more.", "Drop it again.")
        return found

    def close(self) -> None:
        """Remove them all."""
        self._folder.cleanup()

    def _make_room(self) -> None:
        idle = [each for each in self._all.values() if _is_idle(each)]
        for old in idle[: max(0, len(self._all) - _KEPT + 1)]:
            old.path.unlink(missing_ok=True)
            del self._all[old.id]
        if len(self._all) >= _KEPT:
            raise LabError(f"{_KEPT} zips are being sent already.", "Wait for one of them to end.")


def _is_idle(drop: Drop) -> bool:
    return all(each is None or each.is_over for each in (drop.check, drop.sending))


def plain_name(file_name: str) -> str:
    """Return a file's own name of what a browser calls it.

    Raises:
        LabError: it is no zip's.
    """
    name = PurePosixPath(file_name.replace("\\", "/")).name
    if not name.lower().endswith(".zip") or not name[: -len(".zip")].strip():
        remedy = "Zip the project's folder, and drop the zip."
        raise LabError(f"{name or 'It'} is no zip.", remedy)
    return name
