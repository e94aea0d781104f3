"""`dlc-batch delete`."""

from __future__ import annotations

import click

from dlc_batch.cli.options import Options, json_option, objects_bar, print_json, run_argument
from dlc_batch_core.words import counted


@click.command()
@run_argument
@click.option("--yes", is_flag=True, help="Do it: nothing brings the data back.")
@json_option
@click.pass_obj
def delete(options: Options, run_id: str, yes: bool, as_json: bool) -> None:
    """Delete RUN for good: its upload, results, checkpoints and record.

    Without --yes it only says what it would delete. Safe to repeat where it was cut off.
    """
    from dlc_batch import deleting  # here: --help needs no boto3
    from dlc_batch.runs import find_run

    cloud = options.connect()
    run = find_run(cloud, run_id)
    held = deleting.measure(cloud, run)
    if yes:
        with objects_bar(held.objects, "Deleting") as bar:
            deleting.delete(cloud, run, bar.update)
    if as_json:
        values = {"run_id": run.run_id, "lab": run.lab, "deleted": yes}
        print_json({**values, "objects": held.objects, "bytes": held.size})
    else:
        what = f"{counted(held.objects, 'objects')}, {held.size:,} bytes, and its record"
        click.echo(f"{run.run_id}: {what}{': deleted' if yes else ''}")
    if not yes:
        click.echo("Nothing was deleted. Nothing brings the data back: say --yes.", err=True)
        raise SystemExit(2)
