"""The command line: data on stdout, progress on stderr.

What keeps it from an answer is said on stderr: in words, and with --json as one line of JSON.

Exit codes: 0; 1, the thing asked about is not well; 2, wrong use or environment; 130, Ctrl-C.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import sys
from dataclasses import replace
from typing import NoReturn

import click
from click.core import ParameterSource

from dlc_batch import LAB_VARIABLE, __version__
from dlc_batch.cli.lazy import LazyGroup
from dlc_batch.cli.options import JSON, NotWell, Options
from dlc_batch.profiles import Profile, settings
from dlc_batch.where import Where
from dlc_batch_core.errors import DlcBatchError

#: As shells have it: 128 and the signal's number.
INTERRUPTED = 130


@click.group(
    cls=LazyGroup,
    commands_at={
        "check": "dlc_batch.cli.check:check",
        "submit": "dlc_batch.cli.submit:submit",
        "list": "dlc_batch.cli.runs:list_",
        "status": "dlc_batch.cli.runs:status",
        "watch": "dlc_batch.cli.watch:watch",
        "logs": "dlc_batch.cli.logs:logs",
        "cancel": "dlc_batch.cli.ending:cancel",
        "stop": "dlc_batch.cli.ending:stop",
        "fetch": "dlc_batch.cli.fetch:fetch",
        "console": "dlc_batch.cli.console:console",
        "delete": "dlc_batch.cli.delete:delete",
        "lab": "dlc_batch.cli.lab:lab",
        "teardown": "dlc_batch.cli.teardown:teardown",
        "doctor": "dlc_batch.cli.doctor:doctor",
        "redrive": "dlc_batch.cli.redrive:redrive",
        "profile": "dlc_batch.cli.profile:profile",
        "completion": "dlc_batch.cli.completion:completion",
        "local": "dlc_batch.cli.local:local",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
@click.option(
    "--cloud",
    type=click.Choice([str(each) for each in Where]),
    default=Where.AUTO.value,
    envvar="DLC_BATCH_CLOUD",
    show_default=True,
    help="auto: a running local cloud, else AWS.",
)
@click.option(
    "--stack",
    default="dlc-batch",
    envvar="DLC_BATCH_STACK",
    show_default=True,
    help="Name of the deployed stack.",
)
@click.option("--region", help="AWS region of the stack. Default: AWS's own configuration.")
@click.option(
    "--profile",
    help="Profile of AWS's own configuration, with the credentials. Default: as AWS's commands"
    " have it. One of `dlc-batch profile` is named by --at.",
)
@click.option(
    "--at",
    metavar="NAME",
    envvar="DLC_BATCH_AT",
    shell_complete=lambda _context, _parameter, text: _profiles_like(text),
    help="One of `dlc-batch profile`, not of AWS's: it says the four above, and the lab.",
)
@click.pass_context
def cli(
    context: click.Context,
    cloud: str,
    stack: str,
    region: str | None,
    profile: str | None,
    at: str | None,
) -> None:
    """Train DeepLabCut networks on GPUs in your lab's AWS account, or on this computer."""
    options = Options(cloud, stack, region, profile)
    context.obj = _at(context, options, settings().find(at)) if at else options


def _at(context: click.Context, options: Options, profile: Profile) -> Options:
    """Put a profile in place of what is not said on the command line."""
    if profile.lab is not None:
        os.environ[LAB_VARIABLE] = profile.lab  # as if it had been exported: --lab goes before it
    said = {
        name
        for name in vars(options)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    given = {name: getattr(profile, name) for name in vars(options)}
    news = {name: value for name, value in given.items() if value is not None}
    return replace(options, **{name: news[name] for name in news if name not in said})


def _profiles_like(text: str) -> list[str]:
    return [name for name in settings().profiles() if name.startswith(text)]


def main() -> None:
    """Run the command line; what a person can read about is no traceback.

    Exit codes: as above; 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe of Windows can't take every name
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            _end_interrupted()
        _end("Nothing was done.", "", 1)
    except KeyboardInterrupt:
        _end_interrupted()
    except click.ClickException as error:
        if not _asks_for_json():
            error.show()
            sys.exit(error.exit_code)
        _end(error.format_message(), "", error.exit_code)
    except NotWell as refused:
        _end(refused.message, refused.remedy, 1)
    except DlcBatchError as error:
        _end(error.message, error.remedy, 2, "Error: ")
    except OSError as error:  # a disk that is full, a file that may not be written
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}.", "", 2, "Error: ")


def _asks_for_json() -> bool:
    """Whether --json was said; of a command line that can't be parsed too."""
    return JSON in itertools.takewhile(lambda word: word != "--", sys.argv[1:])


def _end(message: str, remedy: str, code: int, before: str = "") -> NoReturn:
    """Say why there is no answer, and end.

    Args:
        before: what a person reads before the message.
    """
    if _asks_for_json():
        click.echo(json.dumps({"error": {"message": message, "remedy": remedy}}), err=True)
    else:
        click.echo("\n".join(filter(None, [before + message, remedy])), err=True)
    sys.exit(code)


def _end_interrupted() -> NoReturn:
    """End at once: nothing that is left to be done at an exit may be interrupted once more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end("Interrupted.", "", INTERRUPTED)
