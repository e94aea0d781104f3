"""`dlc-batch teardown`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, json_option, objects_bar, print_json

if TYPE_CHECKING:
    from dlc_batch.leaving import Left
    from dlc_batch.stacks import StackWithResources

_GIB = 2**30


@click.command()
@click.option(
    "--keep-data/--delete-data",
    "keep_data",
    default=None,
    required=True,
    help="Whether uploads, results and records stay in the account.",
)
@click.option("--yes", is_flag=True, help="Do it, without asking.")
@json_option
@click.pass_obj
def teardown(options: Options, keep_data: bool, yes: bool, as_json: bool) -> None:
    """Delete the stack, and with --delete-data all that it holds.

    Refused while a training is queued or running. Safe to repeat where it was cut off; data that
    was kept can be deleted so for 90 days.
    """
    from dlc_batch import leaving  # here: --help needs no boto3
    from dlc_batch.stacks import find_stack

    stack = find_stack(options.find_account())
    leaving.refuse_unfinished_jobs(stack)
    _ask(stack, leaving.find_left(stack), keep_data, yes)
    if not stack.is_deleted:
        leaving.detach_policies(stack)
        click.echo("Deleting the stack; this takes some minutes ...", err=True)
        stack.delete()
    leaving.delete_traces(stack)
    if not keep_data:
        with objects_bar(None, "Deleting") as bar:
            leaving.delete_data(stack, bar.update)
    _tell(options.stack, leaving.find_left(stack), as_json)


def _ask(stack: StackWithResources, held: tuple[Left, ...], keep_data: bool, yes: bool) -> None:
    click.echo(f"Stack {stack.account.stack} ({stack.stack_id})", err=True)
    for each in held:
        fate = "stays" if keep_data else "is deleted for good"
        click.echo(f"  {_describe(each)}: {fate}", err=True)
    if not yes:
        click.confirm("Delete it?", abort=True, err=True)


def _tell(stack: str, left: tuple[Left, ...], as_json: bool) -> None:
    if as_json:
        print_json({"stack": stack, "left": [_to_answer(each) for each in left]})
        return
    click.echo(f"The stack {stack} is deleted.")
    for each in left:
        click.echo(f"left: {_describe(each)}: about ${each.dollars_a_month:.2f} a month")
    if not left:
        click.echo("Nothing that costs is left of it.")


def _describe(each: Left) -> str:
    return f"{each.kind} {each.name}, {each.size / _GIB:.2f} GiB"


def _to_answer(each: Left) -> dict[str, object]:
    return {**vars(each), "dollars_a_month": round(each.dollars_a_month, 2)}
