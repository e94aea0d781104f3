"""The shuffle that the lab made on its own computer: its settings, not its files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlc_batch_core.home_settings import HOME_FILES
from dlc_batch_core.networks import as_trained_at_home, as_trained_at_home_with_tensorflow
from dlc_batch_core.settings import is_allowed_setting
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import UserError

#: Not the network's: where files lay and what was computed from the project, made anew here.
_OURS = {
    "pytorch": re.compile(r"(metadata|net_type|method|config_version|device)(\.|$)"),
    "tensorflow": re.compile(
        r"(all_joints|all_joints_names|dataset|engine|init_weights|metadataset|multi_stage|net_type"
        r"|num_idchannel|num_joints|num_limbs|project_path)$"
    ),
}
_NAMES = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}
#: DeepLabCut's largest has 300 leaves, 6 deep. YAML's aliases can make a small file endless.
_MAX_LEAVES, _MAX_DEPTH = 5000, 12
#: Settings named in one note. What was left out, the lab must know in full; a configuration of
#: DeepLabCut's has 300 settings at most, and a note is cut at 4,000 characters (core's run.py).
_SHOWN_TAKEN, _SHOWN_LEFT_OUT = 12, 60
_MAX_NAME = 80  # characters of a setting's name, longer than any of DeepLabCut's


@dataclass(frozen=True)
class HomeShuffle:
    """pytorch_config.yaml of a shuffle made at home, or pose_cfg.yaml with TensorFlow."""

    where: str  # relative to the project
    percent: int  # P of its folder's name
    config: Mapping[str, Any]
    engine: str = "pytorch"

    @property
    def net_type(self) -> str | None:
        """The network as create_training_dataset takes it."""
        net_type = self.config.get("net_type")
        if not isinstance(net_type, str):
            return None
        if self.engine == "tensorflow":
            is_multi_stage = self.config.get("multi_stage") is True
            return as_trained_at_home_with_tensorflow(net_type, is_multi_stage)
        return as_trained_at_home(net_type, str(self.config.get("method", "bu")))

    @property
    def detector(self) -> str | None:
        """The detector of a top-down network, as create_training_dataset takes it."""
        detector = self.config.get("detector")
        model = detector.get("model") if isinstance(detector, Mapping) else None
        if not isinstance(model, Mapping):
            return None
        if model.get("type") == "SSDLite":
            return "ssdlite"
        return model.get("variant") if isinstance(model.get("variant"), str) else None

    def notes(self, taken: Sequence[str], left_out: Sequence[str]) -> list[str]:
        """Tell the lab which settings were taken over, and which were not."""
        sides = (
            ("taken over", taken, _SHOWN_TAKEN),
            ("left out", left_out, _SHOWN_LEFT_OUT),
        )
        return [f"{self.where}: {w}: {_listed(names, n)}." for w, names, n in sides if names]


def find_home_shuffle(
    project: Path, task: str, date: str, iteration: int, shuffle: int, engine: str = "pytorch"
) -> HomeShuffle | None:
    """Return the shuffle that the lab made at home for an engine, or None.

    Raises:
        ProjectError, UserError: its configuration is not plain YAML.
    """
    models, file = HOME_FILES[engine]
    folder = project / models / f"iteration-{iteration}"
    name = re.compile(re.escape(task + date) + rf"-trainset(\d+)shuffle{shuffle}")
    for candidate in sorted(folder.glob(f"*/{file}")):
        if found := name.fullmatch(candidate.parent.parent.name):
            where = candidate.relative_to(project).as_posix()
            config = read_yaml_mapping(_read(candidate, where), where)
            return HomeShuffle(where, int(found[1]), config, engine)
    return None


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{where} is not text in UTF-8.",
            f"Make the shuffle anew in DeepLabCut, or leave the folder {where.split('/')[0]} out.",
        ) from error


def note_of_other_engine(
    members: Iterable[str], task: str, date: str, iteration: int, shuffle: int, engine: str
) -> str | None:
    """Return a sentence on the shuffle made at home for the engine that does not train, if any."""
    (other,) = set(HOME_FILES) - {engine}
    models, file = HOME_FILES[other]
    folder = rf"{models}/iteration-{iteration}/{re.escape(task + date)}"
    name = re.compile(rf"{folder}-trainset[0-9]+shuffle{shuffle}/{re.escape(file)}")
    found = next((member for member in sorted(members) if name.fullmatch(member)), None)
    if found is None:
        return None
    return (
        f"{found}: left out: it has the settings of DeepLabCut's other engine, {_NAMES[other]},"
        f" and the training is with {_NAMES[engine]}."
    )


def settings_to_take(
    home: Mapping[str, Any], ours: Mapping[str, Any], engine: str = "pytorch"
) -> tuple[dict[str, Any], list[str]]:
    """Tell which of the home-made settings differ from ours and may be taken over.

    Args:
        home: the home-made configuration.
        ours: the one that DeepLabCut just made for the same network.
        engine: whose they are.

    Returns:
        the settings to set, by dotted path, and the paths left out.
    """
    mine = dict(_leaves(ours))
    taken, left_out = {}, []
    for path, value in _leaves(home):
        if _OURS[engine].match(path) or (path in mine and mine[path] == value):
            continue
        if value in (None, {}) and path not in mine and not _has_below(path, mine):
            continue
        if is_allowed_setting(path, value, engine):
            taken[path] = value
        else:
            left_out.append(path)
    return taken, left_out


def _leaves(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    leaves = list(itertools.islice(_walk(tree, ""), _MAX_LEAVES + 1))
    if len(leaves) > _MAX_LEAVES:
        raise UserError(
            "The configuration of the shuffle made at home is endless.",
            "Make the shuffle anew in DeepLabCut, or leave its folder out.",
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


def _listed(paths: Sequence[str], shown: int) -> str:
    more = f" and {len(paths) - shown} more" if len(paths) > shown else ""
    return ", ".join(_name(path) for path in paths[:shown]) + more


def _name(path: str) -> str:
    """The setting's name for a mail: the lab's file may have anything for a key."""
    text = "".join(c if c.isprintable() else "?" for c in path)
    return text if len(text) <= _MAX_NAME else text[:_MAX_NAME] + "..."
