"""The shuffle's pytorch_config.yaml: DeepLabCut's own, with what the lab asked for put on it."""

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
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.home_shuffle import HomeShuffle, settings_to_take

_SHOWN = 12  # settings named in one note


def configure(
    path: Path, request: Request, home: HomeShuffle | None, mended: list[str]
) -> dict[str, Any]:
    """Put the lab's settings on the configuration that DeepLabCut made, and write it.

    Later ones win: the shuffle made at home, the request's own keys, the request's overrides.

    Returns:
        the configuration as written.

    Raises:
        UserError: DeepLabCut does not take one of them.
    """
    config = PoseConfig.from_yaml(path).to_dict(normalize=True)
    if home is not None:
        _take_home_settings(config, home, request, mended)
    wanted: dict[str, Any] = {"train_settings.seed": request.seed}
    if request.epochs is not None:
        wanted["train_settings.epochs"] = request.epochs
    if request.batch_size is not None:
        wanted["train_settings.batch_size"] = request.batch_size
    put_settings(config, {**wanted, **request.overrides})
    checked = _checked(config)
    checked.to_yaml(path)
    result: dict[str, Any] = checked.to_dict(normalize=True)
    return result


def _take_home_settings(
    config: dict[str, Any], home: HomeShuffle, request: Request, mended: list[str]
) -> None:
    if request.net_type not in (None, home.net_type):
        mended.append(
            f"{home.where}: made for {home.net_type}; its settings were left out, for"
            f" dlc-batch.yaml asks for {request.net_type}."
        )
        return
    taken, left_out = settings_to_take(_with_absent_transforms(home.config), config)
    put_settings(config, taken)
    if taken:
        mended.append(f"{home.where}: taken over: {_listed(list(taken))}.")
    if left_out:
        mended.append(f"{home.where}: left out: {_listed(left_out)}.")


def _with_absent_transforms(home: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the transforms that the lab deleted from its file: absent means off there."""
    defaults = {name: f.default for name, f in DataTransformationConfig.model_fields.items()}
    data = dict(home.get("data") or {})
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


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
