"""podman or docker of this computer, as the tests of the image use it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlc_batch.local.images import working_engine

ROOT = Path(__file__).resolve().parents[2]
_LACKING = (
    "neither podman nor docker runs here: no container is tried (on Debian:"
    " apt-get install podman runc catatonit debootstrap)"
)
#: podman asks for higher limits than a virtual machine or a container may grant, and crun refuses
#: hosts with both versions of cgroups, which runc takes.
_CONF = Path("/etc/containers/containers.conf")
_OWN_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=16384:16384"]
"""
_RUNC = """\
[engine]
runtime = "runc"
"""


@dataclass(frozen=True)
class Engine:
    """The engine's program."""

    path: str

    @property
    def is_podman(self) -> bool:
        return Path(self.path).name == "podman"

    def run(self, *arguments: str) -> str:
        """Run a command and return what it prints; one that fails fails the test."""
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def has(self, image: str) -> bool:
        known = [self.path, "image", "inspect", image]
        return subprocess.run(known, capture_output=True, check=False).returncode == 0

    def take(self, tree: Path, image: str) -> None:
        """Make an image of a folder."""
        command = ["tar", "-C", str(tree), "--numeric-owner", "-c", "."]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as packed:
            subprocess.run(
                [self.path, "import", "-", image],
                stdin=packed.stdout,
                capture_output=True,
                check=True,
            )


@contextmanager
def engine_of_this_computer() -> Iterator[Engine]:
    """The engine, with settings under which it can run a container here; skips without one."""
    with pytest.MonkeyPatch.context() as environment:
        if not _CONF.exists() and "CONTAINERS_CONF" not in os.environ:
            own = ROOT / "build" / "containers.conf"
            own.parent.mkdir(exist_ok=True)
            own.write_text(_OWN_CONF + (_RUNC if shutil.which("runc") else ""))
            environment.setenv("CONTAINERS_CONF", str(own))
        path = working_engine()
        if path is None:
            pytest.skip(_LACKING)
        yield Engine(path)
