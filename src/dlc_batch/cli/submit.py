"""`dlc-batch submit`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dlc_batch import LAB_VARIABLE
from dlc_batch.checking import project_at
from dlc_batch.cli import request_options
from dlc_batch.cli.bars import stage
from dlc_batch.cli.check import check_changed, print_errors, to_answer
from dlc_batch.cli.options import Options, bytes_bar, json_option, print_json
from dlc_batch.cli.request_options import RequestCommand, changes_of
from dlc_batch.inherited import notes_of_settings
from dlc_batch.profiles import settings
from dlc_batch_core.check import Check
from dlc_batch_core.keys import DEFAULT_LAB, UploadKey

if TYPE_CHECKING:
    from tqdm import tqdm

    from dlc_batch.cloud import Cloud
    from dlc_batch.outbox import Outbox
    from dlc_batch.submitting import Submitted


@click.command(cls=RequestCommand)
@click.argument("project", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--lab",
    default=DEFAULT_LAB,
    envvar=LAB_VARIABLE,
    show_default=True,
    help=f"Lab that the run is of, also by {LAB_VARIABLE}.",
)
@click.option("--name", help="Name of the upload. Default: the folder's or the zip's.")
@click.option(
    "--dry-run", is_flag=True, help="Send nothing: tell what would be sent, and what it may cost."
)
@click.option(
    "--again", is_flag=True, help="Send it although the same is queued or running already."
)
@json_option
@click.pass_obj
def submit(
    options: Options,
    /,
    project: Path,
    lab: str,
    name: str | None,
    dry_run: bool,
    again: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Send PROJECT, a project's folder or its zip, to be trained.

    Of a folder goes what training needs: settings, labels and labelled images, the settings and
    split of a shuffle that you made at home, the calibration of cameras, and the videos that
    `analyze_videos` asks for. Other videos and old models stay here. Interrupted, the same command
    goes on where it stopped.

    What to train stands in the project's dlc-batch.yaml. The options below go over it in what is
    sent; the file itself stays as it is.

    The same project with the same request as a run of the lab that is queued or running is asked
    about in a terminal; elsewhere it is sent with --again only.
    """
    from dlc_batch.submitting import upload_key, upload_name  # here: --help needs no boto3

    project = project_at(project)
    target = upload_key(lab, name or upload_name(project))
    changes = changes_of(asked)
    found, request = check_changed(project, changes)  # of a folder all, also what would stay here
    if dry_run:
        _preview(options, project, target, found, request, as_json)
    if not found.is_trainable:
        _refuse(found, project, as_json)
    notes = notes_of_settings(project, found)
    for note in notes:
        click.echo(note, err=True)
    cloud = options.connect()
    submitted = _submit(cloud, project, target, request, again)
    settings().remember_runs([submitted.run_id])
    if as_json:
        print_json({**vars(submitted), "notes": list(notes)})
        return
    click.echo(submitted.run_id)
    click.echo(f"Sent to {cloud.name}. To watch it: dlc-batch watch {submitted.run_id}", err=True)


submit.params += request_options.options()


def _preview(
    options: Options,
    project: Path,
    target: UploadKey,
    found: Check,
    request: str | None,
    as_json: bool,
) -> NoReturn:
    from dlc_batch.cli.preview import show_preview

    is_trainable = show_preview(options, project, target, found, request, as_json)
    raise SystemExit(0 if is_trainable else 1)


def _refuse(found: Check, project: Path, as_json: bool) -> NoReturn:
    if as_json:
        print_json(to_answer(found))
    else:
        print_errors(found, project)
    click.echo("Nothing was sent.", err=True)
    raise SystemExit(1)


def _submit(
    cloud: Cloud, project: Path, target: UploadKey, request: str | None, again: bool
) -> Submitted:
    from dlc_batch.outbox import open_outbox

    with open_outbox(cloud.bucket, target.key) as outbox:
        archive = _zip(project, request, outbox) if project.is_dir() else project
        return _send(cloud, archive, target, outbox, again)


def _zip(project: Path, request: str | None, outbox: Outbox) -> Path:
    from dlc_batch.packing import plan_packing

    files = plan_packing(project, request)
    with bytes_bar(sum(file.size for file in files), "Packing") as bar:
        return outbox.pack(files, bar.update)


def _send(
    cloud: Cloud, archive: Path, target: UploadKey, outbox: Outbox, again: bool
) -> Submitted:
    from dlc_batch.submitting import send

    with bytes_bar(archive.stat().st_size, "Hashing") as bar:

        def say(text: str) -> None:
            bar.write(text, file=sys.stderr)

        sent = stage(bar, "Uploading")
        begins = _no_matter if again else _asker(cloud, target, bar)
        return send(cloud, archive, target, sent, say, outbox, read=bar.update, begins=begins)


def _no_matter(_: str) -> None:
    """Take it as meant."""


def _asker(cloud: Cloud, target: UploadKey, bar: tqdm[Any]) -> Callable[[str], None]:
    """Return what is told a zip's SHA-256, and lets the same be sent twice by leave only."""
    from dlc_batch.twins import SentAlready, check_for_twin

    def begins(sha256: str) -> None:
        try:
            check_for_twin(cloud, target, sha256, settings().recent_runs())
        except SentAlready as twin:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            bar.clear()
            known = f"The same project with the same request is {twin.status} already"
            click.echo(f"{known}, as run {twin.run_id}.", err=True)
            click.confirm("Train it once more, and pay for both?", abort=True, err=True)

    return begins
