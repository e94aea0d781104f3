"""The command line: data on stdout, progress on stderr.

Exit codes: 0; 1, the thing asked about is not well; 2, wrong use or environment; 130, Ctrl-C.
"""

from __future__ import annotations

import sys

import click

from dlc_batch import __version__
from dlc_batch.cli.lazy import LazyGroup
from dlc_batch.cli.options import Options
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
        "fetch": "dlc_batch.cli.fetch:fetch",
        "delete": "dlc_batch.cli.delete:delete",
        "lab": "dlc_batch.cli.lab:lab",
        "teardown": "dlc_batch.cli.teardown:teardown",
        "doctor": "dlc_batch.cli.doctor:doctor",
        "redrive": "dlc_batch.cli.redrive:redrive",
        "local": "dlc_batch.cli.local:local",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
@click.option(
    "--cloud",
    type=click.Choice(["auto", "local", "aws"]),
    default="auto",
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
@click.option("--profile", help="AWS profile. Default: AWS's own configuration.")
@click.pass_context
def cli(
    context: click.Context, cloud: str, stack: str, region: str | None, profile: str | None
) -> None:
    """Train DeepLabCut networks on GPUs in your lab's AWS account, or on this computer."""
    context.obj = Options(cloud, stack, region, profile)


def main() -> None:
    """Run the command line; an error that a person can read about is no traceback."""
    try:
        code = cli.main(standalone_mode=False)  # else click would end an interruption with 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DlcBatchError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.remedy:
            click.echo(error.remedy, err=True)
        sys.exit(2)
    except OSError as error:  # such as a full disk
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {place}{error.strerror or error}.", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
