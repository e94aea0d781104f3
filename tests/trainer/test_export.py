"""What the lab gets, piece by piece."""

from __future__ import annotations

from pathlib import Path

from dlc_batch_trainer.export import export_results, merge_metadata, zip_results


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
