"""`dlc-batch fetch`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from dlc_batch.cli.bars import FetchBar
from dlc_batch.cli.options import (
    NotWell,
    Options,
    bytes_bar,
    json_option,
    print_json,
    run_argument,
)
from dlc_batch_core.words import counted, listed

#: Of the whole run, or one of each shuffle.
_REPORT = "report.html"

if TYPE_CHECKING:
    from tqdm import tqdm

    from dlc_batch.cloud import Cloud
    from dlc_batch.fetching import Changes, Fetched, Result
    from dlc_batch_core.run import Run


@click.command()
@run_argument
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--overwrite", is_flag=True, help="Replace files that differ without asking; keep them aside."
)
@click.option(
    "--other-project", is_flag=True, help="Go ahead although FOLDER is of another project."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
@click.pass_obj
def fetch(
    options: Options,
    run_id: str,
    folder: Path | None,
    overwrite: bool,
    other_project: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Get the results of RUN into FOLDER.

    With the project's own folder as FOLDER, DeepLabCut finds the trained network there; the
    project's config.yaml is not touched. Without FOLDER, a folder of the run's name is made.

    All files come, or none. After a fetch that was broken off, the same command goes on from
    where it got. Files that are there and differ are asked about in a terminal; elsewhere they
    stop it, unless --overwrite is given. So does a FOLDER whose config.yaml is of another project
    than the run, unless --other-project is given.

    Of several shuffles, those come that were trained to their end. Exits 1 if RUN has no results,
    or they are no longer whole.
    """
    from dlc_batch.fetching import fetch as fetch_results  # here: --help needs no boto3
    from dlc_batch.fetching import preview
    from dlc_batch.runs import find_run

    cloud = options.connect()
    run = find_run(cloud, run_id)
    results = _list_results(cloud, run)
    folder = folder or Path(run_id)
    other_project = other_project or _may_be_other(results, folder)
    size = sum(result.size for result in results)
    if dry_run:
        with bytes_bar(size, "Comparing") as bar:
            changes = preview(cloud, run, results, folder, _teller(bar), bar.update, other_project)
        _print_changes(changes, as_json)
        return
    with bytes_bar(size, "Fetching") as bar:
        shown = FetchBar(bar)
        fetched = fetch_results(
            cloud,
            run,
            results,
            folder,
            overwrite,
            shown.got,
            told=_teller(bar),
            ask=lambda changes: _ask(changes, bar),
            read=shown.read,
            other_project=other_project,
        )
    if as_json:
        print_json({"folder": str(folder.resolve()), **vars(fetched)})
    else:
        _print_fetched(fetched, folder)


def _list_results(cloud: Cloud, run: Run) -> tuple[Result, ...]:
    from dlc_batch.fetching.results import LostResults, NoResults, list_results, shuffles_without

    try:
        results = list_results(cloud, run)
    except (NoResults, LostResults) as error:
        raise NotWell(error.message, error.remedy) from None
    if without := shuffles_without(run):
        _tell(f"Run {run.run_id} is {run.status}: nothing comes of shuffle {listed(without)}.")
    return results


def _may_be_other(results: tuple[Result, ...], folder: Path) -> bool:
    """Ask in a terminal whether results may go to another project's folder; True: they may.

    Raises:
        OtherProject: they would, and nobody can be asked.
    """
    from dlc_batch.fetching import OtherProject, check_project

    try:
        check_project(results, folder)
    except OtherProject as found:
        if not _is_terminal():
            raise
        _tell(f"This run is of project {found.of_run}, and {folder} of {found.of_folder}.")
        click.confirm("Go ahead all the same?", default=False, abort=True, err=True)
        return True
    return False


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _teller(bar: tqdm[Any]) -> Callable[[str], None]:
    return lambda sentence: bar.write(sentence, file=sys.stderr)


def _ask(changes: Changes, bar: tqdm[Any]) -> bool:
    """Ask in a terminal whether files may be replaced."""
    if not _is_terminal():
        return False
    bar.clear()
    _tell(f"These files of {changes.folder} are there already and differ:")
    newer = changes.newer
    for path in changes.differing:
        _tell(f"  {path}{' (newer than the run)' if path in newer else ''}")
    question = "Replace them, and keep each as NAME.before-RUN?"
    return click.confirm(question, default=False, err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _print_changes(changes: Changes, as_json: bool) -> None:
    replaced = [str(each.path) for each in (*changes.grown, *changes.replaced)]
    todo = {
        "written": [str(each.path) for each in changes.new],
        "replaced": replaced,
        "set_aside": list(changes.rivals),
    }
    if as_json:
        head = {"folder": str(changes.folder.resolve()), "dry_run": True}
        size = sum(each.size for each in changes.to_write)
        unchanged = [str(each.path) for each in changes.unchanged]
        more = {"newer": list(changes.newer), "unchanged": unchanged}
        print_json({**head, "bytes": size, **todo, **more})
        return
    for word, paths in todo.items():
        for path in paths:
            newer = " (newer than the run)" if path in changes.newer else ""
            click.echo(f"{word.replace('_', ' '):9}  {changes.folder / path}{newer}")
    _print_unchanged(len(changes.unchanged))
    if changes.differing:
        _tell("What differs is kept as NAME.before-RUN, and only replaced by your leave.")


def _print_fetched(fetched: Fetched, folder: Path) -> None:
    for path in fetched.written:
        click.echo(str(folder / path))
    for path in fetched.kept:
        _tell(f"kept the earlier file as {folder / path}")
    _print_unchanged(len(fetched.unchanged))
    there = sorted({*fetched.written, *fetched.unchanged})
    for report in (each for each in there if PurePosixPath(each).name == _REPORT):
        _tell(f"To start: open {folder / report} in a browser.")


def _print_unchanged(count: int) -> None:
    if count:
        _tell(f"There already: {counted(count, 'files')}.")
