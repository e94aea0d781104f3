"""A run of several shuffles: one job for each, and a record that sums them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev

from dlc_batch_core.costs import Cost
from dlc_batch_core.job import TrainingJob
from dlc_batch_core.outcome import Outcome
from dlc_batch_core.outcomes import Outcomes, find_outcome
from dlc_batch_core.run import OF_THE_RUN, Run, Status, time_text
from dlc_batch_core.run_table import RunTable
from dlc_batch_core.words import listed

#: How the names of scores end of which there is a mean.
_MEANT = ("_rmse_px", "_rmse_pcutoff_px", "_map", "_mar")
#: Below all positions of events: nothing but its parts moves such a run.
_POSITION = 1


def part_of(run: Run, shuffle: int) -> Run:
    """Return the part of a run whose job is yet to be submitted."""
    return Run(
        **{name: getattr(run, name) for name in OF_THE_RUN},
        status=Status.QUEUED,
        updated_at=run.updated_at,
        shuffle=shuffle,
        is_part=True,
    )


def gather(run: Run, table: RunTable, outcomes: Outcomes, now: float) -> Run:
    """Move a run to where its parts are, and return it as it is then. Safe to repeat.

    Args:
        run: with its parts, as the table has it now; a run of one shuffle is returned as it is.
        now: seconds since the epoch.
    """
    if run.status.is_final or not run.parts:
        return run
    if not all(part.status.is_final for part in run.parts):
        return advance(run, table, now)
    table.end(replace(sum_up(run, _told(run, outcomes)), updated_at=time_text(now)))
    return table.get(run.lab, run.run_id) or run


def advance(run: Run, table: RunTable, now: float) -> Run:
    """Move a run that is QUEUED on when a part of it is at work; return it as it is then."""
    begun = any(part.status is not Status.QUEUED for part in run.parts)
    if run.status is not Status.QUEUED or not begun:
        return run
    running = replace(run, status=Status.RUNNING, updated_at=time_text(now))
    table.advance(running, _POSITION)
    return table.get(run.lab, run.run_id) or run


def _told(run: Run, outcomes: Outcomes) -> dict[int, Outcome]:
    """Return what the parts' last attempts told, by shuffle, where they told anything."""
    told: dict[int, Outcome] = {}
    for part in run.parts:
        job = TrainingJob(run.bucket, run.lab, run.run_id, part.shuffle)
        attempt = part.attempt - part.earlier_attempts
        if outcome := find_outcome(outcomes, job, part.job_id, attempt):
            told[part.shuffle] = outcome
    return told


def sum_up(run: Run, told: Mapping[int, Outcome]) -> Run:
    """Return a run as it ends when all its parts have.

    Args:
        told: by shuffle, what the last attempt left: its files and notes.
    """
    trained = [part for part in run.parts if part.status is Status.SUCCEEDED]
    others = [part for part in run.parts if part.status is not Status.SUCCEEDED]
    measured = next((part for part in trained if part.images_per_second), None)
    types = {part.instance_type for part in run.parts}
    outcomes = [told[part.shuffle] for part in trained if part.shuffle in told]
    return replace(
        run,
        status=_status_of(others),
        message=_message(trained, others),
        remedy=_remedy(trained, others),
        metrics=mean_metrics(trained),
        timings=_sums(part.timings for part in run.parts),
        files=tuple(dict.fromkeys(file for outcome in outcomes for file in outcome.files)),
        notes=_notes(run, told),
        attempt=max(part.attempt for part in run.parts),
        images_per_second=measured.images_per_second if measured else None,
        instance_type=types.pop() if len(types) == 1 else None,
        cost=_cost(run.parts),
    )


def _status_of(others: Sequence[Run]) -> Status:
    states = {part.status for part in others}
    if not states:
        return Status.SUCCEEDED
    return Status.FAILED if Status.FAILED in states else Status.CANCELLED


def _message(trained: Sequence[Run], others: Sequence[Run]) -> str:
    count = len(trained) + len(others)
    if not others:
        return f"All {count} shuffles were trained.{_spread(trained)}"
    ends = " ".join(f"Shuffle {part.shuffle}: {part.message}" for part in others)
    were = "was" if len(trained) == 1 else "were"
    return f"{len(trained)} of {count} shuffles {were} trained.{_spread(trained)} {ends}"


def _remedy(trained: Sequence[Run], others: Sequence[Run]) -> str:
    remedies = [part.remedy for part in others if part.remedy][:1]
    if trained and others:
        lacking = listed((part.shuffle for part in others), len(others))
        remedies += [f"With `shuffles: [{lacking}]` in dlc-batch.yaml only the rest is trained."]
    return " ".join(remedies)


def _spread(trained: Sequence[Run]) -> str:
    errors = [part.metrics["test_rmse_px"] for part in trained if "test_rmse_px" in part.metrics]
    if len(errors) < 2:
        return ""
    return (
        f" The error on their test frames is {fmean(errors):.2f} px in the mean"
        f" (standard deviation {stdev(errors):.2f} px)."
    )


def mean_metrics(parts: Sequence[Run]) -> dict[str, float]:
    """Return the mean of each score that all of some parts have; their intervals have none."""
    names = [name for name in (parts[0].metrics if parts else {}) if name.endswith(_MEANT)]
    return {
        name: fmean(part.metrics[name] for part in parts)
        for name in names
        if all(name in part.metrics for part in parts)
    }


def _sums(timings: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for each in timings:
        for stage, seconds in each.items():
            total[stage] = total.get(stage, 0.0) + seconds
    return total


def _notes(run: Run, told: Mapping[int, Outcome]) -> tuple[str, ...]:
    """The notes of the check and of all trainings, each once, and whose it is where not all's."""
    by_note: dict[str, list[int]] = {}
    for shuffle, outcome in told.items():
        for note in dict.fromkeys(outcome.notes):
            by_note.setdefault(note, []).append(shuffle)
    notes = list(run.notes)
    for note, shuffles in by_note.items():
        if note not in run.notes:
            is_alls = len(shuffles) == len(run.parts)
            notes.append(note if is_alls else f"Shuffle {listed(map(str, shuffles))}: {note}")
    return tuple(notes)


def _cost(parts: Sequence[Run]) -> dict[str, float]:
    costs = [Cost.from_dict(part.cost) for part in parts if part.cost]
    return sum(costs, Cost()).to_dict() if costs else {}
