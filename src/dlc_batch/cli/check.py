"""`dlc-batch check`."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import click

from dlc_batch.cli.options import json_option, print_json
from dlc_batch.packing import pack, plan_packing
from dlc_batch_core.check import Check, check_upload
from dlc_batch_core.errors import LabError, ProjectError
from dlc_batch_core.problems import Problem


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def check(project: Path, as_json: bool) -> None:
    """Check PROJECT, a project's folder or its zip, as the cloud will.

    Exits 0 if it can be trained, 1 if not.
    """
    found = _check(project)
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
    for problem in found.problems:
        click.echo(_as_lines(problem))
    click.echo(f"{name} can be trained." if found.is_trainable else f"{name} can't be trained.")


def _as_lines(problem: Problem) -> str:
    return f"{problem.severity}: {problem.where}\n  {problem.what}\n  {problem.remedy}"


def _check(project: Path) -> Check:
    try:
        if project.is_dir():
            return _check_folder(project)
        with project.open("rb") as file:
            return check_upload(file, _name(project))
    except OSError as error:
        what = f"It can't be read: {error.strerror}."
        return Check((Problem("unreadable", str(project), what, "Look at the path."),))


def _name(project: Path) -> str:
    return project.resolve().name or str(project)  # "." has no name of its own


def _check_folder(project: Path) -> Check:
    try:
        files = plan_packing(project)
    except ProjectError as error:
        return Check(error.problems)
    except LabError:
        return check_upload(io.BytesIO(_EMPTY_ZIP), _name(project))
    with tempfile.TemporaryDirectory(prefix="dlc-batch-") as folder:
        archive = Path(folder, "project.zip")
        pack(files, archive)
        with archive.open("rb") as file:
            return check_upload(file, _name(project))


#: The directory of a zip without members: a folder without a project, as the check sees it.
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
