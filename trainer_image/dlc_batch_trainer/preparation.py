"""Makes the project that DeepLabCut trains: mended settings, a data set made anew, a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.check import check_files
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Severity
from dlc_batch_core.project_files import ProjectFiles
from dlc_batch_core.project_folder import FolderArchive
from dlc_batch_core.request import Request
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping
from dlc_batch_trainer.dataset import (
    dataset_folder,
    find_model_folder,
    images_to_merge,
    labelled_images,
    make_training_dataset,
)
from dlc_batch_trainer.errors import InfrastructureError
from dlc_batch_trainer.home_shuffle import (
    HomeShuffle,
    find_home_shuffle,
    note_of_other_engine,
)
from dlc_batch_trainer.home_split import HomeSplits
from dlc_batch_trainer.label_tables import write_label_tables
from dlc_batch_trainer.pose_config import configure_pytorch, configure_tensorflow
from dlc_batch_trainer.project_config import require_valid
from dlc_batch_trainer.split import Split, draw_split
from dlc_batch_trainer.validation import keep_validation
from dlc_batch_trainer.yaml_writer import write_yaml

_CONFIGURE = {"pytorch": configure_pytorch, "tensorflow": configure_tensorflow}
_PACKAGES = {"pytorch": "torch", "tensorflow": "tensorflow"}
_DEFAULT_NET = "resnet_50"  # DeepLabCut's own, where config.yaml names none


@dataclass(frozen=True)
class Prepared:
    """A shuffle ready to be trained."""

    engine: str  # pytorch or tensorflow
    config_path: Path
    trainset: int  # which of config.yaml's train fractions
    split: Split
    images: list[str]  # what the split's numbers count
    model_folder: Path
    settings: dict[str, Any]  # pytorch_config.yaml or pose_cfg.yaml
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
        config, unlabelled = self._mend(members)
        home_metadata = self._take_home_metadata(config)
        engine = _engine_of(self.request, config)
        home = self._find_home_shuffle(config, engine, members)
        images = images_to_merge(self.project, config["scorer"])
        trainset, split = self._choose_split(config, home, images, unlabelled)
        config_path = self.project / CONFIG_FILE
        net_type, detector = self._choose_net(config, home)
        make_training_dataset(config_path, engine, net_type, self.shuffle, split, detector)
        folder = find_model_folder(config_path, engine, trainset, self.shuffle)
        settings = _CONFIGURE[engine](folder / "train", self.request, home, self.mended)
        if labelled_images(self.project, config) != images:
            raise RuntimeError("DeepLabCut merged other rows than those that the split is of")
        return Prepared(
            engine, config_path, trainset, split, images, folder, settings, home_metadata
        )

    def _find_home_shuffle(
        self, config: dict[str, Any], engine: str, members: Sequence[str]
    ) -> HomeShuffle | None:
        """Find the shuffle made at home; one of the other engine gets a note only."""
        place = (config["Task"], config["date"], config["iteration"], self.shuffle, engine)
        home = find_home_shuffle(self.project, *place)
        if home is None and (note := note_of_other_engine(members, *place)):
            self.mended.append(note)
        return home

    def _choose_split(
        self,
        config: dict[str, Any],
        home: HomeShuffle | None,
        images: list[str],
        unlabelled: frozenset[str],
    ) -> tuple[int, Split]:
        """Which train fraction, and the split: the one made at home, or one drawn."""
        seed, fractions = self.request.seed, config["TrainingFraction"]
        splits = HomeSplits(
            self.project, config["Task"], config["date"], config["scorer"], config["iteration"]
        )
        percents = [home.percent] if home else splits.percents(self.shuffle)
        trainset = _trainset_of(percents, fractions)
        fraction = fractions[trainset]
        split = splits.take(self.shuffle, fraction, images, seed, self.mended)
        splits.remove()
        split = split or draw_split(images, fraction, seed, self.shuffle, unlabelled)
        if self.request.validation:
            split = keep_validation(split, images, self.shuffle)
        self.mended.append(split.note)
        return trainset, split

    def _mend(self, members: Sequence[str]) -> tuple[dict[str, Any], frozenset[str]]:
        """Check our copy as the upload was checked, and write what was mended.

        Returns:
            config.yaml, and the images in the tables that have no label.

        Raises:
            ProjectError: with every problem.
        """
        files = ProjectFiles(FolderArchive(self.project, also=members), "")
        found = check_files(files, self.request)
        if not found.is_trainable:
            raise ProjectError(p for p in found.problems if p.severity is Severity.ERROR)
        self.mended.extend(found.mended)
        config = {**found.config, "project_path": str(self.project)}
        require_valid(config)
        write_label_tables(self.project, found.tables)
        write_yaml(self.project / CONFIG_FILE, config)
        rows = (row for table in found.tables for row in table.rows)
        return config, frozenset(row.image for row in rows if not any(row.points))

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
        data = path.read_bytes()[: MAX_YAML_BYTES + 1]
        path.unlink()
        try:
            if len(data) > MAX_YAML_BYTES:
                raise ValueError(f"it has more than {MAX_YAML_BYTES // 1000} kB")
            return read_yaml_mapping(data.decode("utf-8-sig"), path.name)
        except (ProjectError, ValueError) as error:  # the list is made anew; ours is whole
            self.mended.append(f"metadata.yaml of the shuffles made at home: left out: {error}")
            return None


def _engine_of(request: Request, config: Mapping[str, Any]) -> str:
    """The engine asked for, else config.yaml's.

    Raises:
        InfrastructureError: this computer has not got it.
    """
    engine = request.engine or config.get("engine") or "pytorch"
    if find_spec(_PACKAGES[engine]) is None:
        raise InfrastructureError(
            f"DeepLabCut's {engine} engine is not installed where the training runs.",
            f"Use the trainer's image that was built for {engine}, or write another `engine` into"
            " dlc-batch.yaml.",
        )
    return engine


def _trainset_of(at_home: Sequence[int], fractions: Sequence[float]) -> int:
    """Which train fraction: the first for which there is a shuffle made at home, else the first.

    Args:
        at_home: fractions in percent, as DeepLabCut names the folders of the shuffles.
        fractions: config.yaml's.
    """
    percents = [int(100 * fraction) for fraction in fractions]
    return next((i for i, percent in enumerate(percents) if percent in at_home), 0)
