"""What every command shares: which cloud is meant, and how answers are given."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tqdm import tqdm

    from dlc_batch.cloud import Account, Cloud, DescribedStack

_Command = TypeVar("_Command", bound=Callable[..., object])


@dataclass(frozen=True)
class Options:
    """The options before the command."""

    cloud: str
    stack: str
    region: str | None
    profile: str | None

    def connect(self) -> Cloud:
        """Find the cloud that the options mean."""
        from dlc_batch.cloud import Where, connect

        return connect(Where(self.cloud), self.stack, self.region, self.profile)

    def find_account(self) -> Account:
        """Find where the stack is or was, for what needs no stack."""
        from dlc_batch.cloud import Where, find_account

        return find_account(Where(self.cloud), self.stack, self.region, self.profile)

    def find_stack(self) -> DescribedStack:
        """Find the stack that the options mean, be it whole or not."""
        from dlc_batch.cloud import Where, find_stack

        return find_stack(Where(self.cloud), self.stack, self.region, self.profile)


def json_option(command: _Command) -> _Command:
    """Add --json to a command."""
    option = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
    return option(command)


def run_argument(command: _Command) -> _Command:
    """Add RUN to a command."""
    return click.argument("run_id", metavar="RUN")(command)


def shuffle_option(command: _Command) -> _Command:
    """Add --shuffle to a command."""
    option = click.option("--shuffle", type=click.IntRange(1), help="Only this shuffle of RUN.")
    return option(command)


def progress(sentence: str) -> None:
    """Tell the user something beside the answer, on stderr."""
    click.echo(sentence, err=True)


def print_json(value: object) -> None:
    """Print the one JSON object of an answer."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, indent=1))


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

    return tqdm(total=total, desc=what, unit="B", unit_scale=True, unit_divisor=1024)


def objects_bar(total: int | None, what: str) -> tqdm[Any]:
    """Return a progress bar over objects, on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=" objects")
