"""Scores a snapshot: DeepLabCut's own evaluation, and what it does not tell, from the same
predictions: the interval, each body part with and without pcutoff, the worst frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlc_batch_core.labels import LabelTable, parse_labels
from dlc_batch_core.yaml_reader import read_yaml_mapping
from dlc_batch_trainer.evaluation.deeplabcut_files import (
    find_predictions,
    find_scores,
    read_predictions,
    read_scores,
)
from dlc_batch_trainer.evaluation.errors import bootstrap, mean_errors, worst_frames
from dlc_batch_trainer.evaluation.points import ScoredFrame, ScoredPoint, score_frame
from dlc_batch_trainer.evaluation.poses import Layout, Poses, read_labels
from dlc_batch_trainer.evaluation.result import EVALUATION_FILE, Evaluation
from dlc_batch_trainer.plan import TrainedSnapshot
from dlc_batch_trainer.split import Split
from dlc_batch_trainer.stretches import Neighbours, neighbours_of

__all__ = [
    "EVALUATION_FILE",
    "Evaluation",
    "evaluate",
    "read_label_tables",
    "summarize",
]

_MOST_WORST = 10  # frames that a person looks at
_DEFAULT_PCUTOFF = 0.6  # DeepLabCut's own, where config.yaml has none


def evaluate(
    config_path: Path,
    shuffle: int,
    trainset: int,
    snapshot: TrainedSnapshot,
    split: Split,
    images: Sequence[str],
    engine: str = "pytorch",
) -> Evaluation:
    """Score a snapshot on the test frames. DeepLabCut's own files stay where it puts them.

    Args:
        config_path: our copy's config.yaml.
        shuffle: its number.
        trainset: which of config.yaml's train fractions it has.
        snapshot: the one that the training left.
        split: which frames are for what.
        images: `labeled-data/<video>/<image>` of each row that the split's numbers count.
        engine: pytorch or tensorflow.
    """
    _run_deeplabcut(config_path, shuffle, trainset, snapshot)
    project = config_path.parent
    config = _read_config(config_path)
    layout = Layout.of_config(config)
    table = find_scores(project, engine)
    path = find_predictions(table, _name(snapshot.path), engine, layout)
    predicted = read_predictions(path, layout, images, engine)
    labels = read_labels(read_label_tables(project, config["scorer"]), layout)
    is_matched = engine == "tensorflow"  # it takes the detection nearest to each label

    def score(rows: Iterable[int]) -> list[ScoredFrame]:
        return _score([images[row] for row in rows], labels, predicted, layout, is_matched)

    pcutoff = float(config.get("pcutoff", _DEFAULT_PCUTOFF))
    scores = read_scores(table, layout.is_multi_animal)
    neighbours = neighbours_of(split, images) if split.method == "stretch" else None
    found = summarize(
        score(split.test), scores, pcutoff, snapshot, split.seed, engine, layout, neighbours
    )
    trained = [frame for frame in score(split.train) if frame.image in predicted]
    return with_training_frames(found, trained)


def with_training_frames(found: Evaluation, trained: Sequence[ScoredFrame]) -> Evaluation:
    """Add what is known of the training frames: no score, but what to look at."""
    points = [point for frame in trained for point in frame.points]
    return replace(
        found,
        train=mean_errors(points, found.pcutoff) if points else None,
        worst_training=worst_frames(trained, _MOST_WORST),
    )


def _run_deeplabcut(
    config_path: Path, shuffle: int, trainset: int, snapshot: TrainedSnapshot
) -> None:
    # Not at the top: it takes 16 s, and what reads its files needs none of it
    import deeplabcut  # type: ignore[import-untyped]  # has no types

    def run(has_body_parts: bool) -> None:
        deeplabcut.evaluate_network(
            str(config_path),
            shuffles=[shuffle],
            trainingsetindex=trainset,
            plotting=False,
            per_keypoint_evaluation=has_body_parts,
            snapshots_to_evaluate=[_name(snapshot.path)],
        )

    try:
        run(has_body_parts=True)
    except AttributeError:  # DeepLabCut's own fault where no animal is found (compute_rmse)
        run(has_body_parts=False)


def _read_config(path: Path) -> dict[str, Any]:
    return read_yaml_mapping(path.read_text(encoding="utf-8"), path.name)


def _name(path: Path) -> str:
    """`snapshot-200`, of the file or of the prefix of TensorFlow's files."""
    return path.name.removesuffix(".pt").removesuffix(".index")


def read_label_tables(project: Path, scorer: str) -> list[LabelTable]:
    """Read all label tables of our copy, in the order of their paths."""
    tables = []
    for path in sorted(project.glob(f"labeled-data/*/CollectedData_{scorer}.csv")):
        where = path.relative_to(project).as_posix()
        text = path.read_text(encoding="utf-8-sig")
        tables.append(parse_labels(text, where, path.parent.name))
    return tables


def _score(
    images: Iterable[str],
    labels: Mapping[str, Poses],
    predicted: Mapping[str, Poses],
    layout: Layout,
    is_matched: bool,
) -> list[ScoredFrame]:
    return [
        score_frame(
            image, labels[image], predicted.get(image, Poses.empty(layout, 3)), layout, is_matched
        )
        for image in images
    ]


def summarize(
    frames: Sequence[ScoredFrame],
    scores: Mapping[str, float],
    pcutoff: float,
    snapshot: TrainedSnapshot,
    seed: int,
    engine: str,
    layout: Layout,
    neighbours: Neighbours | None = None,
) -> Evaluation:
    """Bring what is known of the test frames together.

    Args:
        neighbours: of the test frames, where they were drawn as stretches.
    """
    points = [point for frame in frames for point in frame.points]
    test = mean_errors(points, pcutoff)
    return Evaluation(
        engine=engine,
        pcutoff=pcutoff,
        deeplabcut=scores,
        test=test,
        test_frames=len(frames),
        interval=bootstrap(frames, seed, neighbours=neighbours),
        body_parts={
            part: mean_errors(_of(part, points), pcutoff)
            for part in (*layout.body_parts, *layout.unique)
        },
        worst=worst_frames(frames, _MOST_WORST),
        validation_rmse_px=snapshot.best.rmse_px if snapshot.best else None,
        is_multi_animal=layout.is_multi_animal,
        notes=tuple(_notes(test.missed, engine, layout)),
        frames=tuple(frames),
        intervals={
            part: bootstrap([frame.of(part) for frame in frames], seed, neighbours=neighbours)
            for part in (*layout.body_parts, *layout.unique)
        },
    )


def _of(part: str, points: Iterable[ScoredPoint]) -> list[ScoredPoint]:
    return [point for point in points if point.body_part == part]


def _notes(missed: int, engine: str, layout: Layout) -> Iterable[str]:
    if missed:
        yield f"Nothing was found for {missed} labelled points of the test frames."
    if layout.is_multi_animal and engine == "tensorflow":
        yield (
            "With the TensorFlow engine the error is of the detection nearest to each label,"
            " before detections are put together to animals; there is no mAP."
        )
    elif layout.is_multi_animal:
        yield (
            "Animals are matched with predictions so that the sum of distances is least."
            " DeepLabCut's own figure (test_rmse_deeplabcut_px in evaluation.json) leaves out"
            " predictions that are far from any animal, so it may be smaller."
        )
