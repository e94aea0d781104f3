"""`dlc-batch submit`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from dlc_batch import LAB_VARIABLE
from dlc_batch.cli.check import check_path, print_check, to_answer
from dlc_batch.cli.options import Options, bytes_bar, json_option, print_json
from dlc_batch.inherited import notes_of_earlier_runs
from dlc_batch.packing import pack, plan_packing
from dlc_batch_core.check import Check
from dlc_batch_core.keys import DEFAULT_LAB, UploadKey

if TYPE_CHECKING:
    from dlc_batch.cloud import Cloud
    from dlc_batch.submitting import Submitted


@click.command()
@click.argument("project", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--lab",
    default=DEFAULT_LAB,
    envvar=LAB_VARIABLE,
    show_default=True,
    help=f"Lab that the run is of, also by {LAB_VARIABLE}.",
)
@click.option("--name", help="Name of the upload. Default: the folder's or the zip's.")
@json_option
@click.pass_obj
def submit(options: Options, project: Path, lab: str, name: str | None, as_json: bool) -> None:
    """Send PROJECT, a project's folder or its zip, to be trained.

    Of a folder goes what training needs: settings, labels and labelled images, the settings and
    split of a shuffle that you made at home, and the videos that `analyze_videos` asks for. Other
    videos and old models stay here.
    """
    from dlc_batch.submitting import upload_key  # here: --help needs no boto3

    target = upload_key(
        lab, name or (project.stem if project.is_file() else project.resolve().name)
    )
    found = check_path(project)  # of a folder all, also what would stay here
    if not found.is_trainable:
        _refuse(found, as_json)
    cloud = options.connect()
    with tempfile.TemporaryDirectory(prefix="dlc-batch-") as folder:
        archive = _zip(project, Path(folder)) if project.is_dir() else project
        submitted = _send(cloud, archive, target)
    notes = notes_of_earlier_runs(project, found) if project.is_dir() else ()
    if as_json:
        print_json({**vars(submitted), "notes": list(notes)})
        return
    click.echo(submitted.run_id)
    for note in notes:
        click.echo(note, err=True)
    click.echo(f"Sent to {cloud.name}. To watch it: dlc-batch status {submitted.run_id}", err=True)


def _zip(project: Path, folder: Path) -> Path:
    files = plan_packing(project)
    archive = folder / "project.zip"
    with bytes_bar(sum(file.size for file in files), "Packing") as bar:
        pack(files, archive, bar.update)
    return archive


def _refuse(found: Check, as_json: bool) -> NoReturn:
    if as_json:
        print_json(to_answer(found))
    else:
        print_check(found, "The project")
    click.echo("Nothing was sent.", err=True)
    raise SystemExit(1)


def _send(cloud: Cloud, archive: Path, target: UploadKey) -> Submitted:
    from dlc_batch.submitting import send

    with bytes_bar(archive.stat().st_size, "Uploading") as bar:
        return send(cloud, archive, target, bar.update)
