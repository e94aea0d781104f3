"""`dlc-batch fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, bytes_bar, json_option, print_json
from dlc_batch_core.words import counted

if TYPE_CHECKING:
    from dlc_batch.fetching import Fetched


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace files that differ; keep them aside.")
@json_option
@click.pass_obj
def fetch(
    options: Options, run_id: str, folder: Path | None, overwrite: bool, as_json: bool
) -> None:
    """Get the results of RUN into FOLDER.

    With the project's own folder as FOLDER, DeepLabCut finds the trained network there; the
    project's config.yaml is not touched. Without FOLDER, a folder of the run's name is made.
    """
    from dlc_batch.fetching import fetch as fetch_results  # here: --help needs no boto3
    from dlc_batch.fetching import list_results
    from dlc_batch.runs import find_run

    cloud = options.connect()
    run = find_run(cloud, run_id)
    results = list_results(cloud, run)
    folder = folder or Path(run_id)
    with bytes_bar(sum(result.size for result in results), "Fetching") as bar:
        fetched = fetch_results(cloud, run, results, folder, overwrite, bar.update)
    if as_json:
        print_json({"folder": str(folder.resolve()), **vars(fetched)})
    else:
        _print_fetched(fetched, folder)


def _print_fetched(fetched: Fetched, folder: Path) -> None:
    for path in fetched.written:
        click.echo(str(folder / path))
    for path in fetched.kept:
        click.echo(f"kept the earlier file as {folder / path}", err=True)
    if fetched.unchanged:
        click.echo(f"There already: {counted(len(fetched.unchanged), 'files')}.", err=True)
