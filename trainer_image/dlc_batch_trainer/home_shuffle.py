"""The shuffle that the lab made on its own computer: its settings, not its files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlc_batch_core.settings import is_allowed_setting
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import UserError

#: Not the network's: where files lay and what was computed from the project, made anew here.
_OURS = re.compile(r"(metadata|net_type|method|config_version|device|resume_training_from)(\.|$)")
#: DeepLabCut's largest has 300 leaves, 6 deep. YAML's aliases can make a small file endless.
_MAX_LEAVES, _MAX_DEPTH = 5000, 12


@dataclass(frozen=True)
class HomeShuffle:
    """pytorch_config.yaml of a shuffle made at home."""

    where: str  # relative to the project
    percent: int  # P of its folder's name
    config: Mapping[str, Any]

    @property
    def net_type(self) -> str | None:
        """The network as create_training_dataset takes it."""
        net_type = self.config.get("net_type")
        if not isinstance(net_type, str):
            return None
        is_top_down = str(self.config.get("method", "bu")).lower() == "td"
        # only a plain backbone is trained both ways; DeepLabCut ignores the prefix on others
        return f"top_down_{net_type}" if is_top_down and _is_backbone(net_type) else net_type

    @property
    def detector(self) -> str | None:
        """The detector of a top-down network, as create_training_dataset takes it."""
        model = (self.config.get("detector") or {}).get("model") or {}
        if model.get("type") == "SSDLite":
            return "ssdlite"
        return model.get("variant") if isinstance(model.get("variant"), str) else None


def find_home_shuffle(
    project: Path, task: str, date: str, iteration: int, shuffle: int
) -> HomeShuffle | None:
    """Return the shuffle that the lab made at home, or None.

    Raises:
        ProjectError: its configuration is not plain YAML.
    """
    folder = project / "dlc-models-pytorch" / f"iteration-{iteration}"
    name = re.compile(re.escape(task + date) + rf"-trainset(\d+)shuffle{shuffle}")
    for candidate in sorted(folder.glob("*/train/pytorch_config.yaml")):
        if found := name.fullmatch(candidate.parent.parent.name):
            where = candidate.relative_to(project).as_posix()
            config = read_yaml_mapping(candidate.read_text("utf-8-sig"), where)
            return HomeShuffle(where, int(found[1]), config)
    return None


def settings_to_take(
    home: Mapping[str, Any], ours: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Tell which of the home-made settings differ from ours and may be taken over.

    Args:
        home: the home-made configuration.
        ours: the one that DeepLabCut just made for the same network.

    Returns:
        the settings to set, by dotted path, and the paths left out.
    """
    mine = dict(_leaves(ours))
    taken, left_out = {}, []
    for path, value in _leaves(home):
        if _OURS.match(path) or (path in mine and mine[path] == value):
            continue
        if value in (None, {}) and path not in mine and not _has_below(path, mine):
            continue
        if is_allowed_setting(path, value):
            taken[path] = value
        else:
            left_out.append(path)
    return taken, left_out


def _leaves(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    leaves = list(itertools.islice(_walk(tree, ""), _MAX_LEAVES + 1))
    if len(leaves) > _MAX_LEAVES:
        raise UserError(
            "The pytorch_config.yaml of the shuffle made at home is endless.",
            "Make the shuffle anew in DeepLabCut, or leave the folder dlc-models-pytorch out.",
        )
    return leaves


def _walk(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and path.count(".") < _MAX_DEPTH:
            yield from _walk(value, f"{path}.")
        else:
            yield path, value


def _has_below(path: str, leaves: Mapping[str, Any]) -> bool:
    return any(each.startswith(f"{path}.") for each in leaves)


def _is_backbone(net_type: str) -> bool:
    return net_type.startswith(("resnet", "hrnet", "cspnext"))
