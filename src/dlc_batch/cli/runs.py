"""`dlc-batch list` and `dlc-batch status`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from dlc_batch import LAB_VARIABLE
from dlc_batch.cli.options import Options, json_option, print_json, run_argument
from dlc_batch.profiles import settings
from dlc_batch.wording import (
    ago,
    attempt_words,
    doing,
    figures,
    in_space,
    lasted,
    local_time,
    score_lines,
    short_cost,
    short_error,
)
from dlc_batch_core.money import cost_of, quote_of
from dlc_batch_core.run import Run, Status
from dlc_batch_core.verdicts import verdict_told

if TYPE_CHECKING:
    from dlc_batch.runs import RunStatus


@click.command("list")
@click.option("--lab", envvar=LAB_VARIABLE, help="Only the runs of this lab.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(each) for each in Status], case_sensitive=False),
    help="Only runs in this state; may be given several times.",
)
@json_option
@click.pass_obj
def list_(options: Options, lab: str | None, states: tuple[str, ...], as_json: bool) -> None:
    """List runs, newest first.

    Columns: when each was sent, its state, how long it took, what it cost, its error on test
    frames, its lab, and its id. Columns in which nothing stands are left out.
    """
    from dlc_batch.labs import check_lab  # here: --help needs no boto3
    from dlc_batch.runs import RunStatus, list_runs

    if lab is not None:
        check_lab(lab)
    runs = [run for run in list_runs(options.connect(), lab) if not states or run.status in states]
    settings().remember_runs(run.run_id for run in runs)
    if as_json:
        print_json({"runs": [RunStatus.from_record(run).to_dict() for run in runs]})
        return
    if not runs:
        whose = f"Lab `{lab}` has no" if lab else "No"
        which = " or ".join(states)
        what = f"{whose} runs{f' in state {which}' if which else ''}."
        click.echo(f"{what} To send a project: dlc-batch submit PROJECT", err=True)
    for line in _table(runs, time.time()):
        click.echo(line)


_HEAD = ("SENT", "STATE", "TOOK", "COST", "ERROR", "LAB", "RUN")


def _table(runs: Sequence[Run], now: float) -> Iterator[str]:
    """Columns as wide as they need be; the run's id is last and never cut."""
    rows = [
        (
            ago(run.submitted_at, now),
            str(run.status),
            lasted(run, now),
            short_cost(run),
            short_error(run),
            run.lab,
            run.run_id,
        )
        for run in runs
    ]
    columns = [(head, *cells) for head, *cells in zip(_HEAD, *rows, strict=True) if any(cells)]
    wide = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    for line in zip(*wide, strict=True):
        yield "  ".join(line).rstrip()


@click.command()
@run_argument
@json_option
@click.pass_obj
def status(options: Options, run_id: str, as_json: bool) -> None:
    """Show how RUN is.

    Exits 1 if it failed, was rejected or was cancelled.
    """
    from dlc_batch.runs import read_status

    found = read_status(options.connect(), run_id)
    if as_json:
        print_json(found.to_dict())
    else:
        print_status(found)
    raise SystemExit(1 if found.ended_badly else 0)


def print_status(found: RunStatus) -> None:
    """Print how a run is for a person."""
    run = found.run
    for text in (*_head(run), *_course(found), *_texts(run)):
        if text:
            click.echo(text)
    for problem in run.problems:
        click.echo(f"{problem.severity}: {problem.where}: {problem.what} {problem.remedy}")
    figures = {**run.metrics, **in_space(run)}
    if figures and found.parts:
        click.echo("mean of the shuffles:")
    for line in score_lines(figures):
        click.echo(line)
    if run.status.is_final and run.files:
        click.echo(f"To get the results: dlc-batch fetch {run.run_id} PROJECT_FOLDER", err=True)


def _head(run: Run) -> Iterator[str]:
    now = time.time()
    attempt = f", {words}" if (words := attempt_words(run)) else ""
    yield f"{run.run_id}  {run.status}{attempt}"
    took = f", took {lasted(run, now)}" if run.status.is_final else ""
    sent = f"sent {local_time(run.submitted_at)} ({ago(run.submitted_at, now)})"
    yield f"lab {run.lab}, {sent if run.submitted_at else 'not dated'}{took}"


def _course(found: RunStatus) -> Iterator[str]:
    """How the run's trainings are, as long as there is more to tell than its message."""
    if not found.parts and not found.run.status.is_final:
        yield _course_of(found)
    for part in found.parts:
        yield f"shuffle {part.run.shuffle:<4} {part.run.status:<10} {_course_of(part)}".rstrip()


def _course_of(one: RunStatus) -> str:
    texts = [doing(one.run, one.progress)]
    if one.progress and not one.run.status.is_final:
        texts.append(figures(one.progress))
    return ": ".join(text for text in texts if text)


def _texts(run: Run) -> Iterator[str]:
    yield verdict_told(run.verdict)
    for part in run.parts:
        yield verdict_told(part.verdict, f" of shuffle {part.shuffle}")
    yield run.message
    yield run.remedy
    yield cost_of(run) if run.status.is_final else quote_of(run)
