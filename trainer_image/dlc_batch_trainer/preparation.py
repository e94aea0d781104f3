"""Makes the project that DeepLabCut trains: mended settings, a data set made anew, a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlc_batch_core.request import Request
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.dataset import (
    dataset_folder,
    find_model_folder,
    labelled_images,
    make_training_dataset,
)
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.home_shuffle import HomeShuffle, find_home_shuffle
from dlc_batch_trainer.label_tables import mend_label_tables, require_body_parts
from dlc_batch_trainer.pose_config import configure
from dlc_batch_trainer.project_config import CONFIG, list_videos, mend_config, read_config
from dlc_batch_trainer.split import Split, draw_split
from dlc_batch_trainer.yaml_writer import write_yaml

_DEFAULT_NET = "resnet_50"  # DeepLabCut's own, where config.yaml names none


@dataclass(frozen=True)
class Prepared:
    """A shuffle ready to be trained."""

    config_path: Path
    trainset: int  # which of config.yaml's train fractions
    split: Split
    images: list[str]  # what the split's numbers count
    model_folder: Path
    settings: dict[str, Any]  # pytorch_config.yaml
    home_metadata: dict[str, Any] | None  # the lab's own metadata.yaml


@dataclass(frozen=True)
class Preparation:
    """One shuffle of an unpacked project."""

    project: Path
    request: Request
    shuffle: int
    mended: list[str] = field(default_factory=list)  # sentences for the lab are added

    def run(self, members: Sequence[str]) -> Prepared:
        """Prepare the shuffle.

        Args:
            members: all files of the upload's project, the ones not unpacked too.

        Raises:
            LabError: the project or the request is at fault.
        """
        config, frames = self._mend(members)
        home_metadata = self._take_home_metadata(config)
        home = find_home_shuffle(
            self.project, config["Task"], config["date"], config["iteration"], self.shuffle
        )
        fractions = config["TrainingFraction"]
        trainset = _trainset_of(home, fractions)
        split = draw_split(frames, fractions[trainset], self.request.seed, self.shuffle)
        config_path = self.project / CONFIG
        net_type, detector = self._choose_net(config, home)
        make_training_dataset(config_path, net_type, self.shuffle, split, detector)
        folder = find_model_folder(config_path, trainset, self.shuffle)
        settings = configure(
            folder / "train" / "pytorch_config.yaml", self.request, home, self.mended
        )
        images = labelled_images(self.project, config)
        return Prepared(config_path, trainset, split, images, folder, settings, home_metadata)

    def _mend(self, members: Sequence[str]) -> tuple[dict[str, Any], int]:
        """Write our config.yaml; return it, and how many frames are labelled."""
        original = read_config(self.project)
        config = mend_config(original, self.project, self.mended)
        self._require_pytorch(config)
        tables = mend_label_tables(self.project, config["scorer"], members, self.mended)
        require_body_parts(config, tables)
        config["video_sets"] = list_videos(original, tables)
        write_yaml(self.project / CONFIG, config)
        return config, sum(table.frames for table in tables)

    def _require_pytorch(self, config: dict[str, Any]) -> None:
        engine = self.request.engine or config.get("engine") or "pytorch"
        if engine != "pytorch":
            raise UserError(
                f"The engine {engine} is not offered.",
                "Write `engine: pytorch` into dlc-batch.yaml beside config.yaml.",
            )

    def _choose_net(
        self, config: dict[str, Any], home: HomeShuffle | None
    ) -> tuple[str, str | None]:
        """The network and, where a shuffle made at home names one, its detector."""
        of_home = home.net_type if home else None
        net_type = self.request.net_type or of_home or config.get("default_net_type")
        detector = home.detector if home and net_type == of_home else None
        return net_type or _DEFAULT_NET, detector

    def _take_home_metadata(self, config: dict[str, Any]) -> dict[str, Any] | None:
        """Take the lab's metadata.yaml out of the way of the one that DeepLabCut makes."""
        path = self.project / dataset_folder(config) / "metadata.yaml"
        if not path.is_file():
            return None
        found = read_yaml_mapping(path.read_text("utf-8-sig"), path.name)
        path.unlink()
        return found


def _trainset_of(home: HomeShuffle | None, fractions: list[float]) -> int:
    """Which train fraction: the home-made shuffle's, else the first."""
    percents = [int(100 * fraction) for fraction in fractions]  # as DeepLabCut names folders
    if home is None or home.percent not in percents:
        return 0
    return percents.index(home.percent)
