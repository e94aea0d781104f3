"""What every command shares: which cloud is meant, and how answers are given."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dlc_batch.profiles import settings
from dlc_batch.where import Where
from dlc_batch_core.errors import DlcBatchError

if TYPE_CHECKING:
    from tqdm import tqdm

    from dlc_batch.cloud import Account, Cloud, DescribedStack

#: Between two states of a progress bar: a file that stderr goes to is to stay readable.
_TERMINAL_SECONDS, _FILE_SECONDS = 0.1, 15.0
JSON = "--json"
_Command = TypeVar("_Command", bound=Callable[..., object])


class NotWell(DlcBatchError):
    """The thing asked about is not well, or not such as was asked for: exit code 1."""


@dataclass(frozen=True)
class Options:
    """The options before the command."""

    cloud: str
    stack: str
    region: str | None
    profile: str | None

    def connect(self) -> Cloud:
        """Find the cloud that the options mean."""
        from dlc_batch.cloud import connect

        return connect(Where.named(self.cloud), self.stack, self.region, self.profile)

    def find_account(self) -> Account:
        """Find where the stack is or was, for what needs no stack."""
        from dlc_batch.cloud import find_account

        return find_account(Where.named(self.cloud), self.stack, self.region, self.profile)

    def find_stack(self) -> DescribedStack:
        """Find the stack that the options mean, be it whole or not."""
        from dlc_batch.cloud import find_stack

        return find_stack(Where.named(self.cloud), self.stack, self.region, self.profile)


def json_option(command: _Command) -> _Command:
    """Add --json to a command."""
    option = click.option(JSON, "as_json", is_flag=True, help="Answer as one JSON object.")
    return option(command)


def run_argument(command: _Command) -> _Command:
    """Add RUN to a command; a shell completes the runs that were listed last."""
    return click.argument("run_id", metavar="RUN", shell_complete=_complete_run)(command)


def _complete_run(_context: object, _parameter: object, incomplete: str) -> list[str]:
    return [each for each in settings().recent_runs() if each.startswith(incomplete)]


def shuffle_option(command: _Command) -> _Command:
    """Add --shuffle to a command."""
    option = click.option("--shuffle", type=click.IntRange(1), help="Only this shuffle of RUN.")
    return option(command)


def progress(sentence: str) -> None:
    """Tell the user something beside the answer, on stderr."""
    click.echo(sentence, err=True)


def print_json(value: object) -> None:
    """Print the one JSON object of an answer."""
    click.echo(json.dumps(_plain(value), indent=1))


def _plain(value: object) -> object:
    """Return a value as JSON has it: it knows no NaN, which is the score of no points at all."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def bytes_bar(total: int, what: str) -> tqdm[Any]:
    """Return a progress bar over bytes, on stderr."""
    from tqdm import tqdm

    interval = _TERMINAL_SECONDS if sys.stderr.isatty() else _FILE_SECONDS
    return tqdm(
        total=total,
        desc=what,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        mininterval=interval,
    )


@contextlib.contextmanager
def looking_bar(what: str) -> Iterator[Callable[[int, int], object]]:
    """Show, on a terminal and after a second, how many of how many were looked at."""
    from tqdm import tqdm

    with tqdm(desc=what, delay=1, leave=False, disable=None) as bar:

        def looked(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield looked


def objects_bar(total: int | None, what: str) -> tqdm[Any]:
    """Return a progress bar over objects, on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=" objects")
