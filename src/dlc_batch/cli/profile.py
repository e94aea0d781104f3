"""`dlc-batch profile`."""

from __future__ import annotations

from dataclasses import asdict

import click

from dlc_batch.cli.options import NotWell, json_option, print_json
from dlc_batch.profiles import Profile, settings
from dlc_batch.where import Where
from dlc_batch_core.errors import LabError


@click.group()
def profile() -> None:
    """Name the stacks that you work with, for `dlc-batch --at NAME`.

    Such a profile holds no credentials: it may name a profile of AWS's own configuration, which
    does.
    """


@profile.command()
@click.argument("name")
@click.option("--stack", help="Name of the deployed stack.")
@click.option("--region", help="AWS region of the stack.")
@click.option(
    "--profile", "aws_profile", help="Profile of AWS's own configuration, with the credentials."
)
@click.option("--lab", help="Whose runs are meant.")
@click.option(
    "--cloud",
    type=click.Choice([str(each) for each in Where]),
    default=Where.AWS.value,
    show_default=True,
    help="Where the stack is; auto: a running local cloud comes first.",
)
@json_option
def add(
    name: str,
    stack: str | None,
    region: str | None,
    aws_profile: str | None,
    lab: str | None,
    cloud: str,
    as_json: bool,
) -> None:
    """Add the profile NAME, or put it in place of one of that name.

    What it leaves out is as without a profile.
    """
    if lab is not None:
        from dlc_batch.labs import check_lab  # here: --help needs no boto3

        check_lab(lab)
    added = Profile(cloud, stack, region, aws_profile, lab)
    settings().put(name, added)
    if as_json:
        print_json({"name": name, **asdict(added)})
    else:
        click.echo(f"{name}: {_words(added)}")
        click.echo(f"To use it: dlc-batch --at {name} list", err=True)


@profile.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the profiles."""
    found = settings().profiles()
    if as_json:
        print_json({"profiles": [{"name": name, **asdict(each)} for name, each in found.items()]})
        return
    for name, each in found.items():
        click.echo(f"{name}: {_words(each)}")
    if not found:
        click.echo("No profiles yet: dlc-batch profile add NAME --stack STACK", err=True)


@profile.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove the profile NAME. The stack stays. Exits 1 if there is none."""
    try:
        settings().find(name)
    except LabError as error:
        raise NotWell(error.message) from None
    settings().put(name, None)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        click.echo(f"{name}: removed")


def _words(profile: Profile) -> str:
    given = [f"{name} {value}" for name, value in asdict(profile).items() if value is not None]
    return ", ".join(given)
