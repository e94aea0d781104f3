"""`dlc-batch lab`: who hears about which lab, and what each spends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, json_option, print_json
from dlc_batch_core.costs import Rates
from dlc_batch_core.run import time_text

if TYPE_CHECKING:
    from dlc_batch.labs import Subscriber
    from dlc_batch.spending import Spending


#: Takes a lab's own cap away.
_OF_STACK = "stack"
#: A typing error beyond it (our choice).
_MOST_DOLLARS = 1_000_000


@click.group()
def lab() -> None:
    """Choose who hears about which lab, and see what each spends."""


class _MonthlyDollars(click.ParamType[float | str]):
    """Dollars, or the word by which the stack's cap holds again."""

    name = "N|stack"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        if value == _OF_STACK:
            return value
        try:
            dollars = float(value)
        except ValueError:
            dollars = -1
        if not 0 <= dollars <= _MOST_DOLLARS:  # NaN is not, either
            self.fail(f"{value} is neither 0 to {_MOST_DOLLARS:,} nor `{_OF_STACK}`.", param, ctx)
        return dollars


@lab.command()
@click.argument("lab_name", metavar="LAB")
@click.argument("email", required=False)
@click.option(
    "--monthly-dollars",
    type=_MonthlyDollars(),
    help="What LAB may spend a month; 0: no cap; `stack`: what each lab may. Default: as it is.",
)
@json_option
@click.pass_obj
def add(
    options: Options,
    lab_name: str,
    email: str | None,
    monthly_dollars: float | str | None,
    as_json: bool,
) -> None:
    """Send the mails about LAB's runs to EMAIL too, or set its budget, or both.

    AWS first sends the address a mail to confirm. Safe to repeat, such as to change the budget.
    """
    from dlc_batch import labs, spending  # here: --help needs no boto3

    if email is None and monthly_dollars is None:
        raise click.UsageError("Give an EMAIL, or --monthly-dollars, or both.")
    labs.check_lab(lab_name)
    cloud = options.connect()
    unconfirmed = labs.add(cloud, lab_name, email) if email else False
    if monthly_dollars is not None:
        own = None if isinstance(monthly_dollars, str) else monthly_dollars
        spending.set_cap(cloud, lab_name, own)
    if as_json:
        confirmed = not unconfirmed if email else None
        print_json({"lab": lab_name, "email": email, "confirmed": confirmed})
        return
    if unconfirmed:
        click.echo(f"AWS sends {email} a mail now. Once its link is clicked, {email} hears about")
        click.echo(f"the runs of lab {lab_name}. Without the click it gets nothing.")
    elif email:
        click.echo(f"{email} hears about the runs of lab {lab_name}.")
    if monthly_dollars is not None:
        click.echo(_describe_cap(lab_name, monthly_dollars))
        if unpriced := Rates.from_parameters(cloud.parameters).unpriced:
            what = f"But every upload of it is refused: there is no price of {unpriced}."
            click.echo(f"{what}\nDeploy with the parameter Prices first.", err=True)


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


def _describe_cap(lab: str, dollars: float | str) -> str:
    if isinstance(dollars, str):
        return f"Lab {lab} may spend what the stack lets each lab spend a month."
    if not dollars:
        return f"Lab {lab} may spend what it likes."
    return f"Lab {lab} may spend {dollars:.2f} $ a month."


def _describe_month(each: Spending) -> str:
    if each.monthly_dollars is None:
        return f"{each.dollars:.2f} $ in {each.month}"
    cap = f"{each.monthly_dollars:.2f} $"
    return f"{each.dollars:.2f} $ of {cap} in {each.month}, spent or reserved"


def _describe(each: Subscriber) -> str:
    if each.arn is None:
        return "(has not confirmed yet)"
    return "every lab" if each.labs is None else ", ".join(each.labs)
