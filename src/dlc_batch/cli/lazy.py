"""A group of commands that are imported when they are used: `--help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

#: First lines of the commands' help, so that the group's help imports none of them.
_SHORT_HELP = {
    "check": "Check a project, without sending it.",
    "submit": "Send a project to be trained.",
    "list": "List runs, newest first.",
    "status": "Show how a run is.",
    "watch": "Show how a run goes on, until it has ended.",
    "logs": "Print what a run's training printed.",
    "cancel": "End a run now, and keep nothing.",
    "stop": "End a training now, and keep its best network.",
    "fetch": "Get a run's results.",
    "console": "Show the runs in your browser.",
    "delete": "Delete a run for good.",
    "lab": "Choose who hears about which lab, and see what each spends.",
    "teardown": "Delete the stack.",
    "doctor": "Examine the deployed stack.",
    "redrive": "Tell the functions again what they could not deal with.",
    "profile": "Name the stacks that you work with.",
    "completion": "Print what makes a shell complete commands.",
    "local": "Run the whole system on this computer.",
}


class LazyGroup(click.Group):
    """Knows its commands as `module:name`."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._commands_at:
            return None
        module, _, name = self._commands_at[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        fitting = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=_SHORT_HELP[name]) for name in fitting]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _SHORT_HELP[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
