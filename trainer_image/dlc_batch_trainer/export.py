"""What the lab gets: plain DeepLabCut files in DeepLabCut's own places, and a zip of them.

results/                            for a run of several shuffles, run.json and what else is not
│                                   DeepLabCut's in shuffle<k>/, and no zip
├── run.json                        what was trained on what, enough to repeat it
├── <project>-model.zip             the files below, to unpack over the project
├── dlc-models-pytorch/...          configuration, snapshot, learning curve, test settings
├── training-datasets/...           metadata.yaml and the split, which DeepLabCut looks up
└── evaluation-results-pytorch/...  scores and predictions on the labelled frames

With the TensorFlow engine the folders are dlc-models/ and evaluation-results/.

No config.yaml: the lab's own stays as it is. No path of this computer in any of them.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.hashes import sha256_of
from dlc_batch_trainer.yaml_writer import write_yaml, yaml_text

RUN_FILE = "run.json"
METADATA_FILE = "metadata.yaml"
_SHARED = re.compile(rf"training-datasets/.*/({METADATA_FILE}|CollectedData_[^/]*)")
#: Both engines'; a run has those of one.
_MODELS = frozenset({"dlc-models-pytorch", "dlc-models"})
_FOLDERS = (
    *sorted(_MODELS),
    "training-datasets",
    "evaluation-results-pytorch",
    "evaluation-results",
)
#: Grows over all shuffles that were evaluated where it lies: ours would overwrite the lab's.
_LEFT = frozenset({"CombinedEvaluation-results.csv"})
#: Of TensorFlow's training: its events for TensorBoard, and a list of snapshots by full path.
_LEFT_OF_TENSORFLOW = frozenset({"log", "checkpoint"})
_STORED = frozenset({".pt", ".h5", ".data-00000-of-00001", ".mp4"})  # packed numbers hardly shrink
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same results make the same zip


def export_results(
    project: Path, model_folder: Path, home_metadata: Mapping[str, Any] | None, target: Path
) -> None:
    """Copy the trained shuffle's files.

    Args:
        project: our copy of the project.
        model_folder: the shuffle's folder in dlc-models-pytorch or dlc-models; others are the
            lab's own.
        home_metadata: the metadata.yaml that the lab uploaded, whose other shuffles are kept.
        target: results/.
    """
    for path in sorted(_files_of(project, model_folder)):
        copy = target / path.relative_to(project)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for path in target.rglob("*.yaml"):
        _edit_yaml(path, lambda config: _without_paths(config, project))
    for path in (*target.rglob("train.txt"), *target.rglob("log.txt")):
        path.write_text(path.read_text().replace(str(project), "."))
    if home_metadata:
        for path in target.rglob(METADATA_FILE):
            _edit_yaml(path, lambda ours: merge_metadata(home_metadata, ours))


def _files_of(project: Path, model_folder: Path) -> Iterable[Path]:
    for folder in _FOLDERS:
        for path in (project / folder).rglob("*"):
            is_other = folder in _MODELS and not path.is_relative_to(model_folder)
            if path.is_file() and not _is_left(path, project / folder) and not is_other:
                yield path


def _is_left(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    is_tensorflow = folder.name == "dlc-models"
    return path.name in _LEFT or (is_tensorflow and not _LEFT_OF_TENSORFLOW.isdisjoint(parts))


def _without_paths(config: dict[str, Any], project: Path) -> dict[str, Any]:
    """Blank what DeepLabCut's own `export_model` blanks; it finds the project by config.yaml.

    TensorFlow's pose_cfg.yaml names data set, metadata and the weights it began from. Those in
    the project stay, relative to it; analyze_videos sets the snapshot to use itself.
    """
    if isinstance(config.get("metadata"), dict):
        config["metadata"] |= {"project_path": None, "pose_config_path": None}
    if "all_joints_names" not in config:  # PyTorch's
        return {**config, "dataset": "."} if "dataset" in config else config
    return {key: _relative(value, project) for key, value in config.items()}


def _relative(value: Any, project: Path) -> Any:
    """A path as the project has it, with forward slashes; of one elsewhere, its name."""
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    path = Path(value)
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.name


def merge_metadata(home: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metadata.yaml with our shuffle in it.

    DeepLabCut looks up each shuffle's engine there, and takes one that is missing for TensorFlow.
    Splits are numbered; ours gets a number of its own, as it was drawn anew.
    """
    theirs = home.get("shuffles")
    theirs = theirs if isinstance(theirs, dict) else {}
    kept = {k: v for k, v in theirs.items() if isinstance(v, dict) and k not in ours["shuffles"]}
    taken = [v["split"] for v in kept.values() if isinstance(v.get("split"), int)]
    number = max(taken, default=0) + 1
    mine = {k: {**v, "split": number} for k, v in ours["shuffles"].items()}
    return {"shuffles": {**kept, **mine}}


def is_shared(name: str) -> bool:
    """Whether a result is one for all shuffles of a project: DeepLabCut's list of them, and its
    merged label table, whose bytes differ from one time it is written to the next."""
    return _SHARED.fullmatch(name) is not None


def is_list_of_shuffles(name: str) -> bool:
    """Whether a result is DeepLabCut's metadata.yaml."""
    return name.endswith(f"/{METADATA_FILE}")


def with_shuffle(there: bytes, ours: bytes, trained: str) -> bytes:
    """Return the metadata.yaml that another job of the run has written, with our shuffle in it.

    Args:
        trained: the name of ours in it. What else ours lists, the lab has made at home: another
            job may have trained it since.
    """
    lists = (read_yaml_mapping(each.decode(), METADATA_FILE) for each in (there, ours))
    theirs, mine = (each["shuffles"] for each in lists)
    assert isinstance(theirs, dict)  # noqa: S101  # DeepLabCut wrote both
    assert isinstance(mine, dict)  # noqa: S101
    others = {name: each for name, each in {**mine, **theirs}.items() if name != trained}
    merged = merge_metadata({"shuffles": others}, {"shuffles": {trained: mine[trained]}})
    return yaml_text(merged).encode()


def _edit_yaml(path: Path, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    write_yaml(path, edit(read_yaml_mapping(path.read_text(), path.name)))


def zip_results(folder: Path, name: str) -> Path:
    """Zip everything that lies in results/ so far, to unpack over the lab's project."""
    path = folder / f"{name}-model.zip"
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _ZIP_DATE)
            info.external_attr = 0o644 << 16
            stored = file.suffix in _STORED
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            with file.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)
    return path


def write_run_file(folder: Path, own: str, facts: Mapping[str, object]) -> None:
    """Write run.json, with the hash of each file that lies in results/ so far.

    Args:
        folder: results/.
        own: where in it the files lie that are not DeepLabCut's. A run of several shuffles has
            such a folder for each, and files that all its jobs write: those are not hashed.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    named = {file.relative_to(folder).as_posix(): file for file in files}
    hashes = {n: sha256_of(file) for n, file in named.items() if not (own and is_shared(n))}
    content = {**facts, "sha256": hashes}
    (folder / own / RUN_FILE).write_text(json.dumps(content, indent=1, default=str) + "\n")
