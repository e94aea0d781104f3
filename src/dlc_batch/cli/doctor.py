"""`dlc-batch doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, json_option, print_json

if TYPE_CHECKING:
    from dlc_batch.doctor.examination import Examination, Looked


@click.command()
@json_option
@click.pass_obj
def doctor(options: Options, as_json: bool) -> None:
    """Examine the deployed stack: what is wrong, where, and how to mend it.

    It changes nothing. Exits 0 if nothing is wrong, 1 if something is; a warning is not wrong.
    """
    from dlc_batch.doctor.deployment import read_deployment  # here: --help needs no boto3
    from dlc_batch.doctor.examination import examine

    deployment = read_deployment(options.find_stack())
    whose = f"account {deployment.account}, region {deployment.region}"
    click.echo(f"Stack {deployment.stack.name}, {whose}", err=True)
    found = examine(deployment)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_examination(found)
    raise SystemExit(0 if found.is_well else 1)


def _print_examination(found: Examination) -> None:
    for each in found.looked:
        _print_look(each)
    seen = "" if all(not each.not_checked for each in found.looked) else ", as far as was checked"
    click.echo(f"The stack is well{seen}." if found.is_well else "The stack is not well.")


def _print_look(looked: Looked) -> None:
    unseen = looked.verdict == "not checked"
    click.echo(f"{looked.verdict:<12} {looked.at}{f': {looked.not_checked}' * unseen}")
    for each in looked.findings:
        click.echo(f"  {each.where}: {each.what}\n    {each.remedy}")
    if looked.not_checked and not unseen:
        click.echo(f"  not all checked: {looked.not_checked}")
