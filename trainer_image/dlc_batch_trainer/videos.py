"""Brings the videos that are to be analysed to the disk, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Event

from dlc_batch_core.limits import Limits
from dlc_batch_core.run_request import RunRequest
from dlc_batch_core.videos import Video
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.ingest import Ingest, require_room
from dlc_batch_trainer.store import RunStore, StoredUpload
from dlc_batch_trainer.transfer import RangeStream


@dataclass
class Videos:
    """The videos that a run asks for: those of its upload, and those that lie in the bucket."""

    run: RunRequest
    store: RunStore
    limits: Limits
    is_unwanted: Callable[[], bool]  # nobody waits for a video any more

    def listed(self) -> tuple[Video, ...]:
        """Return them, in the order in which they are asked for.

        Raises:
            DlcBatchError: the upload can't be read.
        """
        asked = self.run.request
        return asked.videos(self._ingest.files if asked.analyze_videos is True else ())

    @contextlib.contextmanager
    def fetched(self, video: Video, folder: Path) -> Iterator[Path]:
        """Bring a video into a folder, and remove it at the end of the block.

        Raises:
            DlcBatchError: it is not there, not the lab's, damaged, or larger than the disk.
            Stopped: it is unwanted.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / video.place.rpartition("/")[2]
        try:
            if video.is_key:
                self._download(video, path)
            else:
                self._unpack(video, path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    @cached_property
    def _ingest(self) -> Ingest:
        """The upload's directory; read again, for the training needed another part of it."""
        return Ingest.begin(self.store.find_upload(self.run), self.run.intake, self.limits)

    def _unpack(self, video: Video, path: Path) -> None:
        if video.path not in self._ingest.files:
            raise UserError("it is not in the zip")
        self._ingest.write_one(video.path, path, self._pause)

    def _download(self, video: Video, path: Path) -> None:
        if not video.belongs_to(self.run.bucket, self.run.lab):
            raise UserError("it is not in your lab's folder of the bucket")
        source = self._find(video)
        require_room(path.parent, source.size)
        stream = RangeStream(source, 0, source.size, self._pause)
        try:
            with path.open("wb") as file:
                for piece in stream.chunks(source.size):
                    file.write(piece)
        finally:
            stream.close()

    def _find(self, video: Video) -> StoredUpload:
        place = replace(self.run, key=video.path, version_id=None)
        try:
            found = self.store.find_upload(place)
        except UserError as error:
            raise UserError(f"{video.path} is not in the bucket") from error
        if not found.size:
            raise UserError("the file is empty")
        return found

    def _pause(self, seconds: float) -> bool:
        return self.is_unwanted() or Event().wait(seconds)
