"""What a check needs of the shuffle that the lab made at home: its pytorch_config.yaml, or
pose_cfg.yaml with the TensorFlow engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dlc_batch_core.networks import as_trained_at_home, as_trained_at_home_with_tensorflow
from dlc_batch_core.project import Project

#: Where a shuffle's settings lie, by engine.
HOME_FILES = {
    "pytorch": ("dlc-models-pytorch", "train/pytorch_config.yaml"),
    "tensorflow": ("dlc-models", "train/pose_cfg.yaml"),
}


@dataclass(frozen=True)
class HomeSettings:
    """A shuffle made at home, as far as it decides what can be trained."""

    where: str
    net_type: str | None  # as create_training_dataset takes it
    batch_size: int | None
    is_uncropped: bool  # it switched cropping off
    length: int | None = None  # epochs, or iterations with TensorFlow
    crop: tuple[int, int] | None = None  # width and height in pixels, where it names both


def find_home_config(
    paths: Iterable[str], project: Project, shuffle: int, engine: str
) -> str | None:
    """Return the path of the shuffle's configuration, the first by name where there are more."""
    folder, file = HOME_FILES[engine]
    start = f"{folder}/iteration-{project.iteration}/"
    name = re.escape(f"{project.task}{project.date}-trainset")
    wanted = re.compile(re.escape(start) + name + rf"\d+shuffle{shuffle}/" + re.escape(file))
    return min((path for path in paths if wanted.fullmatch(path)), default=None)


def parse_home_settings(config: Mapping[str, object], where: str) -> HomeSettings:
    """Read such a file; what is not as DeepLabCut writes it is taken for not set."""
    if "all_joints_names" in config:  # TensorFlow's
        return _of_tensorflow(config, where)
    net_type, method = config.get("net_type"), config.get("method")
    is_known = isinstance(net_type, str)
    train = _below(_below(config, "data"), "train")
    batch = _below(config, "train_settings").get("batch_size")
    epochs = _below(config, "train_settings").get("epochs")
    return HomeSettings(
        where,
        as_trained_at_home(str(net_type), method if isinstance(method, str) else "bu")
        if is_known
        else None,
        batch if isinstance(batch, int) else None,
        "crop_sampling" in train and not train["crop_sampling"],
        epochs if isinstance(epochs, int) else None,
        _size_of(train.get("crop_sampling")),
    )


def _of_tensorflow(config: Mapping[str, object], where: str) -> HomeSettings:
    net_type, is_multi_stage = config.get("net_type"), config.get("multi_stage") is True
    batch = config.get("batch_size")
    return HomeSettings(
        where,
        as_trained_at_home_with_tensorflow(net_type, is_multi_stage)
        if isinstance(net_type, str)
        else None,
        batch if isinstance(batch, int) else None,
        is_uncropped=False,  # its frames are scaled to one size
        length=_end_of(config.get("multi_step")),
    )


def _size_of(crop: object) -> tuple[int, int] | None:
    sizes = crop if isinstance(crop, Mapping) else {}
    width, height = sizes.get("width"), sizes.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def _end_of(schedule: object) -> int | None:
    """Where TensorFlow's schedule of learning rates ends: [[rate, iteration], ...]."""
    last = schedule[-1] if isinstance(schedule, list) and schedule else None
    end = last[-1] if isinstance(last, list) and last else None
    return end if isinstance(end, int) else None


def _below(config: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = config.get(key)
    return value if isinstance(value, Mapping) else {}
