"""Builds the trainer's image from its Dockerfile, with weights made on the spot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.image import probe
from tests.image.base_image import base_image
from tests.image.engine import ROOT, Engine
from tests.trainer.weights_source import make_hub_files, serve

IMAGE = "localhost/dlc-batch-trainer:test"
PROBED = "localhost/dlc-batch-trainer:probed"
NET = "cspnext_s"
_HERE = ("--network", "host", "--tag", IMAGE, "--file", "trainer_image/Dockerfile", ".")


def build(engine: Engine, folder: Path) -> str:
    """Build the image, showing how it goes; returns its name.

    Args:
        folder: an empty one, for the weights.
    """
    make_hub_files(folder / "hub")
    with serve(folder / "hub") as hub:
        arguments = {"BASE": base_image(engine), "NETS": NET, "HF_ENDPOINT": hub}
        passed = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # podman's own format has no SHELL
        form = ["--format", "docker"] if engine.is_podman else []
        subprocess.run(
            [engine.path, "build", *form, *passed, *_HERE],
            cwd=ROOT,
            check=True,
        )
    return IMAGE


def add_probe(engine: Engine, image: str, folder: Path) -> str:
    """Put the probe into an image; returns the name of what comes of it.

    Args:
        folder: an empty one.
    """
    shutil.copy(probe.__file__, folder / "sitecustomize.py")
    (folder / "Dockerfile").write_text(f"FROM {image}\nCOPY sitecustomize.py /opt/dlc-batch/\n")
    engine.run("build", "--tag", PROBED, str(folder))
    return PROBED
