"""`dlc-batch lab`: who hears about which lab, and what each spends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, json_option, print_json
from dlc_batch_core.run import time_text

if TYPE_CHECKING:
    from dlc_batch.labs import Subscriber
    from dlc_batch.spending import Spending


@click.group()
def lab() -> None:
    """Choose who hears about which lab, and see what each spends."""


@lab.command()
@click.argument("lab_name", metavar="LAB")
@click.argument("email")
@json_option
@click.pass_obj
def add(options: Options, lab_name: str, email: str, as_json: bool) -> None:
    """Send the mails about LAB's runs to EMAIL too.

    AWS first sends the address a mail to confirm. Safe to repeat.
    """
    from dlc_batch import labs  # here: --help needs no boto3

    unconfirmed = labs.add(options.connect(), lab_name, email)
    if as_json:
        print_json({"lab": lab_name, "email": email, "confirmed": not unconfirmed})
    elif unconfirmed:
        click.echo(f"AWS sends {email} a mail now. Once its link is clicked, {email} hears about")
        click.echo(f"the runs of lab {lab_name}. Without the click it gets nothing.")
    else:
        click.echo(f"{email} hears about the runs of lab {lab_name}.")


@lab.command("list")
@json_option
@click.pass_obj
def list_(options: Options, as_json: bool) -> None:
    """List the labs, what each has spent this month, and who hears about it.

    With a budget, what is reserved for runs that have not ended counts as spent.
    """
    from dlc_batch import labs, spending

    cloud = options.connect()
    found = labs.list_subscribers(cloud)
    month = time_text(time.time())[: len("2026-11")]
    named = {lab for each in found for lab in each.labs or ()}
    spent = spending.list_spending(cloud, month, named)
    if as_json:
        subscribers = [_to_answer(each) for each in found]
        print_json({"labs": [vars(each) for each in spent], "subscribers": subscribers})
        return
    for one in spent:
        click.echo(f"{one.lab:<32}  {_describe_month(one)}")
    for each in found:
        click.echo(f"{each.email:<32}  {_describe(each)}")
    if not found:
        click.echo("Nobody hears about any run: dlc-batch lab add LAB EMAIL", err=True)


@lab.command()
@click.argument("lab_name", metavar="LAB")
@click.argument("email")
@json_option
@click.pass_obj
def remove(options: Options, lab_name: str, email: str, as_json: bool) -> None:
    """Send no mails about LAB's runs to EMAIL any more. Its runs stay."""
    from dlc_batch import labs

    removed = labs.remove(options.connect(), lab_name, email)
    if as_json:
        print_json({"lab": lab_name, "email": email, "removed": removed})
    else:
        already = "" if removed else " (it did not before)"
        click.echo(f"{email} does not hear about lab {lab_name}{already}.")


def _to_answer(each: Subscriber) -> dict[str, object]:
    """Return one address; `labs` is null for every lab, and where AWS does not tell it yet."""
    labs = list(each.labs) if each.arn and each.labs is not None else None
    return {"email": each.email, "labs": labs, "confirmed": each.arn is not None}


def _describe_month(each: Spending) -> str:
    if each.monthly_dollars is None:
        return f"{each.dollars:.2f} $ in {each.month}"
    cap = f"{each.monthly_dollars:.2f} $"
    return f"{each.dollars:.2f} $ of {cap} in {each.month}, spent or reserved"


def _describe(each: Subscriber) -> str:
    if each.arn is None:
        return "(has not confirmed yet)"
    return "every lab" if each.labs is None else ", ".join(each.labs)
