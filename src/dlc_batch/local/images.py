"""How an attempt of a job becomes a process: what stands for its container image."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlc_batch.local.containers import ENGINE_ANSWERS_S, kill_container, run_arguments
from dlc_batch.local.home import checkout
from dlc_batch.local.settings import TENSORFLOW_IMAGE, TRAINER_IMAGE

_ENGINES = ("podman", "docker")
_TRAINER = ["-m", "dlc_batch_trainer"]
_NO_METADATA = "AWS_EC2_METADATA_DISABLED"
# Names the Python that has DeepLabCut with TensorFlow, where it is not the checkout's.
TENSORFLOW_PYTHON_VARIABLE = "DLC_BATCH_TF_PYTHON"
# docker run and podman run exit with it when the engine failed, not the container's program.
ENGINE_FAILED = 125


class ImageError(Exception):
    """The image cannot be run here; the text is the reason Batch would give."""


@dataclass(frozen=True)
class Launch:
    """A process to start. `container` is its engine and name when it runs in a container."""

    argv: list[str]
    environment: dict[str, str]
    container: tuple[str, str] | None = None

    def kill_container(self) -> None:
        if self.container:
            kill_container(*self.container)


class Images:
    """Finds what to run for an image: a command of this computer, or a container engine."""

    def __init__(self, commands: Mapping[str, list[str]], base_environment: Mapping[str, str]):
        self._commands = {TRAINER_IMAGE: [sys.executable, *_TRAINER], **commands}
        self._base = {**base_environment, "PYTHONPATH": trainer_path(), "PYTHONUNBUFFERED": "1"}

    def launch(
        self, container: Mapping[str, Any], command: list[str], env: dict[str, str], name: str
    ) -> Launch:
        """The process for a job's `container`, which names its image and what it may do; raises
        ImageError when nothing here can run the image."""
        image: str = container["image"]
        if ours := self._command(image):
            return Launch([*ours, *command], {**self._base, **env})
        engine = working_engine()
        if engine is None:
            raise ImageError(
                f"CannotPullContainerError: the local cloud knows no command for the image {image}"
                " and finds neither podman nor docker running"
            )
        # no more of this computer's environment than that there is no metadata of an instance
        passed = [part for each in sorted([*env, _NO_METADATA]) for part in ("--env", each)]
        run = [engine, "run", "--rm", "--name", name, *run_arguments(container), *passed, image]
        return Launch([*run, *command], {**self._base, **env}, (engine, name))

    def _command(self, image: str) -> list[str] | None:
        if image == TENSORFLOW_IMAGE and image not in self._commands:
            return [tensorflow_python(self._base), *_TRAINER]
        return self._commands.get(image)


def tensorflow_python(environment: Mapping[str, str]) -> str:
    """The Python that has DeepLabCut with TensorFlow; raises ImageError where there is none."""
    root = checkout()
    own = str(root / ".venv-tf" / "bin" / "python") if root else ""
    python = environment.get(TENSORFLOW_PYTHON_VARIABLE) or own
    if not python or shutil.which(python) is None:
        raise ImageError(
            "CannotPullContainerError: this computer has no environment for DeepLabCut's"
            f" TensorFlow engine: there is no Python at {python or '.venv-tf/bin/python'}. Make"
            " one from requirements/tensorflow.txt and upload again; where it lies elsewhere,"
            f" name its Python in {TENSORFLOW_PYTHON_VARIABLE} before `dlc-batch local up`"
        )
    return python


def trainer_path() -> str:
    """PYTHONPATH for the trainer: this checkout's folders, or nothing when installed."""
    root = checkout()
    folders = [root / name for name in ("trainer_image", "core", "src")] if root else []
    return ":".join(str(folder) for folder in folders if Path(folder).is_dir())


def working_engine() -> str | None:
    """The path of podman or docker, whichever runs here."""
    for engine in filter(None, map(shutil.which, _ENGINES)):
        try:
            subprocess.run(  # noqa: S603 - the engine found on PATH
                [engine, "info"], capture_output=True, check=True, timeout=ENGINE_ANSWERS_S
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return engine
    return None
