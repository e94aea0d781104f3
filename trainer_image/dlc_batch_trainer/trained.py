"""A trained network in a project's folder, as DeepLabCut's functions are told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.after import Shuffle

_ENGINES = {"dlc-models-pytorch": "pytorch", "dlc-models": "tensorflow"}
_SHUFFLE = re.compile(r"trainset([0-9]+)shuffle([0-9]+)")


@dataclass(frozen=True)
class Trained:
    """The trained shuffle in our copy of the project."""

    shuffle: Shuffle
    engine: str
    snapshot: str  # name of the file

    @classmethod
    def find(cls, project: Path, number: int) -> Trained:
        """Find it by its snapshot: no other shuffle has one, for none is unpacked."""
        text = (project / CONFIG_FILE).read_text(encoding="utf-8")
        fractions = read_yaml_mapping(text, CONFIG_FILE)["TrainingFraction"]
        percents = [int(100 * each) for each in cast(list[float], fractions)]
        for path in sorted(project.glob("dlc-models*/*/*/train/snapshot-*")):
            found = _SHUFFLE.search(path.parents[1].name)
            if found and int(found[2]) == number and "detector" not in path.name:
                trainset = percents.index(int(found[1]))
                engine = _ENGINES[path.relative_to(project).parts[0]]
                return cls(Shuffle(project / CONFIG_FILE, number, trainset), engine, path.stem)
        raise DlcBatchError(f"there is no snapshot of shuffle {number}")
