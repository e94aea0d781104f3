"""Pretrained weights of the TensorFlow engine: found on the disk, else fetched by DeepLabCut."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deeplabcut.utils import auxfun_models  # type: ignore[import-untyped]  # has no types
from deeplabcut.utils.auxiliaryfunctions import get_deeplabcut_path  # type: ignore[import-untyped]

from dlc_batch_trainer.errors import InfrastructureError
from dlc_batch_trainer.missing_weights import missing_weights
from dlc_batch_trainer.tensorflow.schedule import is_efficientnet

_FOLDER_VARIABLE = "DLC_BATCH_TF_WEIGHTS"
_URLS = "pretrained_model_urls.yaml"  # DeepLabCut looks for it where it puts the weights
_SILENCE_SECONDS = 30.0  # of the host that has the weights; DeepLabCut would wait for ever


def weights_folder() -> Path:
    """Return where pretrained weights lie: DeepLabCut's own place, unless it is set."""
    place = os.environ.get(_FOLDER_VARIABLE)
    return Path(place) if place else _own_folder()


def _own_folder() -> Path:
    return Path(get_deeplabcut_path(), auxfun_models.MODEL_BASE_PATH)


def weights_path(net_type: str) -> Path:
    """Return the checkpoint of a network: a file, or the prefix of some."""
    place = Path(auxfun_models.MODELTYPE_FILEPATH_MAP[net_type])
    return weights_folder() / place.relative_to(auxfun_models.MODEL_BASE_PATH)


def fetch_pretrained(net_type: str) -> Path:
    """Make sure that the pretrained weights are there.

    Raises:
        InfrastructureError: they can't be had.
    """
    path = weights_path(net_type)
    if not any(path.parent.glob(f"{path.name}*")):
        _download(net_type, path)
    return path


def _download(net_type: str, path: Path) -> None:
    folder, before = weights_folder(), socket.getdefaulttimeout()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / _URLS).exists():
            shutil.copyfile(_own_folder() / _URLS, folder / _URLS)
        socket.setdefaulttimeout(_SILENCE_SECONDS)
        target = path.parent if is_efficientnet(net_type) else path
        auxfun_models.download_weights(net_type, target)
    except (OSError, EOFError, http.client.HTTPException, tarfile.TarError) as error:
        raise not_to_be_had(net_type, str(error)) from error
    finally:
        socket.setdefaulttimeout(before)


def not_to_be_had(net_type: str, why: str) -> InfrastructureError:
    """Return the error of weights that are missing or broken."""
    return missing_weights(net_type, "DeepLabCut's source", why, "iterations")


@contextmanager
def none_fetched() -> Iterator[None]:
    """Keep DeepLabCut from fetching weights while it makes a data set, which needs none."""
    original = auxfun_models.check_for_weights
    auxfun_models.check_for_weights = lambda net_type, _: (
        str(weights_path(net_type)) if net_type in auxfun_models.MODELTYPE_FILEPATH_MAP else ""
    )
    try:
        yield
    finally:
        auxfun_models.check_for_weights = original
