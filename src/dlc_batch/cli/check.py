"""`dlc-batch check`."""

from __future__ import annotations

from pathlib import Path

import click

from dlc_batch.cli.options import json_option, print_json
from dlc_batch_core.catalogue import problem
from dlc_batch_core.check import Check, check_archive, check_upload
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.project_folder import FolderArchive


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def check(project: Path, as_json: bool) -> None:
    """Check PROJECT, a project's folder or its zip, as the cloud will.

    Exits 0 if it can be trained, 1 if not.
    """
    found = check_path(project)
    if as_json:
        print_json(to_answer(found))
    else:
        print_check(found, _name(project))
    raise SystemExit(0 if found.is_trainable else 1)


def to_answer(found: Check) -> dict[str, object]:
    """Return the answer of `check --json`."""
    return {
        "trainable": found.is_trainable,
        "problems": [each.to_dict() for each in found.problems],
        "mended": list(found.mended),
    }


def print_check(found: Check, name: str) -> None:
    """Print a check for a person."""
    for each in found.problems:
        click.echo(f"{each.severity}: {each.where} ({each.code})\n  {each.what}\n  {each.remedy}")
    for sentence in found.mended:
        click.echo(f"mended in the copy that is trained: {sentence}")
    click.echo(f"{name} can be trained." if found.is_trainable else f"{name} can't be trained.")


def check_path(project: Path) -> Check:
    """Check a project's folder, or its zip."""
    try:
        if project.is_dir():
            return check_archive(FolderArchive(project), _name(project))
        with project.open("rb") as file:
            return check_upload(file, _name(project))
    except ProjectError as error:
        return Check(error.problems)
    except OSError as error:
        what = f"It can't be read: {error.strerror}."
        return Check((problem("unreadable", str(project), what),))


def _name(project: Path) -> str:
    return project.resolve().name or str(project)  # "." has no name of its own
