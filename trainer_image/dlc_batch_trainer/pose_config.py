"""The shuffle's settings: DeepLabCut's own, with what the lab asked for put on them.

pytorch_config.yaml with the PyTorch engine; pose_cfg.yaml, for training and for what comes after,
with TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deeplabcut.pose_estimation_pytorch.config import PoseConfig  # type: ignore[import-untyped]
from deeplabcut.pose_estimation_pytorch.config.data import (  # type: ignore[import-untyped]
    DataTransformationConfig,
)
from pydantic import ValidationError

from dlc_batch_core.request import Request
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.home_shuffle import HomeShuffle, settings_to_take
from dlc_batch_trainer.tensorflow.schedule import fit_steps
from dlc_batch_trainer.yaml_writer import write_yaml


def configure_pytorch(
    folder: Path, request: Request, home: HomeShuffle | None, mended: list[str]
) -> dict[str, Any]:
    """Put the lab's settings on the configuration that DeepLabCut made, and write it.

    Later ones win: the shuffle made at home, the request's own keys, the request's overrides.

    Args:
        folder: the shuffle's train/.
        request: what is asked for.
        home: the shuffle made at home.
        mended: sentences for the lab are added.

    Returns:
        the configuration as written.

    Raises:
        UserError: DeepLabCut does not take one of them.
    """
    path = folder / "pytorch_config.yaml"
    config = PoseConfig.from_yaml(path).to_dict(normalize=True)
    wanted = _wanted_settings(request)
    if home is not None:
        spelt_out = _with_absent_transforms(home.config)
        _take_home_settings(config, spelt_out, home, request, wanted, mended)
    put_settings(config, wanted)
    checked = _checked(config)
    checked.to_yaml(path)
    result: dict[str, Any] = checked.to_dict(normalize=True)
    return result


def configure_tensorflow(
    folder: Path, request: Request, home: HomeShuffle | None, mended: list[str]
) -> dict[str, Any]:
    """Do for TensorFlow what `configure_pytorch` does.

    A number of iterations ends the schedule of learning rates: its steps stay where they are, and
    the last goes on for as long as it takes.
    """
    train, test = folder / "pose_cfg.yaml", folder.parent / "test" / "pose_cfg.yaml"
    config: dict[str, Any] = read_yaml_mapping(train.read_text(), train.name)
    wanted = dict(request.overrides)
    if request.batch_size is not None:
        wanted.setdefault("batch_size", request.batch_size)
    if home is not None:
        _take_home_settings(config, home.config, home, request, wanted, mended)
    put_settings(config, wanted)
    if request.iterations is not None:
        config["multi_step"] = fit_steps(config["multi_step"], request.iterations)
    write_yaml(train, config)
    after = read_yaml_mapping(test.read_text(), test.name)
    write_yaml(test, {name: config.get(name, value) for name, value in after.items()})
    return config


def _wanted_settings(request: Request) -> dict[str, Any]:
    """What dlc-batch.yaml asks for, by dotted path."""
    wanted: dict[str, Any] = {"train_settings.seed": request.seed}
    if request.epochs is not None:
        wanted["train_settings.epochs"] = request.epochs
    if request.batch_size is not None:
        wanted["train_settings.batch_size"] = request.batch_size
    return {**wanted, **request.overrides}


def _take_home_settings(
    config: dict[str, Any],
    settings: Mapping[str, Any],
    home: HomeShuffle,
    request: Request,
    wanted: Mapping[str, Any],
    mended: list[str],
) -> None:
    if request.net_type not in (None, home.net_type):
        mended.append(
            f"{home.where}: made for {home.net_type}; its settings were left out, for"
            f" dlc-batch.yaml asks for {request.net_type}."
        )
        return
    taken, left_out = settings_to_take(settings, config, home.engine)
    taken = {path: value for path, value in taken.items() if path not in wanted}
    put_settings(config, taken)
    mended += home.notes(list(taken), left_out)


def _with_absent_transforms(home: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the transforms that the lab deleted from its file: absent means off there."""
    defaults = {name: f.default for name, f in DataTransformationConfig.model_fields.items()}
    data = home.get("data")
    if not isinstance(data, Mapping):
        return dict(home)
    data = dict(data)
    for part in ("train", "inference"):
        if isinstance(data.get(part), Mapping):
            data[part] = {**defaults, **data[part]}
    return {**home, "data": data}


def put_settings(config: dict[str, Any], settings: Mapping[str, Any]) -> None:
    """Set values by dotted path, making the mappings on the way."""
    for path, value in settings.items():
        *parents, last = path.split(".")
        place = config
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[last] = value


def _checked(config: dict[str, Any]) -> Any:
    try:
        return PoseConfig.from_dict(config)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserError(
            f"DeepLabCut does not take these settings: {faults}.",
            "Mend `overrides` in dlc-batch.yaml, or the shuffle's pytorch_config.yaml.",
        ) from error
