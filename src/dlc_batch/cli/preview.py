"""The answer of `dlc-batch submit --dry-run`."""

from __future__ import annotations

from pathlib import Path

import click

from dlc_batch.cli.check import print_check, to_answer
from dlc_batch.cli.options import Options, print_json
from dlc_batch.previewing import Forecast, Load, forecast, load_of
from dlc_batch_core.check import Check
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.keys import UploadKey
from dlc_batch_core.money import words_of


def show_preview(
    options: Options,
    project: Path,
    target: UploadKey,
    found: Check,
    request: str | None,
    as_json: bool,
) -> bool:
    """Show what would be sent and what it may cost; whether it would be trained."""
    try:
        ahead = forecast(options.connect(), target, found)
    except DlcBatchError as error:
        ahead = Forecast.without_cloud(error)
    found = ahead.added_to(found)
    load = load_of(project, request) if found.is_trainable else Load({})
    if as_json:
        print_json(_to_dict(target, found, load, ahead))
    else:
        _print(target, found, load, ahead)
    return found.is_trainable


def _to_dict(target: UploadKey, found: Check, load: Load, ahead: Forecast) -> dict[str, object]:
    return {
        **to_answer(found),
        "lab": target.lab,
        "key": target.key,
        "request": found.request.to_dict() if found.request else None,
        "load": load.to_dict(),
        "quote": ahead.quote.to_dict() if ahead.quote else None,
        "no_quote": ahead.why_not or None,
    }


def _print(target: UploadKey, found: Check, load: Load, ahead: Forecast) -> None:
    print_check(found, "The project")
    if load.sizes:
        click.echo(f"\nTo {target.key} would go {_size(load.bytes)} at most:")
        for kind, (count, size) in load.kinds.items():
            click.echo(f"  {kind:<10} {count:>7,} files  {_size(size):>10}")
        click.echo("The largest:")
        for path, size in load.largest:
            click.echo(f"  {_size(size):>10}  {path}")
    quote = words_of(ahead.quote) if ahead.quote else f"No quote: {ahead.why_not}"
    click.echo(f"\n{quote}")
    click.echo("Nothing was sent.", err=True)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
