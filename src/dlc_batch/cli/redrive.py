"""`dlc-batch redrive`."""

from __future__ import annotations

import click

from dlc_batch.cli.options import Options, json_option, print_json


@click.command()
@json_option
@click.pass_obj
def redrive(options: Options, as_json: bool) -> None:
    """Tell the functions again what they could not deal with.

    That waits in the stack's queue `Undelivered`. Mend the cause first: what fails again comes
    back into the queue. Safe to repeat.
    """
    from dlc_batch import redriving  # here: --help needs no boto3

    account = options.find_account()
    found = redriving.read_undelivered(account)
    for each in redriving.redrive(account, found):
        if not as_json:
            click.echo(f"{each.about}: {each.fate}")
            click.echo(f"  it had failed: {each.why or 'no reason is known'}")
    if as_json:
        answers = [{"about": each.about, "fate": each.fate, "why": each.why} for each in found]
        print_json({"events": answers})
    elif not found:
        click.echo("Nothing waits in the queue.")
