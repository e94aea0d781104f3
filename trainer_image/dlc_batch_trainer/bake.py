"""`python -m dlc_batch_trainer.bake [--engine E] [--record FILE] [NET ...]`: for the image.

Fetches the pretrained weights of networks by DeepLabCut's own code, so that a training finds them
offline: in HF_HOME and TORCH_HOME, with TensorFlow in DLC_BATCH_TF_WEIGHTS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dlc_batch_core.networks import (
    PYTORCH,
    TENSORFLOW,
    is_conditional,
    is_for_several_animals,
)
from dlc_batch_trainer.errors import InfrastructureError
from dlc_batch_trainer.weights import (
    fetch_pretrained,
    prepare_hub,
    redirect_backbones,
    weights_folder,
)

#: What is baked where none is named: every weights file that a network on offer begins from.
#: PyTorch's other networks combine what these bring; TensorFlow's for several animals begin from a
#: resnet's.
DEFAULT_NETS = {
    "pytorch": (
        *("resnet_50", "resnet_101", "hrnet_w18", "hrnet_w32", "hrnet_w48"),
        *("cspnext_s", "cspnext_m", "cspnext_x", "dlcrnet_stride16_ms5"),
        *("top_down_resnet_50", "rtmpose_s", "rtmpose_m", "rtmpose_x", "animaltokenpose_base"),
    ),
    "tensorflow": tuple(sorted(net for net in TENSORFLOW if not is_for_several_animals(net))),
}
_TOP_DOWN_PREFIX = "top_down_"
_OF_OLD = "dlcrnet_ms5"  # an older name, which DeepLabCut turns into another
#: A project as small as DeepLabCut takes it: the weights do not depend on it.
_PROJECT: Mapping[str, Any] = {
    "Task": "bake",
    "scorer": "bake",
    "date": "Jan1",
    "iteration": 0,
    "TrainingFraction": [0.95],
    "project_path": "/",
    "video_sets": {"video.mp4": {"crop": "0, 1, 0, 1"}},
    "engine": "pytorch",
    "default_net_type": "resnet_50",
    "multianimalproject": True,
    "identity": False,
    "individuals": ["one", "two"],
    "uniquebodyparts": [],
    "bodyparts": "MULTI!",
    "multianimalbodyparts": ["one", "two"],
    "skeleton": [],
}
_SSDLITE = "ssdlite320_mobilenet_v3_large"  # torchvision's name of DeepLabCut's default detector

Files = Mapping[str, Path]  # by the name under which they are published


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, record, and return the exit code: 2 for wrong use, 1 where weights can't be had."""
    asked = _parse(arguments)
    os.environ.setdefault("DLClight", "True")  # DeepLabCut without its GUI
    nets = asked.nets or DEFAULT_NETS[asked.engine]
    if unknown := [net for net in nets if not _has_weights(net, asked.engine)]:
        print(f"The {asked.engine} engine has no weights for {unknown[0]}.", file=sys.stderr)
        return 2
    try:
        found = {net: _hashed(_FETCHERS[asked.engine](net)) for net in nets}
    except InfrastructureError as error:
        print(f"{error.message} {_REMEDY}", file=sys.stderr)
        return 1
    record = {"schema_version": 1, "engine": asked.engine, "nets": found}
    asked.record.write_text(json.dumps(record, indent=1) + "\n")
    return 0


_REMEDY = "Build the image where the internet can be reached, or leave the network out of NETS."


def _has_weights(net: str, engine: str) -> bool:
    if engine == "tensorflow":
        return net in DEFAULT_NETS[engine]
    return net in PYTORCH and not is_conditional(net) and net != _OF_OLD


def needed(net: str) -> frozenset[str]:
    """Name what a PyTorch network begins from, without fetching it: files, or hub repositories."""
    names: set[str] = set()
    for config in _configs(net):
        names.add(_backbone_source(config["model"]["backbone"]))
        if config.get("detector"):
            names.add(_detector_source(config["detector"]["model"]))
    return frozenset(names)


def _fetch_pytorch(net: str) -> Files:
    configs = _configs(net)
    files: dict[str, Path] = {}
    for config in configs:
        fetch_pretrained(config)
        files |= _backbone_files(config["model"]["backbone"])
        if config.get("detector"):
            files |= _detector_files(config["detector"]["model"])
    return files


def _configs(net: str) -> list[dict[str, Any]]:
    """Return pytorch_config.yaml of a network: of a top-down one, with each detector there is."""
    from deeplabcut.pose_estimation_pytorch.config import (  # type: ignore[import-untyped]
        PoseConfig,
    )
    from deeplabcut.pose_estimation_pytorch.config.enums import (  # type: ignore[import-untyped]
        DetectorType,
    )

    plain = net.removeprefix(_TOP_DOWN_PREFIX)

    def config(detector: object) -> dict[str, Any]:
        built = PoseConfig.build(
            dict(_PROJECT),
            "pytorch_config.yaml",
            net_type=plain,
            top_down=net != plain,
            detector_type=detector,
        )
        return redirect_backbones({**built.to_dict(), "net_type": net})

    first = config(None)
    return [config(each) for each in DetectorType] if first.get("detector") else [first]


def _backbone_source(backbone: Mapping[str, Any]) -> str:
    """Name a backbone's weights: a file of DeepLabCut's own, or timm's repository on the hub."""
    name: str = backbone["model_name"]
    if backbone["type"] == "CSPNeXt":
        return f"{name}.pt"
    import timm

    found = timm.get_pretrained_cfg(name)
    if found is None or found.hf_hub_id is None:
        raise RuntimeError(f"timm names no weights for {name}")
    return str(found.hf_hub_id)


def _backbone_files(backbone: Mapping[str, Any]) -> Files:
    source = _backbone_source(backbone)
    if backbone["type"] == "CSPNeXt":
        return {source: weights_folder() / source}
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=source, repo_type="model")
    paths = sorted((Path(HF_HUB_CACHE) / folder / "snapshots").glob("*/*"))
    return {f"{source}/{path.name}": path for path in paths}


def _detector_source(detector: Mapping[str, Any]) -> str:
    """Name the file of torchvision's weights."""
    from torchvision.models import get_model_weights  # type: ignore[import-untyped]

    weights = get_model_weights(detector.get("variant") or _SSDLITE)["COCO_V1"]
    return Path(urlsplit(weights.url).path).name


def _detector_files(detector: Mapping[str, Any]) -> Files:
    import torch

    name = _detector_source(detector)
    return {name: Path(torch.hub.get_dir()) / "checkpoints" / name}


def _fetch_tensorflow(net: str) -> Files:
    from dlc_batch_trainer.tensorflow import weights

    path = weights.fetch_pretrained(net)
    return {each.name: each for each in sorted(path.parent.glob(f"{path.name}*"))}


_FETCHERS: Mapping[str, Callable[[str], Files]] = {
    "pytorch": _fetch_pytorch,
    "tensorflow": _fetch_tensorflow,
}


def _hashed(files: Files) -> list[dict[str, str]]:
    return [{"name": name, "sha256": _sha256(path)} for name, path in files.items()]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dlc_batch_trainer.bake", description=__doc__)
    parser.add_argument("--engine", choices=sorted(DEFAULT_NETS), default="pytorch")
    parser.add_argument("--record", type=Path, default=Path("weights.json"))
    parser.add_argument("nets", nargs="*", metavar="NET")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    prepare_hub()  # before its client is imported, which reads the environment
    sys.exit(main())
