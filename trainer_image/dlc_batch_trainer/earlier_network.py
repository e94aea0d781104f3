"""Networks of earlier runs, beside the one that this run trains: each sees some camera's views.

The results of a run have no config.yaml, so each network gets a project of its own with the
settings of this run's: how videos are analysed, and what of them is drawn, is then the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.export import METADATA_FILE
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.trained import Trained
from dlc_batch_trainer.yaml_writer import write_yaml

_NAME = re.compile(r"(.+)-trainset[0-9]+shuffle([0-9]+)")  # of a network's folder
_FOLDERS = {"pytorch": "dlc-models-pytorch", "tensorflow": "dlc-models"}


@dataclass
class EarlierNetworks:
    """Brings networks, each once; one that can't be had is not asked for again."""

    store: RunStore
    project: Path  # our copy of this run's
    folder: Path  # for their projects
    _found: dict[str, Trained | Exception] = field(default_factory=dict)  # by the run's id

    def find(self, run_id: str, engine: str) -> Trained:
        """Return the network of an earlier run of the same lab.

        Args:
            run_id: of the earlier run.
            engine: the one that can be used here.

        Raises:
            UserError: the run left none of this engine, or it is one of several animals.
            Exception: S3 does not give it, or what lies there can't be read.
        """
        if run_id not in self._found:
            try:
                self._found[run_id] = self._bring(run_id, engine, self.folder / run_id)
            except Exception as error:
                self._found[run_id] = error
        found = self._found[run_id]
        if isinstance(found, Exception):
            raise found
        return found

    def _bring(self, run_id: str, engine: str, target: Path) -> Trained:
        self.store.fetch_network(run_id, target)
        model = next((target / _FOLDERS[engine]).glob("iteration-*/*"), None)
        if model is None:
            raise UserError(f"it is not of the {engine} engine, as that of this run is")
        if _is_of_several(model):
            raise UserError("it is one of several animals")
        if (name := _NAME.fullmatch(model.name)) is None:
            raise UserError(f"its folder {model.name} is none of DeepLabCut's")
        config = {**_read(self.project / CONFIG_FILE), **_own_settings(model, name[1], target)}
        write_yaml(target / CONFIG_FILE, config)
        return Trained.find(target, int(name[2]))


def _own_settings(model: Path, project: str, target: Path) -> dict[str, Any]:
    """Return what of config.yaml is the network's own: DeepLabCut finds it by that."""
    iteration = model.parent.name
    dataset = target / "training-datasets" / iteration / f"UnaugmentedDataSet_{project}"
    shuffles = _read(dataset / METADATA_FILE)["shuffles"]
    return {
        "project_path": str(target),
        "Task": project,  # DeepLabCut's names have Task and date in one, and so has the scorer
        "date": "",
        "iteration": int(iteration.rpartition("-")[2]),
        "TrainingFraction": [shuffles[model.name]["train_fraction"]],
        "multianimalproject": False,
        "bodyparts": _read(model / "test" / "pose_cfg.yaml")["all_joints_names"],
    }


def _is_of_several(model: Path) -> bool:
    of_torch, of_tensorflow = (
        _read(path) if (path := model / "train" / name).is_file() else {}
        for name in ("pytorch_config.yaml", "pose_cfg.yaml")
    )
    individuals = of_torch.get("metadata", {}).get("individuals") or []
    return len(individuals) > 1 or "multi-animal" in of_tensorflow.get("dataset_type", "")


def _read(path: Path) -> dict[str, Any]:
    return read_yaml_mapping(path.read_text(encoding="utf-8"), path.name)
