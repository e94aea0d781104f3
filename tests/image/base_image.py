"""The base of the trainer's image: Docker Hub's, or one of Debian's packages in its stead."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.image.engine import ROOT, Engine

STAND_IN = "localhost/dlc-batch-stand-in:bookworm"
#: Debian 12 has Python 3.11, as the base image has.
_SUITE, _MIRROR = "bookworm", "http://deb.debian.org/debian"
_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
#: What this computer trusts, and where it has its packages from.
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def base_image(engine: Engine) -> str:
    """Return the image to build on; skips where none can be had."""
    dockerfile = (ROOT / "trainer_image" / "Dockerfile").read_text()
    (base,) = re.findall(r"^ARG BASE=(\S+)", dockerfile, re.MULTILINE)
    if engine.has(base) or _pulled(engine, base):
        return str(base)
    if not engine.has(STAND_IN):
        print(f"{base} can't be had: {STAND_IN} is made of Debian's packages")
        _make_stand_in(engine)
    return STAND_IN


def _pulled(engine: Engine, base: str) -> bool:
    pull = subprocess.run([engine.path, "pull", base], capture_output=True, check=False)
    return pull.returncode == 0


def _make_stand_in(engine: Engine) -> None:
    debootstrap = shutil.which("debootstrap")
    if debootstrap is None:
        pytest.skip("no base image: no registry is in reach, and debootstrap is not installed")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "root")
        options = ("--variant=minbase", f"--include={_PACKAGES}")
        subprocess.run([debootstrap, *options, _SUITE, tree, _MIRROR], check=True)
        _settle(tree)
        engine.take(tree, STAND_IN)


def _settle(tree: Path) -> None:
    """Make of Debian's Python what the base image has: one that pip may install into."""
    for each in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(tree / each)
    (tree / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()
    (tree / "usr/bin/python").symlink_to("python3")
    if _CERTIFICATES.is_file():
        shutil.copy(_CERTIFICATES, tree / _CERTIFICATES.relative_to("/"))
    index = subprocess.run(
        ["pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if index.returncode == 0:
        (tree / "etc/pip.conf").write_text(f"[global]\nindex-url = {index.stdout}")
