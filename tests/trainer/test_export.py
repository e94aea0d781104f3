"""What the lab gets, piece by piece."""

from __future__ import annotations

from pathlib import Path

from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.export import export_results, merge_metadata, zip_results
from dlc_batch_trainer.yaml_writer import write_yaml


def _shuffle(index: int, split: int, engine: str = "pytorch") -> dict[str, object]:
    return {"train_fraction": 0.8, "index": index, "split": split, "engine": engine}


def test_metadata_keeps_the_labs_other_shuffles() -> None:
    home = {"shuffles": {"a1": _shuffle(1, 1, "tensorflow"), "a2": _shuffle(2, 4)}}
    ours = {"shuffles": {"a2": _shuffle(2, 1)}}
    assert merge_metadata(home, ours) == {
        "shuffles": {"a1": _shuffle(1, 1, "tensorflow"), "a2": _shuffle(2, 2)}
    }


def test_metadata_survives_nonsense() -> None:
    ours = {"shuffles": {"a1": _shuffle(1, 1)}}
    for home in ({}, {"shuffles": None}, {"shuffles": {"x": 3}}, {"shuffles": [1]}):
        assert merge_metadata(home, ours) == ours


def test_exports_only_the_trained_shuffle(tmp_path: Path) -> None:
    project = tmp_path / "project"
    mine = project / "dlc-models-pytorch/iteration-0/t-trainset80shuffle1"
    for path in (
        mine / "train/pytorch_config.yaml",
        project / "dlc-models-pytorch/iteration-0/t-trainset80shuffle2/train/pytorch_config.yaml",
        project / "evaluation-results-pytorch/iteration-0/CombinedEvaluation-results.csv",
        project / "config.yaml",
        project / "labeled-data/v/img.png",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"metadata:\n  project_path: {project}\n  pose_config_path: {mine}\n")
    export_results(project, mine, None, tmp_path / "results")
    (only,) = (p for p in (tmp_path / "results").rglob("*") if p.is_file())
    assert only.name == "pytorch_config.yaml"
    assert str(tmp_path) not in only.read_text()


def test_same_results_make_the_same_zip(tmp_path: Path) -> None:
    zips = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "snapshot-001.pt").write_bytes(b"weights" * 1000)
        zips.append(zip_results(tmp_path / name, "walk").read_bytes())
    assert zips[0] == zips[1]


def _tensorflow_project(project: Path) -> Path:
    """The files that DeepLabCut's TensorFlow engine leaves."""
    mine = project / "dlc-models/iteration-0/t-trainset80shuffle1"
    snapshot = [f"snapshot-20.{end}" for end in ("index", "data-00000-of-00001", "meta")]
    for name in (*snapshot, "checkpoint", "log/events.out.tfevents.1", "learning_stats.csv"):
        path = mine / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"of {project}" if name == "checkpoint" else "numbers")
    for side in ("train", "test"):
        (mine / side).mkdir(exist_ok=True)
        (mine / side / "pose_cfg.yaml").write_text(
            f"all_joints_names: [nose]\nproject_path: {project}\n"
            "init_weights: /opt/weights/resnet_v1_50.ckpt\n"
            f"dataset: {project}/training-datasets/iteration-0/d/t_80shuffle1.mat\n"
            "metadataset: training-datasets/iteration-0/d/Documentation_data.pickle\n"
            "net_type: resnet_50\nmulti_step: [[0.005, 20]]\n"
        )
    other = project / "dlc-models/iteration-0/t-trainset80shuffle2/train/pose_cfg.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("all_joints_names: [nose]\n")
    scores = project / "evaluation-results/iteration-0/t-trainset80shuffle1/net-results.csv"
    scores.parent.mkdir(parents=True)
    scores.write_text("scores")
    (scores.parents[1] / "CombinedEvaluation-results.csv").write_text("of all shuffles")
    metadata = project / "training-datasets/iteration-0/d/metadata.yaml"
    metadata.parent.mkdir(parents=True)
    write_yaml(metadata, {"shuffles": {"t1": _shuffle(1, 1, "tensorflow")}})
    return mine


def test_exports_a_tensorflow_shuffle(tmp_path: Path) -> None:
    project, results = tmp_path / "project", tmp_path / "results"
    mine = _tensorflow_project(project)
    home = {"shuffles": {"t2": _shuffle(2, 1)}}
    export_results(project, mine, home, results)
    folder = "dlc-models/iteration-0/t-trainset80shuffle1"
    assert {path.relative_to(results).as_posix() for path in results.rglob("*.*")} == {
        f"{folder}/train/snapshot-20.index",
        f"{folder}/train/snapshot-20.data-00000-of-00001",
        f"{folder}/train/snapshot-20.meta",
        f"{folder}/train/learning_stats.csv",
        f"{folder}/train/pose_cfg.yaml",
        f"{folder}/test/pose_cfg.yaml",
        "evaluation-results/iteration-0/t-trainset80shuffle1/net-results.csv",
        "training-datasets/iteration-0/d/metadata.yaml",
    }
    assert not list(results.rglob("checkpoint"))
    metadata = (results / "training-datasets/iteration-0/d/metadata.yaml").read_text()
    shuffles = read_yaml_mapping(metadata, "metadata.yaml")["shuffles"]
    assert shuffles == {"t2": _shuffle(2, 1), "t1": _shuffle(1, 2, "tensorflow")}


def test_tensorflow_settings_name_no_path_of_this_computer(tmp_path: Path) -> None:
    project, results = tmp_path / "project", tmp_path / "results"
    export_results(project, _tensorflow_project(project), None, results)
    for path in results.rglob("pose_cfg.yaml"):
        config = read_yaml_mapping(path.read_text(), path.name)
        assert str(tmp_path) not in path.read_text()
        assert config == {
            "all_joints_names": ["nose"],
            "project_path": ".",
            "init_weights": "resnet_v1_50.ckpt",
            "dataset": "training-datasets/iteration-0/d/t_80shuffle1.mat",
            "metadataset": "training-datasets/iteration-0/d/Documentation_data.pickle",
            "net_type": "resnet_50",
            "multi_step": [[0.005, 20]],
        }
