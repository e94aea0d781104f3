"""`dlc-batch check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dlc_batch.checking import check_path, name_of, project_at
from dlc_batch.cli import request_options
from dlc_batch.cli.options import json_option, looking_bar, print_json
from dlc_batch.cli.request_options import RequestCommand, blame_options, changes_of
from dlc_batch.inherited import notes_of_settings
from dlc_batch.request_changes import RequestChanges, changed_request
from dlc_batch_core.check import Check
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Severity
from dlc_batch_core.trainings import trainings_of
from dlc_batch_core.words import counted


@click.command(cls=RequestCommand)
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def check(project: Path, as_json: bool, **asked: Any) -> None:
    """Check PROJECT, a project's folder or its zip, as the cloud will.

    It says too what is taken over of a shuffle that lies in the project, made at home or fetched.
    The options below go over what dlc-batch.yaml says, as those of `submit` do. Exits 0 if it can
    be trained, 1 if not.
    """
    project = project_at(project)
    found, _ = check_changed(project, changes_of(asked))
    notes = notes_of_settings(project, found)
    if as_json:
        print_json(to_answer(found, notes))
    elif not project.exists():
        click.echo(f"There is no file or folder {project}.")
    else:
        print_check(found, name_of(project), notes)
    raise SystemExit(0 if found.is_trainable else 1)


check.params += request_options.options()


def check_changed(project: Path, changes: RequestChanges) -> tuple[Check, str | None]:
    """Check what would be sent, and return the text of its request where it is changed."""
    try:
        request = changed_request(project, changes) if project.exists() else None
    except ProjectError as error:
        return Check(error.problems), None
    return blame_options(check_with_bar(project, request), changes), request


def check_with_bar(project: Path, request: str | None = None) -> Check:
    """Check a project; where it takes longer, a bar on stderr tells how far it is."""
    with looking_bar("Checking images") as looked:
        return check_path(project, looked, request)


def to_answer(found: Check, notes: Sequence[str] = ()) -> dict[str, object]:
    """Return the answer of `check --json`."""
    return {
        "trainable": found.is_trainable,
        "problems": [each.to_dict() for each in found.problems],
        "mended": list(found.mended),
        "cameras": list(found.cameras_told),
        "trainings": [each.to_dict() for each in trainings_of(found)],
        "notes": list(notes),
    }


def print_check(found: Check, name: str, notes: Sequence[str] = ()) -> None:
    """Print a check for a person."""
    for each in found.problems:
        _print_problem(each.severity, each.where, each.code, each.what, each.remedy)
    for sentence in found.mended:
        click.echo(f"mended in the copy that is trained: {sentence}")
    for sentence in found.cameras_told:
        click.echo(f"cameras: {sentence}")
    for sentence in notes:
        click.echo(f"note: {sentence}")
    click.echo(f"{name} can be trained." if found.is_trainable else f"{name} can't be trained.")


def print_errors(found: Check, project: Path) -> None:
    """Print why a project can't be trained: its errors, which warnings would bury."""
    errors = [each for each in found.problems if each.severity is Severity.ERROR]
    for each in errors:
        _print_problem(each.severity, each.where, each.code, each.what, each.remedy)
    if others := len(found.problems) - len(errors):
        command = f"dlc-batch check {project} (with the same options)"
        click.echo(f"Besides, {counted(others, 'warnings')}: see {command}")
    click.echo("The project can't be trained as it is.")


def _print_problem(severity: str, where: str, code: str, what: str, remedy: str) -> None:
    click.echo(f"{severity}: {where} ({code})\n  {what}\n  {remedy}")
