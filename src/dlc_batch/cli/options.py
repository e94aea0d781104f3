"""What every command shares: which cloud is meant, and how answers are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tqdm import tqdm

    from dlc_batch.cloud import Cloud

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


def json_option(command: _Command) -> _Command:
    """Add --json to a command."""
    option = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
    return option(command)


def print_json(value: object) -> None:
    """Print the one JSON object of an answer."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def bytes_bar(total: int, what: str) -> tqdm[Any]:
    """Return a progress bar over bytes, on stderr."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit="B", unit_scale=True, unit_divisor=1024)
