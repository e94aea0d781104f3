"""The container engine of this computer, and the images that are tried with it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.image.engine import Engine, engine_of_this_computer
from tests.image.trainer_image import add_probe, build

TINY = "localhost/dlc-batch-tiny:test"
_PROGRAMS = ("sh", "id", "cat", "grep", "touch", "stat", "env", "sleep")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with engine_of_this_computer() as found:
        yield found


@pytest.fixture(scope="session")
def trainer_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(engine, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def probed_image(
    engine: Engine, trainer_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The trainer's image, with a probe in it that tells what DeepLabCut's process sees."""
    probed = add_probe(engine, trainer_image, tmp_path_factory.mktemp("probe"))
    yield probed
    engine.run("rmi", probed)


@pytest.fixture(scope="session")
def tiny_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image of a shell and little more, taken from this computer."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in ("tmp", "proc", "sys", "dev", "etc", "var/tmp", "run"):
        (tree / folder).mkdir(parents=True)
    (tree / "tmp").chmod(0o1777)
    tree.chmod(0o777)  # so that only being read-only keeps others from writing
    for each in map(shutil.which, _PROGRAMS):
        assert each
        for path in (each, *_libraries(each)):
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    engine.take(tree, TINY)
    yield TINY
    engine.run("rmi", TINY)


def _libraries(program: str) -> list[str]:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    words = [word for word in said.split() if word.startswith("/")]
    return [word for word in words if Path(word).exists()]
