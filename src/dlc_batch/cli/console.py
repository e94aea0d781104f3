"""`dlc-batch console`."""

from __future__ import annotations

import importlib.util

import click

from dlc_batch.cli.options import Options, json_option, print_json, progress
from dlc_batch_core.errors import LabError

#: What the extra `console` brings.
_NEEDED = ("flask", "waitress")


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port.  [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@json_option
@click.pass_obj
def console(options: Options, port: int, no_browser: bool, as_json: bool) -> None:
    """Show the runs in your browser: watch, compare, read, send, end and fetch them.

    Prints an address, which is for you alone: only this computer can reach it, and only who knows
    it is let in. Ctrl-C ends the console, not the runs.
    """
    if not all(importlib.util.find_spec(each) for each in _NEEDED):
        raise LabError(
            "The console needs two more packages, flask and waitress.",
            "In the checkout: pip install '.[console]'",
        )
    from dlc_batch.console.serving import open_browser, serve  # here: --help needs no flask

    def started(address: str) -> None:
        if as_json:
            print_json({"address": address})
        else:
            click.echo(address)
        progress("Ctrl-C ends the console; the runs go on.")
        if not no_browser:
            open_browser(address)

    def ended(titles: list[str]) -> None:
        for title in titles:
            progress(f"Broken off: {title}. Begun again, it goes on from where it got.")
        progress("The console has ended.")

    serve(options.connect, port, started, ended)
