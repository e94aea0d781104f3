"""How an attempt of a job becomes a process: what stands for its container image."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dlc_batch.local.home import checkout
from dlc_batch.local.settings import TENSORFLOW_IMAGE, TRAINER_IMAGE

_ENGINES = ("podman", "docker")
_ENGINE_CHECK_S = 20
_TRAINER = ["-m", "dlc_batch_trainer"]
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
        """Killing the engine's client leaves its container running; this ends that too."""
        if self.container:
            engine, name = self.container
            subprocess.run(  # noqa: S603 - the engine found on PATH, a name that we made
                [engine, "kill", name], capture_output=True, check=False, timeout=_ENGINE_CHECK_S
            )


class Images:
    """Finds what to run for an image: a command of this computer, or a container engine."""

    def __init__(self, commands: Mapping[str, list[str]], base_environment: Mapping[str, str]):
        self._commands = {TRAINER_IMAGE: [sys.executable, *_TRAINER], **commands}
        self._base = {**base_environment, "PYTHONPATH": trainer_path(), "PYTHONUNBUFFERED": "1"}

    def launch(self, image: str, command: list[str], env: dict[str, str], name: str) -> Launch:
        """The process for `image`; raises ImageError when nothing here can run it."""
        if ours := self._command(image):
            return Launch([*ours, *command], {**self._base, **env})
        engine = _working_engine()
        if engine is None:
            raise ImageError(
                f"CannotPullContainerError: the local cloud knows no command for the image {image}"
                " and finds neither podman nor docker running"
            )
        passed = [part for variable in sorted(env) for part in ("-e", variable)]
        run = [engine, "run", "--rm", "--name", name, "--network", "host", *passed, image]
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


def _working_engine() -> str | None:
    for engine in filter(None, map(shutil.which, _ENGINES)):
        try:
            subprocess.run(  # noqa: S603 - the engine found on PATH
                [engine, "info"], capture_output=True, check=True, timeout=_ENGINE_CHECK_S
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return engine
    return None
