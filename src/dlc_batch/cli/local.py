"""`dlc-batch local`: a whole cloud on this computer, without an AWS account."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from dlc_batch.cli.options import json_option, print_json

P = ParamSpec("P")
R = TypeVar("R")

NOT_WELL = 1
WRONG_USE = 2


class _NotLocal(click.ClickException):
    """A LocalCloudError, as click shows it."""

    exit_code = WRONG_USE


def _told_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Show a LocalCloudError as its message, and exit with 2."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        from dlc_batch.local.cloud import LocalCloudError

        try:
            return command(*args, **kwargs)
        except LocalCloudError as error:
            raise _NotLocal(str(error)) from None

    return wrapped


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _show(values: dict[str, object]) -> None:
    for name, value in values.items():
        if not isinstance(value, dict) and name != "up":
            click.echo(f"{name + ':':20}{value}")


@click.group()
def local() -> None:
    """Run the cloud on this computer: nothing is sent to AWS, and nothing costs."""


@local.command()
@click.option(
    "--template",
    type=click.Path(path_type=Path),
    help="Another template.yaml, or the one `sam build` made.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port on 127.0.0.1.  [default: 4566, or a free one]",
)
@click.option(
    "--no-deploy",
    is_flag=True,
    help="Start it empty, to deploy with `sam deploy` (CONTRIBUTING says how).",
)
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the template, such as InstanceTypes=g4dn.xlarge, whose price is known:"
    " budgets and quotes then work as in AWS.",
)
@json_option
@_told_plainly
def up(
    template: Path | None,
    port: int | None,
    no_deploy: bool,
    parameters: tuple[str, ...],
    as_json: bool,
) -> None:
    """Start it; returns when all is ready, and does nothing when it is up."""
    from dlc_batch.local.home import default_home
    from dlc_batch.local.lifecycle import UpOptions
    from dlc_batch.local.lifecycle import up as start

    chosen = dict(_name_and_value(text) for text in parameters)
    options = UpOptions(template, port, not no_deploy, chosen)
    cloud = start(default_home(), options, _progress)
    if as_json:
        print_json(cloud.as_json())


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--parameter")
    return name, value


@local.command()
@json_option
@_told_plainly
def down(as_json: bool) -> None:
    """Stop it; projects, results and mails are there again after the next `up`."""
    from dlc_batch.local.home import default_home
    from dlc_batch.local.lifecycle import down as stop

    ended = stop(default_home(), _progress)
    _progress("the local cloud is down" if ended else "the local cloud was not up")
    if as_json:
        print_json({"up": False, "was_up": ended})


@local.command()
@json_option
@_told_plainly
def status(as_json: bool) -> None:
    """Show where it is and with which keys; exit code 1 when it is not up."""
    from dlc_batch.local.cloud import running_cloud
    from dlc_batch.local.home import default_home

    home = default_home()
    cloud = running_cloud(home)
    values = cloud.as_json() if cloud else {"up": False, "home": str(home.path)}
    if as_json:
        print_json(values)
    elif cloud:
        _show(values)
    else:
        click.echo("The local cloud is not up: `dlc-batch local up` starts it.")
    sys.exit(0 if cloud else NOT_WELL)


@local.command()
@click.option("--yes", is_flag=True, help="Do it: everything in the local cloud is deleted.")
@json_option
@_told_plainly
def reset(yes: bool, as_json: bool) -> None:
    """Delete everything in it: uploads, runs, results, mails."""
    from dlc_batch.local.cloud import LocalCloudError
    from dlc_batch.local.home import default_home
    from dlc_batch.local.lifecycle import reset as empty

    home = default_home()
    if not yes:
        raise LocalCloudError(f"This deletes all that lies in {home.path}: say so with --yes")
    empty(home, _progress)
    if as_json:
        print_json({"reset": True, "home": str(home.path)})


@local.command()
@json_option
@_told_plainly
def mail(as_json: bool) -> None:
    """Show the mails that the cloud sent, oldest first."""
    from dlc_batch.local.home import default_home
    from dlc_batch.local.mailbox import read_mails

    mails = read_mails(default_home().mail)
    if as_json:
        print_json({"mails": [each.as_json() for each in mails]})
        return
    for each in mails:
        click.echo(f"Date: {each.date}\nTo: {each.to}\nSubject: {each.subject}\n\n{each.body}\n")
    if not mails:
        _progress("no mail yet")
