"""Uploads checkpoints beside the training, the newest first; S3 may refuse for a while."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from dlc_batch_core.manifest import Manifest
from dlc_batch_trainer.checkpoint_store import CheckpointStore
from dlc_batch_trainer.patience import STORE_ERRORS

#: How long to wait after S3 refused, in seconds: longer each time, no longer than this.
_MOST_WAIT = 15.0


class CheckpointUploads:
    """Owns the folders of checkpoints from when they are whole."""

    def __init__(self, store: CheckpointStore, on_safe: Callable[[], None] = lambda: None) -> None:
        """Begin; `on_safe` is called after each upload, beside the training."""
        self._store, self._on_safe = store, on_safe
        self._due: Path | None = None
        self._busy = False
        self._change = threading.Condition()
        self._ended = False
        self.newest: Manifest | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, folder: Path) -> None:
        """Upload a checkpoint; one that still waits is passed over for it."""
        with self._change:
            passed_over, self._due = self._due, folder
            self._change.notify_all()
        if passed_over is not None:
            shutil.rmtree(passed_over, ignore_errors=True)

    def finish(self, seconds: float) -> bool:
        """Wait until all is safe; returns whether it is, after so many seconds at most."""
        with self._change:
            is_safe = self._change.wait_for(lambda: self._due is None and not self._busy, seconds)
            self._ended = True
            self._change.notify_all()
            return is_safe

    def _work(self) -> None:
        while (folder := self._take()) is not None:
            self._upload(folder)
            shutil.rmtree(folder, ignore_errors=True)
            with self._change:
                self._busy = False
                self._change.notify_all()

    def _take(self) -> Path | None:
        with self._change:
            self._change.wait_for(lambda: self._due is not None or self._ended)
            if self._due is None:
                return None
            folder, self._due, self._busy = self._due, None, True
            return folder

    def _upload(self, folder: Path) -> None:
        wait = 1.0
        while True:
            try:
                self.newest = self._store.save(folder)
            except (*STORE_ERRORS, OSError) as error:
                print(f"checkpoint not uploaded, trying again: {error}", flush=True)
            else:
                where = self.newest.position["position"]
                print(f"checkpoint {self.newest.number} is safe: {where}", flush=True)
                self._on_safe()
                return
            with self._change:
                if self._change.wait_for(lambda: self._due is not None or self._ended, wait):
                    return  # a newer one waits, or nobody does
            wait = min(2 * wait, _MOST_WAIT)
