"""Caches that an image has and a container may not write to: mirrored where it may.

The baked weights are found there as before, and others can be fetched beside them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

#: Variables that name a cache: of the hub and of torchvision, of TensorFlow's weights, and of
#: matplotlib, which makes its list of fonts anew where it can't write.
_CACHES = ("HF_HOME", "TORCH_HOME", "DLC_BATCH_TF_WEIGHTS", "MPLCONFIGDIR")
#: Copied, for they are written anew: the hub's client keeps in such files which commit is meant.
_SMALL_BYTES = 4096


def writable_caches(environment: Mapping[str, str], place: Path) -> dict[str, str]:
    """Return the variables to set so that every cache, and the home folder, can be written to.

    Args:
        environment: names the caches; one that it does not name is left to its library.
        place: a folder of ours, in which to mirror those that are locked.
    """
    named = {name: Path(environment[name]) for name in _CACHES if environment.get(name)}
    locked = {name: cache for name, cache in named.items() if not _is_writable(cache)}
    made = {name: _mirror(cache, place / name.lower()) for name, cache in locked.items()}
    if not _is_writable(Path.home()):  # compilers have caches there, as of PyTorch's GPU kernels
        made["HOME"] = place / "home"
        made["HOME"].mkdir(parents=True)
    return {name: str(folder) for name, folder in made.items()}


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _mirror(cache: Path, mirror: Path) -> Path:
    """Make the folders of a cache anew, with links to its files: they may be gigabytes."""
    mirror.mkdir(parents=True)  # not as shutil.copytree does, whose folders are locked as well
    for each in sorted(cache.rglob("*")):
        target = mirror / each.relative_to(cache)
        if each.is_symlink():
            target.symlink_to(each.readlink())
        elif each.is_dir():
            target.mkdir()
        elif each.stat().st_size <= _SMALL_BYTES:
            target.write_bytes(each.read_bytes())
        else:
            target.symlink_to(each)
    return mirror
