"""Caches that an image has and a container may not write to: mirrored where it may.

The baked weights are found there as before, and others can be fetched beside them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

#: Variables that name a cache: of the hub and of torchvision, of TensorFlow's weights, and of
#: matplotlib, which makes its list of fonts anew where it can't write.
_CACHES = ("HF_HOME", "TORCH_HOME", "DLC_BATCH_TF_WEIGHTS", "MPLCONFIGDIR")
#: Copied, for they are written anew: the hub's client keeps in such files which commit is meant.
_SMALL_BYTES = 4096


def writable_caches(environment: Mapping[str, str], place: Path) -> dict[str, str]:
    """Return the variables to set so that every cache can be written to.

    Args:
        environment: names the caches; one that it does not name is left to its library.
        place: a folder of ours, in which to mirror those that are locked.
    """
    named = {name: Path(environment[name]) for name in _CACHES if environment.get(name)}
    locked = {name: cache for name, cache in named.items() if not _is_writable(cache)}
    return {name: str(_mirror(cache, place / name.lower())) for name, cache in locked.items()}


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _mirror(cache: Path, mirror: Path) -> Path:
    """Make the folders of a cache anew, with links to its files: they may be gigabytes."""
    mirror.mkdir(parents=True)
    if cache.is_dir():
        shutil.copytree(cache, mirror, symlinks=True, copy_function=_link, dirs_exist_ok=True)
    return mirror


def _link(source: str, target: str) -> None:
    if Path(source).stat().st_size <= _SMALL_BYTES:
        shutil.copyfile(source, target)
    else:
        Path(target).symlink_to(source)
