"""The training data set, made anew from label tables and images."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import deeplabcut  # type: ignore[import-untyped]  # has no types
from deeplabcut.utils import auxiliaryfunctions  # type: ignore[import-untyped]

from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.split import Split
from dlc_batch_trainer.tensorflow.weights import none_fetched

_ENGINES = {"pytorch": deeplabcut.Engine.PYTORCH, "tensorflow": deeplabcut.Engine.TF}
#: Of TensorFlow's the one that can be repeated: others draw in processes of their own, or make
#: batches of one frame. Of PyTorch's, DeepLabCut's choice.
_AUGMENTERS = {"pytorch": None, "tensorflow": "imgaug"}


def make_training_dataset(
    config_path: Path,
    engine: str,
    net_type: str,
    shuffle: int,
    split: Split,
    detector: str | None = None,
) -> None:
    """Have DeepLabCut convert the tables and make the data set and the shuffle's folders.

    With TensorFlow it draws the edges between many body parts: the same for the same seed.
    """
    deeplabcut.convertcsv2h5(str(config_path), userfeedback=False)
    train, test = split.padded()
    random.seed(split.seed)
    try:
        with none_fetched():
            deeplabcut.create_training_dataset(
                str(config_path),
                Shuffles=[shuffle],
                trainIndices=[train],
                testIndices=[test],
                net_type=net_type,
                detector_type=detector,
                augmenter_type=_AUGMENTERS[engine],
                userfeedback=False,
                engine=_ENGINES[engine],
            )
    except ValueError as error:
        # DeepLabCut's word for a network that does not fit the project (top-down with unique body
        # parts, a plain backbone with several animals, an unknown name)
        raise UserError(
            f"DeepLabCut can't make a training data set with the network {net_type}: {error}",
            "Choose another `net_type` in dlc-batch.yaml, or mend config.yaml.",
        ) from error


def dataset_folder(config: Any) -> Path:
    """Folder of the data set, relative to the project."""
    return Path(auxiliaryfunctions.get_training_set_folder(config))


def images_to_merge(project: Path, scorer: str) -> list[str]:
    """Images of the label tables in the order in which DeepLabCut will merge them."""
    images: list[str] = []
    for table in project.glob(f"labeled-data/*/CollectedData_{scorer}.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            images += [row[0] for row in csv.reader(file) if row[0].startswith("labeled-data/")]
    return sorted(images, key=lambda image: image.split("/"))


def labelled_images(project: Path, config: Any) -> list[str]:
    """Images of the merged table in its row order: what the split's numbers count."""
    table = project / dataset_folder(config) / f"CollectedData_{config['scorer']}.csv"
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row and row[0] == "labeled-data"]
    return ["/".join(row[:3]) for row in rows]


def find_model_folder(config_path: Path, engine: str, trainset: int, shuffle: int) -> Path:
    """The shuffle's folder in dlc-models-pytorch or dlc-models."""
    config = auxiliaryfunctions.read_config(str(config_path))
    relative = auxiliaryfunctions.get_model_folder(
        config["TrainingFraction"][trainset], shuffle, config, engine=_ENGINES[engine]
    )
    folder = config_path.parent / Path(relative)
    if not folder.resolve().is_relative_to(config_path.parent.resolve()):
        raise RuntimeError(f"the shuffle's folder {relative} lies outside the project")
    return folder
