"""Whether an earlier run of the lab left the network that a new one asks for."""

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
#: What an earlier run is named for: problems' codes, and what its shuffles would be good for.
_BEGINS, _SEES = "weights-run", "network-run"
_FOR = {_BEGINS: "which would go on from it", _SEES: "whose other views it would see"}
#: Folder and end of a snapshot among a run's results, by engine: DeepLabCut's own.
_SNAPSHOTS = {"pytorch": ("dlc-models-pytorch", ".pt"), "tensorflow": ("dlc-models", ".index")}


@dataclass(frozen=True)
class Wanted:
    """What the new training needs of an earlier one."""

    engine: str
    shuffles: tuple[int, ...]  # each takes the earlier run's of the same number
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
    found = _without_network(_BEGINS, run_id, earlier, wanted)
    if not found and body_parts and body_parts != wanted.body_parts:
        remedy = "The body parts must be the same, in the same order. Name another run, or"
        what = _of_other_parts(run_id, body_parts, wanted)
        found = [_problem(_BEGINS, what, f"{remedy} write `weights: pretrained`.")]
    return found


def find_network_problems(
    run_id: str, earlier: Run | None, body_parts: tuple[str, ...], wanted: Wanted
) -> list[Problem]:
    """Find why the network of an earlier run can't see a camera's views; see above."""
    found = _without_network(_SEES, run_id, earlier, wanted)
    if not found and body_parts and not set(body_parts) & set(wanted.body_parts):
        what = _of_other_parts(run_id, body_parts, wanted)
        remedy = "Only points of the same name are put together in space: name the body parts"
        found = [_problem(_SEES, what, f"{remedy} alike in both projects.")]
    return found


def _without_network(code: str, run_id: str, earlier: Run | None, wanted: Wanted) -> list[Problem]:
    """Find why an earlier run has no network of the right kind."""
    if earlier is None:
        return [_problem(code, f"Your lab has no run {run_id}.")]
    if not earlier.status.is_final:
        what = f"The run {run_id} has not ended yet ({earlier.status})."
        return [_problem(code, what, "Wait for its mail, then upload the project again.")]
    trained = [part.shuffle for part in earlier.parts if part.status is Status.SUCCEEDED]
    if earlier.status is not Status.SUCCEEDED and not trained:
        what = f"The run {run_id} ended as {earlier.status}: it left no network."
        return [_problem(code, what)]
    if not _has_snapshot(earlier.files, wanted.engine):
        what = f"The run {run_id} left no snapshot of the {wanted.engine} engine."
        return [_problem(code, what)]
    if trained and (lacking := sorted(set(wanted.shuffles) - set(trained))):
        what = f"The run {run_id} trained the shuffles {listed(trained)}, and not"
        return [_problem(code, f"{what} {listed(lacking)}, {_FOR[code]}.")]
    return []


def _of_other_parts(run_id: str, body_parts: tuple[str, ...], wanted: Wanted) -> str:
    what = f"The run {run_id} has the body parts {listed(body_parts)};"
    return f"{what} this project has {listed(wanted.body_parts)}."


def _problem(code: str, what: str, remedy: str = "") -> Problem:
    return problem(code, REQUEST_FILE, what, remedy)


def _has_snapshot(files: Iterable[str], engine: str) -> bool:
    folder, end = _SNAPSHOTS[engine]
    paths = (PurePosixPath(name) for name in files)
    return any(
        path.parts[0] == folder and path.name.startswith("snapshot-") and path.suffix == end
        for path in paths
    )
