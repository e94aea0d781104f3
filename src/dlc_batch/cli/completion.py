"""`dlc-batch completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dlc_batch.cli.options import json_option, print_json

#: The command as it is installed, and the variable by which its script asks it (click's rule).
_COMMAND, _VARIABLE = "dlc-batch", "_DLC_BATCH_COMPLETE"
_HOW = {
    "bash": "dlc-batch completion bash >> ~/.bashrc",
    "zsh": "dlc-batch completion zsh >> ~/.zshrc",
    "fish": "dlc-batch completion fish > ~/.config/fish/completions/dlc-batch.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_HOW)))
@json_option
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> None:
    """Print what makes SHELL complete commands, options and the runs that were listed last.

    To install it, add it to the shell's start-up file and open a new shell.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # click has all three
    script = kind(context.find_root().command, {}, _COMMAND, _VARIABLE).source()
    if as_json:
        print_json({"shell": shell, "script": script, "install": _HOW[shell]})
        return
    click.echo(script)
    click.echo(f"To install it: {_HOW[shell]}", err=True)
