"""Whether the network can begin from what an earlier run of the lab left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from dlc_batch_core.catalogue import problem
from dlc_batch_core.problems import Problem
from dlc_batch_core.request import REQUEST_FILE, Request
from dlc_batch_core.run import Run, Status
from dlc_batch_core.words import listed

#: What `weights` takes beside the id of a run.
_OF_NO_RUN = ("pretrained", "random")
#: Folder and end of a snapshot among a run's results, by engine: DeepLabCut's own.
_SNAPSHOTS = {"pytorch": ("dlc-models-pytorch", ".pt"), "tensorflow": ("dlc-models", ".index")}


@dataclass(frozen=True)
class Wanted:
    """What the new training needs of the weights that it begins from."""

    engine: str
    shuffles: tuple[int, ...]  # each goes on from the earlier run's of the same number
    body_parts: tuple[str, ...]  # of animals, then unique ones: the network's outputs, in order


def earlier_run_of(request: Request) -> str | None:
    """Return the id of the run that the training is to begin from; None for none."""
    return None if request.weights in _OF_NO_RUN else request.weights


def find_weights_problems(
    run_id: str, earlier: Run | None, body_parts: tuple[str, ...], wanted: Wanted
) -> list[Problem]:
    """Find why a training can't begin from an earlier run.

    Args:
        run_id: of the earlier run, as the request names it.
        earlier: its record among those of the same lab, if there is one.
        body_parts: that it was trained for; none where that is not known.
        wanted: what the new training needs.
    """
    if earlier is None:
        return [_problem(f"Your lab has no run {run_id}.")]
    if not earlier.status.is_final:
        return [
            _problem(
                f"The run {run_id} has not ended yet ({earlier.status}).",
                "Wait for its mail, then upload the project again.",
            )
        ]
    trained = [part.shuffle for part in earlier.parts if part.status is Status.SUCCEEDED]
    if earlier.status is not Status.SUCCEEDED and not trained:
        return [_problem(f"The run {run_id} ended as {earlier.status}: it left no network.")]
    if not _has_snapshot(earlier.files, wanted.engine):
        what = f"The run {run_id} left no snapshot of the {wanted.engine} engine."
        return [_problem(what)]
    if trained and (lacking := sorted(set(wanted.shuffles) - set(trained))):
        what = f"The run {run_id} trained the shuffles {listed(trained)}, and not"
        return [_problem(f"{what} {listed(lacking)}, which would go on from it.")]
    if body_parts and body_parts != wanted.body_parts:
        what = f"The run {run_id} has the body parts {listed(body_parts)};"
        what += f" this project has {listed(wanted.body_parts)}."
        remedy = "The body parts must be the same, in the same order. Name another run, or"
        return [_problem(what, f"{remedy} write `weights: pretrained`.")]
    return []


def _problem(what: str, remedy: str = "") -> Problem:
    return problem("weights-run", REQUEST_FILE, what, remedy)


def _has_snapshot(files: Iterable[str], engine: str) -> bool:
    folder, end = _SNAPSHOTS[engine]
    paths = (PurePosixPath(name) for name in files)
    return any(
        path.parts[0] == folder and path.name.startswith("snapshot-") and path.suffix == end
        for path in paths
    )
