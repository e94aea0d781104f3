"""Where the network begins: from pretrained weights, or from random ones when asked for."""

from __future__ import annotations

import os
import pickle
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlc_batch_trainer.errors import InfrastructureError
from dlc_batch_trainer.missing_weights import missing_weights

_DEFAULT_HUB = "https://huggingface.co"
_CONNECT_SECONDS = 5.0


def prepare_hub() -> bool:
    """Look for the hub of pretrained weights, before DeepLabCut is imported.

    Without one, the hub's client is told so: then it finds what is baked into the image, and
    else fails at once, where it would retry for minutes. It reads the environment on import.

    Returns:
        whether the hub is within reach.
    """
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return False
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        return True  # the proxy knows; a direct connection says nothing
    hub = urlsplit(os.environ.get("HF_ENDPOINT") or _DEFAULT_HUB)
    port = hub.port or (80 if hub.scheme == "http" else 443)
    try:
        socket.create_connection((hub.hostname or "", port), _CONNECT_SECONDS).close()
    except OSError:
        os.environ["HF_HUB_OFFLINE"] = "1"
        return False
    return True


def weights_folder() -> Path:
    """Return where DeepLabCut's own backbones are kept; by default it writes into its package."""
    cache = os.environ.get("HF_HOME") or str(Path.home() / ".cache" / "huggingface")
    return Path(cache) / "deeplabcut-backbones"


def redirect_backbones(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with a writable place for its backbone's weights."""
    model = config["model"]
    backbone = model.get("backbone") or {}
    if backbone.get("type") != "CSPNeXt":  # the only one that DeepLabCut hosts itself
        return config
    folder = weights_folder()
    folder.mkdir(parents=True, exist_ok=True)
    placed = {**backbone, "backbone_weight_folder": str(folder)}
    return {**config, "model": {**model, "backbone": placed}}


def fetch_pretrained(config: dict[str, Any]) -> None:
    """Make sure that the pretrained weights are there, by building the network with them once.

    Raises:
        InfrastructureError: they can't be had.
    """
    import httpx2  # the hub's client's own; its time-outs are no OSError
    from deeplabcut.pose_estimation_pytorch.models import (  # type: ignore[import-untyped]
        DETECTORS,
        PoseModel,
    )
    from safetensors import SafetensorError

    broken = (RuntimeError, pickle.UnpicklingError, SafetensorError)  # a file, or its contents
    try:
        PoseModel.build(config["model"], pretrained_backbone=True)
        if config.get("detector"):
            DETECTORS.build(dict(config["detector"]["model"]), pretrained=True)
    except (OSError, httpx2.HTTPError, *broken) as error:  # of urllib, of the hub's client
        raise _not_to_be_had(config, error) from error
    except TypeError as error:  # DeepLabCut makes errors anew; the hub's need more than words
        if not isinstance(error.__context__, OSError | httpx2.HTTPError):
            raise
        raise _not_to_be_had(config, error.__context__) from error


def _not_to_be_had(config: dict[str, Any], error: Exception) -> InfrastructureError:
    hub = os.environ.get("HF_ENDPOINT") or _DEFAULT_HUB
    why = str(error) or type(error).__name__
    return missing_weights(config["net_type"], hub, why, "epochs")
