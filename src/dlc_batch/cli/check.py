"""`dlc-batch check`."""

from __future__ import annotations

from pathlib import Path

import click

from dlc_batch.checking import check_path, name_of
from dlc_batch.cli.options import json_option, looking_bar, print_json
from dlc_batch_core.check import Check


@click.command()
@click.argument("project", type=click.Path(path_type=Path))
@json_option
def check(project: Path, as_json: bool) -> None:
    """Check PROJECT, a project's folder or its zip, as the cloud will.

    Exits 0 if it can be trained, 1 if not.
    """
    found = check_with_bar(project)
    if as_json:
        print_json(to_answer(found))
    else:
        print_check(found, name_of(project))
    raise SystemExit(0 if found.is_trainable else 1)


def check_with_bar(project: Path, request: str | None = None) -> Check:
    """Check a project; where it takes longer, a bar on stderr tells how far it is."""
    with looking_bar("Checking images") as looked:
        return check_path(project, looked, request)


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
        click.echo(f"{each.severity}: {each.where}\n  {each.what}\n  {each.remedy}")
    for sentence in found.mended:
        click.echo(f"mended in the copy that is trained: {sentence}")
    click.echo(f"{name} can be trained." if found.is_trainable else f"{name} can't be trained.")
