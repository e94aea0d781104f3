"""Saving the cloud's state while it runs.

MiniStack saves at its end only, and a computer that loses power has no end. And it saves service
by service: a crash in between leaves a stack without its table, or a queue without its stack.
"""

import threading
import time
from pathlib import Path

from ministack import app  # type: ignore[import-untyped]
from ministack.core import persistence  # type: ignore[import-untyped]

_SAVE_AFTER_S = 5.0


class Saver:
    """Saves the state into `directory` a few seconds after something was asked of the cloud."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._asked = threading.Event()
        self._saving = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="saver").start()

    def ask(self) -> None:
        self._asked.set()

    def close(self) -> None:
        """Returns when no save is under way, and none will be: MiniStack saves at its end."""
        self._saving.acquire()

    def give_up(self) -> None:
        """Save nothing more, at the end neither: the directory is gone and is to stay so."""
        app.PERSIST_STATE = persistence.PERSIST_STATE = False

    def _run(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            time.sleep(_SAVE_AFTER_S)
            with self._saving:
                self._save()

    def _save(self) -> None:
        """All files are written before the first is replaced."""
        if not self._directory.is_dir():
            return  # the home was deleted: saving would make it again
        aside = self._directory.with_name("services.new")
        persistence.STATE_DIR = str(aside)
        try:
            app.save_all(app._build_persistence_save_dict())
        finally:
            persistence.STATE_DIR = str(self._directory)
        for file in aside.glob("*.json"):
            file.replace(self._directory / file.name)
