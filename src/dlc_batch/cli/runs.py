"""`dlc-batch list` and `dlc-batch status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dlc_batch import LAB_VARIABLE
from dlc_batch.cli.options import Options, json_option, print_json
from dlc_batch_core.money import cost_of, quote_of

if TYPE_CHECKING:
    from dlc_batch.runs import RunStatus
    from dlc_batch_core.progress import Progress


@click.command("list")
@click.option("--lab", envvar=LAB_VARIABLE, help="Only the runs of this lab.")
@json_option
@click.pass_obj
def list_(options: Options, lab: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    from dlc_batch.labs import check_lab  # here: --help needs no boto3
    from dlc_batch.runs import RunStatus, list_runs

    if lab is not None:
        check_lab(lab)
    runs = list_runs(options.connect(), lab)
    if as_json:
        print_json({"runs": [RunStatus.from_record(run).to_dict() for run in runs]})
        return
    if not runs:
        whose = f"Lab `{lab}` has no runs." if lab else "No runs yet."
        click.echo(f"{whose} To send a project: dlc-batch submit PROJECT", err=True)
    for run in runs:
        click.echo(f"{run.submitted_at[:16]}  {run.status:<10}  {run.lab:<12}  {run.run_id}")


@click.command()
@click.argument("run_id", metavar="RUN")
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
        _print_status(found)
    ended_badly = found.run.status.is_final and found.run.status != "SUCCEEDED"
    raise SystemExit(1 if ended_badly else 0)


def _print_status(found: RunStatus) -> None:
    run, progress = found.run, found.progress
    attempt = f", attempt {run.attempt}" if run.attempt > 1 else ""
    click.echo(
        f"{run.run_id}  {run.status}{attempt}  (lab {run.lab}, uploaded {run.submitted_at[:16]})"
    )
    if progress and not run.status.is_final:
        click.echo(_progress_text(progress))
    for part in found.parts:
        how = part.run.message if part.run.status.is_final else _progress_text(part.progress)
        click.echo(f"shuffle {part.run.shuffle:<4} {part.run.status:<10} {how}".rstrip())
    money = cost_of(run) if run.status.is_final else quote_of(run)
    for text in (run.message, run.remedy, money):
        if text:
            click.echo(text)
    for problem in run.problems:
        click.echo(f"{problem.severity}: {problem.where}: {problem.what} {problem.remedy}")
    if run.metrics and found.parts:
        click.echo("mean of the shuffles:")
    for name, value in run.metrics.items():
        click.echo(f"  {name:<24} {value:10.2f}" if value % 1 else f"  {name:<24} {value:7.0f}")
    if run.status.is_final and run.files:
        click.echo(f"To get the results: dlc-batch fetch {run.run_id} PROJECT_FOLDER", err=True)


def _progress_text(progress: Progress | None) -> str:
    if progress is None:
        return ""
    loss = f", loss {progress.loss:.5f}" if progress.loss is not None else ""
    epochs = f": epoch {progress.epoch} of {progress.epochs}{loss}" if progress.epochs else ""
    return f"{progress.stage}{epochs}"
