"""`dlc-batch cancel` and `dlc-batch stop`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import (
    NotWell,
    Options,
    json_option,
    print_json,
    run_argument,
    shuffle_option,
)
from dlc_batch.wording import CANCELLED, STOPPED

if TYPE_CHECKING:
    from dlc_batch.cloud import Cloud
    from dlc_batch.ending import Asked
    from dlc_batch_core.run import Run


@click.command()
@run_argument
@shuffle_option
@click.option("--force", is_flag=True, help="End its process too, where it does not answer.")
@json_option
@click.pass_obj
def cancel(options: Options, run_id: str, shuffle: int | None, force: bool, as_json: bool) -> None:
    """End RUN now, and keep nothing of what it trained.

    Results that were there already, before its videos, are sent all the same. Safe to repeat.
    Exits 1 if RUN has ended already.
    """
    from dlc_batch.ending import cancel as end  # here: --help needs no boto3

    asked = _ask(options, run_id, lambda cloud, run: end(cloud, run, shuffle, force))
    _tell(asked, CANCELLED, as_json)


@click.command()
@run_argument
@shuffle_option
@click.option("--keep-best", is_flag=True, help="Said or not: this is what it does.")
@json_option
@click.pass_obj
def stop(
    options: Options,
    run_id: str,
    shuffle: int | None,
    keep_best: bool,  # noqa: ARG001  # there is no other way to stop, see cancel
    as_json: bool,
) -> None:
    """End the training of RUN now, and keep its best network so far.

    Where no validation has run yet, that is its last. It is scored, and its results are sent as
    ever. Safe to repeat. Exits 1 if RUN has ended already, or has not begun.
    """
    from dlc_batch.ending import stop as end

    asked = _ask(options, run_id, lambda cloud, run: end(cloud, run, shuffle))
    _tell(asked, STOPPED, as_json)


def _ask(options: Options, run_id: str, end: Callable[[Cloud, Run], Asked]) -> Asked:
    from dlc_batch.ending import NotAsked
    from dlc_batch.runs import find_run

    cloud = options.connect()
    run = find_run(cloud, run_id)
    try:
        return end(cloud, run)
    except NotAsked as refused:
        raise NotWell(refused.message, refused.remedy) from None


def _tell(asked: Asked, words: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        print_json(asked.to_dict())
        return
    for shuffle, how in asked.how.items():
        whose = f", shuffle {shuffle}" if asked.run.parts else ""
        click.echo(f"{asked.run.run_id}{whose}: {words[how]}")
    click.echo("A mail says when the run has ended.", err=True)
